/** The tables of all shown runs as one. */

import { useCallback, useMemo, type ReactElement } from "react";
import { joinRuns, useRunTables, type LoadedTable } from "../../api/tables";
import type { MediaValue } from "../../api/media_queries";
import { Swatch } from "../../chart/ChartView";
import { runColour } from "../../model/colours";
import type { MediaSource } from "../../model/media";
import { grouped } from "../../model/numbers";
import { Skeleton } from "../../parts/messages";
import { DataTable } from "../../viewers/DataTable";
import type { BodyProps } from "./MediaCard";
import type { PanelSetting, ShownRun } from "./PanelCard";

export function TableBody({ setting, mediaKey, values, shown }: BodyProps): ReactElement {
  const tables = useShownTables(setting, values, shown.runs);
  const table = useMemo(() => joinRuns(tables.loaded.map(({ run, loaded }) => ({ name: run.name, table: loaded.table }))), [tables.loaded]);
  const owners = useMemo(() => tables.loaded.flatMap((one) => one.loaded.table.rows.map(() => one)), [tables.loaded]);
  const { entity, project } = setting;
  const sourceOf = useCallback(
    (row: number): MediaSource => owners[row]?.loaded.source ?? { kind: "run", entity, project, run: "" },
    [owners, entity, project],
  );
  if (tables.loaded.length === 0) {
    return tables.pending ? <Skeleton rows={6} /> : <div className="card-notice">{tables.problems.join("; ") || "No table"}</div>;
  }
  return (
    <DataTable
      table={table}
      name={mediaKey}
      sourceOf={sourceOf}
      {...(tables.loaded.length > 1 ? { mark: (row: number) => <OwnerMark run={owners[row]?.run} /> } : {})}
    >
      {[...tables.problems, ...notesOf(tables.loaded)].map((note) => (
        <span key={note} className="data-note" title={note}>{note}</span>
      ))}
    </DataTable>
  );
}

function OwnerMark({ run }: { run: ShownRun | undefined }): ReactElement | null {
  return run ? <Swatch colour={runColour(run.id)} dash={run.dash} /> : null;
}

export interface ShownTables {
  readonly loaded: readonly { readonly run: ShownRun; readonly loaded: LoadedTable }[];
  readonly pending: boolean;
  readonly problems: readonly string[];
}

/** The tables that are there already, and why others are not. */
export function useShownTables(setting: PanelSetting, values: ReadonlyMap<string, MediaValue>, runs: readonly ShownRun[]): ShownTables {
  const having = useMemo(() => runs.filter((run) => values.has(run.id)), [runs, values]);
  const asked = useMemo(() => having.flatMap((run) => values.get(run.id) ?? []), [having, values]);
  const answers = useRunTables(setting, asked);
  const stamp = answers.map((answer) => `${answer.status} ${answer.dataUpdatedAt}`).join();
  return useMemo(() => {
    const loaded = having.flatMap((run, index) => {
      const table = answers[index]?.data;
      return table ? [{ run, loaded: table }] : [];
    });
    const problems = having.flatMap((run, index) => {
      const error = answers[index]?.error;
      return error ? [`${run.name}: ${error.message}`] : [];
    });
    return { loaded, problems, pending: answers.some((answer) => answer.isPending) };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `stamp` says when the answers changed; the list itself is new in every render
  }, [having, stamp]);
}

function notesOf(loaded: ShownTables["loaded"]): string[] {
  return loaded.flatMap(({ run, loaded: { note, missingRows } }) => [
    ...(note !== null ? [`${run.name}: cells without media, ${note}`] : []),
    ...(missingRows > 0 ? [`${run.name}: ${grouped(missingRows)} more rows are in the artifact`] : []),
  ]);
}
