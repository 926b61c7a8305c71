/** The rows of the table: runs, or groups of runs; only those in view exist. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useMemo, useRef, useState, type MouseEvent, type ReactElement } from "react";
import { runColour } from "../../model/colours";
import { exact, grouped, short } from "../../model/numbers";
import {
  aggregateOf,
  columnTitle,
  groupRuns,
  isSortable,
  isValueColumn,
  type ColumnId,
  type RunGroup,
  type RunTable,
  type TableRun,
} from "../../model/run_table";
import { formatRoute, type Route } from "../../model/route";
import { toggleMember } from "../../model/workspace";
import { Icon } from "../../parts/icons";
import { useKeys } from "../../parts/keyboard";
import { Link, navigate } from "../../parts/location";
import { useNow } from "../../parts/now";
import { RunCell } from "./RunCell";
import type { ChangeTable } from "./useRunTable";

interface RunGridProps {
  readonly entity: string;
  readonly project: string;
  readonly runs: readonly TableRun[];
  readonly columns: readonly ColumnId[];
  readonly isNumber: (column: ColumnId) => boolean;
  readonly table: RunTable;
  /** Storage ids. */
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly onChange: ChangeTable;
}

type Row = { readonly kind: "group"; readonly group: RunGroup; readonly open: boolean } | { readonly kind: "run"; readonly run: TableRun };

const ROW_HEIGHT = 30;
const NAME_WIDTH = 240;
const WIDTHS: Readonly<Record<ColumnId, number>> = { state: 104, createdAt: 112, runtime: 96, tags: 160, notes: 200, id: 104, user: 96 };
const VALUE_WIDTH = { min: 104, max: 220, character: 7.4 } as const;

export function RunGrid(props: RunGridProps): ReactElement {
  const { runs, columns, table, selected, onSelect } = props;
  const [closed, setClosed] = useState<readonly string[]>([]);
  const [focused, setFocused] = useState<string | null>(null);
  const anchor = useRef<string | null>(null);
  const rows = useMemo(() => rowsOf(runs, table.group, closed), [runs, table.group, closed]);
  const listed = useMemo(() => rows.flatMap((row) => (row.kind === "run" ? [row.run] : [])), [rows]);
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 10 });
  // Another order begins at its top: what was in the middle is somewhere else now.
  useEffect(() => {
    // In braces: new browsers answer a promise, which React would take for what undoes the effect.
    scroller.current?.scrollTo(0, 0);
  }, [table.sort, table.group]);
  const shown = useMemo(() => columns.filter((column) => column !== "name"), [columns]);
  const template = useMemo(() => templateOf(shown), [shown]);
  const width = template.minWidth;

  const toggle = (run: TableRun, range: boolean): void => {
    const from = listed.findIndex((one) => one.storageId === anchor.current);
    const to = listed.indexOf(run);
    const next = new Set(selected);
    const members = range && from >= 0 ? listed.slice(Math.min(from, to), Math.max(from, to) + 1) : [run];
    const on = !selected.has(run.storageId);
    for (const { storageId } of members) if (on) next.add(storageId); else next.delete(storageId);
    anchor.current = run.storageId;
    onSelect(next);
  };
  const move = (by: number): void => {
    const at = listed.findIndex((run) => run.storageId === focused);
    const next = listed[Math.max(0, Math.min(listed.length - 1, at < 0 ? 0 : at + by))];
    if (!next) return;
    setFocused(next.storageId);
    virtual.scrollToIndex(rows.findIndex((row) => row.kind === "run" && row.run === next));
  };
  const current = focused === null ? undefined : listed.find((run) => run.storageId === focused);
  const latest = useRef(toggle);
  useEffect(() => {
    latest.current = toggle;
  });
  const onToggle = useCallback((run: TableRun, range: boolean) => latest.current(run, range), []);
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    " ": () => current && toggle(current, false),
    Enter: () => current && navigate(formatRoute(routeOf(props, current))),
  });
  const all = useMemo(() => runs.length > 0 && runs.every((run) => selected.has(run.storageId)), [runs, selected]);

  return (
    <div className="grid-scroll" ref={scroller} role="table" aria-label="Runs" aria-rowcount={rows.length + 1} tabIndex={0}>
      <div className="grid-head" role="row" style={template}>
        <div role="columnheader" className="grid-name">
          <input
            type="checkbox"
            aria-label="Select all runs"
            checked={all}
            onChange={() => onSelect(all ? new Set() : new Set(runs.map((run) => run.storageId)))}
          />
          <HeadButton column="name" {...props} />
        </div>
        {shown.map((column) => (
          <div key={column} role="columnheader" aria-sort={sortOf(table, column)} className={props.isNumber(column) ? "number" : ""}>
            <HeadButton column={column} {...props} />
          </div>
        ))}
      </div>
      <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: width }} role="rowgroup">
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const style = { ...template, height: ROW_HEIGHT, transform: `translateY(${item.start}px)` };
          return row.kind === "group" ? (
            <GroupRow
              key={`group\n${row.group.label}`}
              {...props}
              shown={shown}
              group={row.group}
              open={row.open}
              style={style}
              onToggle={() => setClosed(toggleMember(closed, row.group.label))}
            />
          ) : (
            <RunRow
              key={row.run.storageId}
              entity={props.entity}
              project={props.project}
              run={row.run}
              shown={shown}
              isNumber={props.isNumber}
              template={template}
              index={item.index}
              top={item.start}
              chosen={selected.has(row.run.storageId)}
              focused={focused === row.run.storageId}
              now={now}
              onToggle={onToggle}
            />
          );
        })}
      </div>
    </div>
  );
}

