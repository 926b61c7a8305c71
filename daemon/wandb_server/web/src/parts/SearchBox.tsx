/** A search field: plain words, or a regular expression after a slash; says when that is invalid. */

import { useId, type ReactElement, type Ref } from "react";
import { Icon } from "./icons";

interface SearchBoxProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
  readonly problem: string | null;
  readonly inputRef?: Ref<HTMLInputElement>;
}

export function SearchBox({ value, onChange, label, problem, inputRef }: SearchBoxProps): ReactElement {
  const id = useId();
  return (
    <div className={problem ? "search invalid" : "search"}>
      <Icon name="search" size={14} />
      <input
        ref={inputRef}
        type="text"
        value={value}
        placeholder={label}
        aria-label={label}
        title="Words, or a regular expression that begins with /"
        aria-invalid={problem !== null}
        aria-describedby={problem ? id : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (value) onChange("");
          else event.currentTarget.blur();
        }}
      />
      {value && (
        <button className="search-clear" aria-label="Clear the search" onClick={() => onChange("")}>
          <Icon name="close" size={12} />
        </button>
      )}
      {problem && (
        <div className="search-problem" id={id} role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}
