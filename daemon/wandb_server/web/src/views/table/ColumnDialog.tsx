/** Choose the columns and their order. */

import { useMemo, useState, type ReactElement } from "react";
import type { RunColumn } from "../../api/run_table_queries";
import { columnTitle, OWN_COLUMNS, type ColumnId } from "../../model/run_table";
import { parseSearch } from "../../model/search";
import { toggleMember } from "../../model/workspace";
import { Dialog } from "../../parts/Dialog";
import { Icon } from "../../parts/icons";
import { SearchBox } from "../../parts/SearchBox";

interface ColumnDialogProps {
  readonly known: readonly RunColumn[];
  readonly chosen: readonly ColumnId[];
  readonly onDone: (columns: readonly ColumnId[] | null) => void;
  readonly onClose: () => void;
}

const LISTED_MAX = 300;

export function ColumnDialog({ known, chosen, onDone, onClose }: ColumnDialogProps): ReactElement {
  const [text, setText] = useState("");
  const search = useMemo(() => parseSearch(text), [text]);
  const all = useMemo(
    () => [...Object.keys(OWN_COLUMNS).filter((column) => column !== "name"), ...known.map(({ section, key }) => `${section}.${key}`)],
    [known],
  );
  const others = all.filter((column) => !chosen.includes(column) && search.matches(column));
  const move = (index: number, by: number): void => {
    const moved = [...chosen];
    const [column] = moved.splice(index, 1);
    if (column !== undefined) moved.splice(index + by, 0, column);
    onDone(moved);
  };
  return (
    <Dialog title="Columns" label="Choose columns" onClose={onClose}>
      <SearchBox value={text} label="Search columns" problem={search.problem} onChange={setText} />
      <ul className="choices">
        {chosen.map((column, index) =>
          search.matches(column) ? (
            <li key={column} className="column-chosen">
              <Choice column={column} checked onToggle={() => onDone(toggleMember(chosen, column))} />
              <button className="button quiet square small" aria-label={`Move ${column} up`} disabled={index === 0} onClick={() => move(index, -1)}>
                <Icon name="down" size={12} />
              </button>
              <button className="button quiet square small" aria-label={`Move ${column} down`} disabled={index === chosen.length - 1} onClick={() => move(index, 1)}>
                <Icon name="down" size={12} />
              </button>
            </li>
          ) : null,
        )}
        {others.slice(0, LISTED_MAX).map((column) => (
          <li key={column}>
            <Choice column={column} checked={false} onToggle={() => onDone(toggleMember(chosen, column))} />
          </li>
        ))}
        {others.length > LISTED_MAX && <li className="faint">{others.length - LISTED_MAX} more: search to narrow down.</li>}
      </ul>
      <footer>
        <span className="faint">{chosen.length} shown</span>
        <button className="button" onClick={() => onDone(null)}>Reset</button>
        <button className="button primary" onClick={onClose}>Done</button>
      </footer>
    </Dialog>
  );
}

function Choice({ column, checked, onToggle }: { column: ColumnId; checked: boolean; onToggle: () => void }): ReactElement {
  const section = /^(config|summary)\./.exec(column)?.[1];
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={onToggle} />
      {section ? <code>{columnTitle(column)}</code> : columnTitle(column)}
      {section && <span className="faint">{section}</span>}
    </label>
  );
}
