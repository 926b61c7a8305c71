/** Short names in a row, each with a button that removes it, and a field that adds one. */

import { Fragment, useId, useState, type KeyboardEvent, type ReactElement } from "react";
import { Icon } from "./icons";

interface TagListProps {
  /** What one is called: `tag`, `alias`. */
  readonly what: string;
  readonly tags: readonly string[];
  /** Why a name will not do; null if it will. */
  readonly problemOf?: (tag: string) => string | null;
  readonly onAdd: (tag: string) => Promise<void>;
  readonly onRemove: (tag: string) => Promise<void>;
}

const LENGTH_MAX = 128;

export function TagList({ what, tags, problemOf, onAdd, onRemove }: TagListProps): ReactElement {
  const [typed, setTyped] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const id = useId();
  const wanted = typed?.trim() ?? "";
  const problem = failed ?? (wanted === "" ? null : tags.includes(wanted) ? `it has this ${what}` : (problemOf?.(wanted) ?? null));
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFailed(null);
    try {
      await act();
      setTyped(null);
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      setTyped(null);
      setFailed(null);
    }
    if (event.key === "Enter" && wanted !== "" && problem === null) void attempt(() => onAdd(wanted));
  };
  return (
    <span className="tag-list" aria-busy={busy}>
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
          <button aria-label={`Remove the ${what} ${tag}`} title={`Remove ${tag}`} disabled={busy} onClick={() => void attempt(() => onRemove(tag))}>
            <Icon name="close" size={9} />
          </button>
        </span>
      ))}
      {typed === null ? (
        <button className="tag-add" aria-label={`Add ${/^[aeiou]/.test(what) ? "an" : "a"} ${what}`} disabled={busy} onClick={() => setTyped("")}>
          <Icon name="plus" size={10} /> {what}
        </button>
      ) : (
        <input
          autoFocus
          value={typed}
          maxLength={LENGTH_MAX}
          disabled={busy}
          aria-label={`New ${what}`}
          aria-invalid={problem !== null}
          aria-describedby={problem ? id : undefined}
          onChange={(event) => {
            setTyped(event.target.value);
            setFailed(null);
          }}
          onKeyDown={onKey}
          onBlur={() => wanted === "" && setTyped(null)}
        />
      )}
      {problem && <span className="bad" id={id} role="alert">{problem}</span>}
    </span>
  );
}

/** The names alone; with spaces between them, for those who have them read out or copy them. */
export function TagWords({ words }: { words: readonly string[] }): ReactElement {
  return (
    <>
      {words.map((word) => (
        <Fragment key={word}>
          <span className="tag">{word}</span>{" "}
        </Fragment>
      ))}
    </>
  );
}
