/** A text that is changed where it stands: click, type, ⌘⏎ or Save; Escape leaves it as it was. */

import { useState, type KeyboardEvent, type ReactElement } from "react";
import { Icon } from "./icons";

interface EditableTextProps {
  readonly value: string;
  /** What it is called: `notes`. */
  readonly what: string;
  /** One line: Enter saves. */
  readonly short?: boolean;
  readonly onSave: (value: string) => Promise<void>;
}

export function EditableText({ value, what, short = false, onSave }: EditableTextProps): ReactElement {
  const [draft, setDraft] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async (): Promise<void> => {
    if (draft === null) return;
    setBusy(true);
    setProblem(null);
    try {
      await onSave(draft);
      setDraft(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  if (draft === null) {
    return (
      <button className="editable" aria-label={`Change the ${what}`} title={`Change the ${what}`} onClick={() => setDraft(value)}>
        {value === "" ? <span className="faint">Add {what}</span> : <span className={short ? "" : "notes"}>{value}</span>}
        <Icon name="edit" size={12} />
      </button>
    );
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setDraft(null);
    if (event.key === "Enter" && (short || event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      void save();
    }
  };
  const field = { autoFocus: true, value: draft, disabled: busy, "aria-label": what, onKeyDown: onKey };
  return (
    <div className="editing">
      {short ? (
        <input {...field} onChange={(event) => setDraft(event.target.value)} />
      ) : (
        <textarea {...field} rows={Math.min(16, draft.split("\n").length + 2)} onChange={(event) => setDraft(event.target.value)} />
      )}
      <div className="editing-actions">
        <button className="button small primary" disabled={busy} onClick={() => void save()}>Save</button>
        <button className="button small" disabled={busy} onClick={() => setDraft(null)}>Cancel</button>
        {problem && <span className="bad" role="alert">Not saved: {problem}</span>}
      </div>
    </div>
  );
}
