/** One cell of the table of runs. */

import type { ReactElement } from "react";
import type { Json } from "../../model/json";
import { duration, exact, moment, short, since } from "../../model/numbers";
import type { ColumnId } from "../../model/run_table";
import { RunState } from "../../parts/RunState";

export function RunCell({ column, cell, now }: { column: ColumnId; cell: Json | undefined; now: number }): ReactElement | null {
  if (cell == null || cell === "") return null;
  if (column === "state" && typeof cell === "string") return <RunState state={cell} />;
  if (column === "createdAt" && typeof cell === "string") {
    const at = Date.parse(cell);
    return <time dateTime={cell} title={moment(at)}>{since(at, now)}</time>;
  }
  if (column === "runtime" && typeof cell === "number") return <span title={`${exact(cell)} s`}>{duration(cell)}</span>;
  if (column === "tags" && Array.isArray(cell)) {
    const tags = cell.filter((tag) => typeof tag === "string");
    return <span title={tags.join(", ")}>{tags.map((tag) => <span key={tag} className="tag">{tag}</span>)}</span>;
  }
  if (typeof cell === "number") return <span title={exact(cell)}>{short(cell)}</span>;
  const text = typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  return <span title={text}>{text}</span>;
}