interface RunRowProps {
  readonly entity: string;
  readonly project: string;
  readonly run: TableRun;
  readonly shown: readonly ColumnId[];
  readonly isNumber: (column: ColumnId) => boolean;
  readonly template: { readonly gridTemplateColumns: string; readonly minWidth: number };
  readonly index: number;
  readonly top: number;
  readonly chosen: boolean;
  readonly focused: boolean;
  readonly now: number;
  readonly onToggle: (run: TableRun, range: boolean) => void;
}

/** Drawn once while it scrolls through the view. */
const RunRow = memo(function RunRow(props: RunRowProps): ReactElement {
  const { run, shown, isNumber, template, index, top, chosen, focused, now, onToggle } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      className={`grid-row ${chosen ? "chosen" : ""} ${focused ? "focused" : ""}`}
      style={{ ...template, height: ROW_HEIGHT, transform: `translateY(${top}px)` }}
      data-run={run.id}
    >
      <div role="cell" className="grid-name">
        <input
          type="checkbox"
          aria-label={`Select ${run.name}`}
          checked={chosen}
          onClick={(event: MouseEvent) => onToggle(run, event.shiftKey)}
          onChange={() => undefined}
        />
        <i className="run-dot" style={{ background: runColour(run.id) }} />
        <Link to={routeOf(props, run)} title={`${run.name}\n${run.id}`}>{run.name}</Link>
      </div>
      {shown.map((column) => (
        <div key={column} role="cell" className={isNumber(column) ? "number" : ""}>
          <RunCell column={column} cell={run.cells[column]} now={now} />
        </div>
      ))}
    </div>
  );
});

function templateOf(shown: readonly ColumnId[]): RunRowProps["template"] {
  const widths = shown.map(widthOf);
  return {
    gridTemplateColumns: `${NAME_WIDTH}px ${widths.map((one) => `${one}px`).join(" ")} minmax(0, 1fr)`,
    minWidth: NAME_WIDTH + widths.reduce((sum, one) => sum + one, 0),
  };
}

function HeadButton({ column, table, onChange }: RunGridProps & { readonly column: ColumnId }): ReactElement {
  const sorted = table.sort.column === column;
  const title = columnTitle(column);
  const where = isValueColumn(column) ? column.replace(".", ": ") : title;
  if (!isSortable(column)) return <span className="grid-title" title={where}>{title}</span>;
  // What people look for first: the newest, the highest; names from A on.
  const first = column !== "name";
  return (
    <button
      className={`grid-title ${sorted ? "sorted" : ""}`}
      title={`${where}: sort`}
      onClick={() => onChange({ sort: { column, descending: sorted ? !table.sort.descending : first } })}
    >
      <span>{title}</span> {sorted && <span aria-hidden="true">{table.sort.descending ? "↓" : "↑"}</span>}
    </button>
  );
}

interface GroupRowProps extends RunGridProps {
  readonly group: RunGroup;
  readonly shown: readonly ColumnId[];
  readonly open: boolean;
  readonly style: React.CSSProperties;
  readonly onToggle: () => void;
}

function GroupRow({ group, shown, open, style, table, isNumber, onToggle }: GroupRowProps): ReactElement {
  return (
    <div className="grid-row grid-group" role="row" style={style} data-group={group.label}>
      <div role="cell" className="grid-name">
        <button className="group-head" aria-expanded={open} onClick={onToggle}>
          <Icon name="chevron" size={12} /> <span>{group.label}</span> <span className="count">{grouped(group.runs.length)}</span>
        </button>
      </div>
      {shown.map((column) => {
        const value = isNumber(column) ? aggregateOf(group.runs, column, table.aggregate) : null;
        return (
          <div key={column} role="cell" className={isNumber(column) ? "number" : ""}>
            {value !== null && <span title={`${table.aggregate}: ${exact(value)}`}>{column === "runtime" ? <RunCell column={column} cell={value} now={0} /> : short(value)}</span>}
          </div>
        );
      })}
    </div>
  );
}

function rowsOf(runs: readonly TableRun[], group: ColumnId | null, closed: readonly string[]): Row[] {
  if (group === null) return runs.map((run) => ({ kind: "run", run }));
  return groupRuns(runs, group).flatMap((one): Row[] => {
    const open = !closed.includes(one.label);
    return [{ kind: "group", group: one, open }, ...(open ? one.runs.map((run): Row => ({ kind: "run", run })) : [])];
  });
}

function widthOf(column: ColumnId): number {
  const { min, max, character } = VALUE_WIDTH;
  return WIDTHS[column] ?? Math.round(Math.max(min, Math.min(max, columnTitle(column).length * character + 40)));
}

function sortOf(table: RunTable, column: ColumnId): "ascending" | "descending" | "none" {
  if (table.sort.column !== column) return "none";
  return table.sort.descending ? "descending" : "ascending";
}

function routeOf({ entity, project }: { entity: string; project: string }, run: TableRun): Route {
  return { view: "run", entity, project, run: run.id, tab: "charts" };
}
