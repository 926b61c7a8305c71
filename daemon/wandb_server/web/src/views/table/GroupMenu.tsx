/** By which value runs are put together, and what is told of each group. */

import type { ReactElement } from "react";
import type { RunColumn } from "../../api/run_table_queries";
import { AGGREGATES, columnTitle, type Aggregate, type RunTable } from "../../model/run_table";
import type { ChangeTable } from "./useRunTable";

const OWN = ["group", "jobType", "state", "user"];

export function GroupMenu({ table, columns, onChange }: { table: RunTable; columns: readonly RunColumn[]; onChange: ChangeTable }): ReactElement {
  const config = columns.filter((column) => column.section === "config").map((column) => `config.${column.key}`);
  const listed = [...OWN, ...config];
  return (
    <>
      <select aria-label="Group by" value={table.group ?? ""} onChange={(event) => onChange({ group: event.target.value || null })}>
        <option value="">No groups</option>
        {table.group !== null && !listed.includes(table.group) && <option value={table.group}>{columnTitle(table.group)}</option>}
        {listed.map((column) => (
          <option key={column} value={column}>{columnTitle(column)}</option>
        ))}
      </select>
      {table.group !== null && (
        <select aria-label="Of a group show" value={table.aggregate} onChange={(event) => onChange({ aggregate: event.target.value as Aggregate })}>
          {AGGREGATES.map((aggregate) => <option key={aggregate} value={aggregate}>{aggregate}</option>)}
        </select>
      )}
    </>
  );
}
