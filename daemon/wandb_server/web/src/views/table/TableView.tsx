/** The runs of a project as a table: sorted and filtered by the server, grouped, saved as CSV, deleted with a way back. */

import { useCallback, useDeferredValue, useMemo, useRef, useState, type ReactElement } from "react";
import { useRemoval, useRunColumns, useTableChanges, useTableRuns } from "../../api/run_table";
import { numberColumns, TABLE_RUNS_MAX, type TableQuestion } from "../../api/run_table_queries";
import { grouped } from "../../model/numbers";
import { chooseColumns, isComplete, mongoOf, orderOf, runsToCsv, type ColumnId, type TableRun } from "../../model/run_table";
import { parseSearch } from "../../model/search";
import { DEFAULT_WORKSPACE, formatWorkspace } from "../../model/workspace";
import { saveBlob } from "../../parts/download";
import { Icon } from "../../parts/icons";
import { useKeys } from "../../parts/keyboard";
import { navigate } from "../../parts/location";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { SearchBox } from "../../parts/SearchBox";
import { TopBar } from "../TopBar";
import { ColumnDialog } from "./ColumnDialog";
import { Filters } from "./Filters";
import { GroupMenu } from "./GroupMenu";
import { RunGrid } from "./RunGrid";
import { useRunTable } from "./useRunTable";

const NONE: readonly TableRun[] = [];

export default function TableView({ entity, project }: { entity: string; project: string }): ReactElement {
  const [table, change] = useRunTable(`${entity}/${project}`);
  const link = useTableChanges(entity, project);
  const known = useRunColumns(entity, project);
  const removal = useRemoval(entity, project);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [choosing, setChoosing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const search = useMemo(() => parseSearch(table.search), [table.search]);
  const numbers = useMemo(() => numberColumns(known.data ?? []), [known.data]);
  const isNumber = useCallback((column: ColumnId) => numbers.has(column), [numbers]);
  const columns = useMemo<readonly ColumnId[]>(() => table.columns ?? chooseColumns(known.data ?? []), [table.columns, known.data]);

  const sought = useDeferredValue(search.problem === null ? table.search : "");
  const question = useMemo<TableQuestion | null>(() => {
    if (known.isPending || known.data === null) return null;
    const needed = table.group !== null && !columns.includes(table.group) ? [...columns, table.group] : columns;
    const filters = JSON.stringify(mongoOf({ filters: table.filters, search: sought }));
    return { entity, project, filters, order: orderOf(table.sort), columns: needed };
  }, [entity, project, known.isPending, known.data, table.filters, table.sort, table.group, sought, columns]);
  const answer = useTableRuns(question);
  const runs = useMemo(
    () => (answer.data?.runs ?? NONE).filter((run) => !removal.hidden.has(run.storageId)),
    [answer.data, removal.hidden],
  );
  const chosen = useMemo(() => runs.filter((run) => selected.has(run.storageId)), [runs, selected]);
  const narrowed = table.search !== "" || table.filters.some(isComplete);
  useKeys({ "/": () => field.current?.focus() });

  const removeChosen = (): void => {
    void removal.remove(chosen).then((done) => done && setSelected(new Set()));
  };
  const total = (answer.data?.total ?? 0) - ((answer.data?.runs.length ?? 0) - runs.length);
  return (
    <>
      <TopBar entity={entity} project={project} link={link} section="table" />
      {known.isError && <Problem what="The columns could not be loaded" error={known.error} onRetry={() => void known.refetch()} />}
      {answer.isError && <Problem what="The runs could not be loaded" error={answer.error} onRetry={() => void answer.refetch()} />}
      {removal.problem !== null && <div className="problem" role="alert"><Icon name="alert" /> {removal.problem}.</div>}
      {known.data === null ? (
        <Empty title={`There is no project ${project} yet`} entity={entity} project={project}>Run this, and the first run appears here:</Empty>
      ) : (
        <main className="run-table">
          <div className="table-tools">
            <SearchBox inputRef={field} value={table.search} label="Search runs" problem={search.problem} onChange={(text) => change({ search: text })} />
            <GroupMenu table={table} columns={known.data ?? []} onChange={change} />
            <button className="button" onClick={() => setChoosing(true)}>
              <Icon name="list" size={14} /> Columns <span className="count">{columns.length}</span>
            </button>
            <span className="faint number" role="status">
              {answer.data && !answer.data.whole ? `${grouped(runs.length)} of ${grouped(total)} loaded` : total === 1 ? "1 run" : `${grouped(total)} runs`}
              {total > TABLE_RUNS_MAX && `, the first ${grouped(TABLE_RUNS_MAX)} are listed: filter to see others`}
            </span>
            <span className="toolbar-space" />
            {chosen.length > 0 && (
              <>
                <span className="number">{grouped(chosen.length)} selected</span>
                <button className="button" onClick={() => navigate(workspaceOf(entity, project, chosen))}>
                  <Icon name="eye" size={14} /> Compare
                </button>
                <button className="button danger" onClick={removeChosen}>Delete</button>
              </>
            )}
            <button
              className="button"
              disabled={!answer.data?.whole}
              title="All matching runs with the columns shown"
              onClick={() => saveBlob(new Blob([runsToCsv(runs, columns)], { type: "text/csv;charset=utf-8" }), `${project}.csv`)}
            >
              <Icon name="down" size={14} /> CSV
            </button>
          </div>
          <Filters filters={table.filters} columns={known.data ?? []} onChange={(filters) => change({ filters })} />
          {answer.isPending && !answer.isError ? (
            <Skeleton rows={14} />
          ) : runs.length === 0 && !answer.isError ? (
            narrowed ? (
              <div className="empty"><h2>No run matches</h2><p>Change the search or the filters.</p></div>
            ) : (
              <Empty title={`No runs in ${project} yet`} entity={entity} project={project}>Run this, and it appears here:</Empty>
            )
          ) : (
            <RunGrid
              entity={entity}
              project={project}
              runs={runs}
              columns={columns}
              isNumber={isNumber}
              table={table}
              selected={selected}
              onSelect={setSelected}
              onChange={change}
            />
          )}
        </main>
      )}
      {choosing && (
        <ColumnDialog
          known={known.data ?? []}
          chosen={columns}
          onDone={(chosenColumns) => change({ columns: chosenColumns })}
          onClose={() => setChoosing(false)}
        />
      )}
    </>
  );
}

function workspaceOf(entity: string, project: string, runs: readonly TableRun[]): string {
  const eyes = { rule: "none" as const, shown: runs.map((run) => run.id), hidden: [] };
  const query = formatWorkspace({ ...DEFAULT_WORKSPACE, eyes });
  return `/${encodeURIComponent(entity)}/${encodeURIComponent(project)}?${query}`;
}
