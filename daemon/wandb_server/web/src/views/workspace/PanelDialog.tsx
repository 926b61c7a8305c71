/** Choose the metrics that a panel shows together. */

import { useMemo, useState, type ReactElement } from "react";
import { parseSearch } from "../../model/search";
import { toggleMember } from "../../model/workspace";
import { Dialog } from "../../parts/Dialog";
import { SearchBox } from "../../parts/SearchBox";

interface PanelDialogProps {
  readonly keys: readonly string[];
  readonly chosen: readonly string[];
  readonly onDone: (keys: readonly string[]) => void;
  readonly onClose: () => void;
}

const LISTED_MAX = 200;
export const PANEL_KEYS_MAX = 20;

export function PanelDialog({ keys, chosen, onDone, onClose }: PanelDialogProps): ReactElement {
  const [picked, setPicked] = useState<readonly string[]>(chosen);
  const [text, setText] = useState("");
  const search = useMemo(() => parseSearch(text), [text]);
  const found = keys.filter((key) => search.matches(key));
  const full = picked.length >= PANEL_KEYS_MAX;
  return (
    <Dialog title={chosen.length > 0 ? "Change the panel" : "New panel"} label="Choose metrics" onClose={onClose}>
      <SearchBox value={text} label="Search metrics" problem={search.problem} onChange={setText} />
      <ul className="choices">
        {found.slice(0, LISTED_MAX).map((key) => (
          <li key={key}>
            <label>
              <input
                type="checkbox"
                checked={picked.includes(key)}
                disabled={full && !picked.includes(key)}
                onChange={() => setPicked(toggleMember(picked, key))}
              />
              <code>{key}</code>
            </label>
          </li>
        ))}
        {found.length === 0 && <li className="faint">No metric matches.</li>}
        {found.length > LISTED_MAX && <li className="faint">{found.length - LISTED_MAX} more: search to narrow down.</li>}
      </ul>
      <footer>
        <span className="faint">
          {picked.length} chosen{full ? ` (at most ${PANEL_KEYS_MAX})` : ""}
        </span>
        <button className="button" onClick={onClose}>
          Cancel
        </button>
        <button className="button primary" disabled={picked.length === 0} onClick={() => onDone(picked)}>
          {chosen.length > 0 ? "Save" : "Add panel"}
        </button>
      </footer>
    </Dialog>
  );
}
