/** The runs of a project: an eye, a colour, a name, a state. Virtual, so ten thousand are as quick as ten. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type ReactElement } from "react";
import type { RunEntry } from "../../api/queries";
import { Swatch } from "../../chart/ChartView";
import { runColour } from "../../model/colours";
import { grouped, moment, since } from "../../model/numbers";
import type { Search } from "../../model/search";
import { NEWEST_COUNT, toggleEye, type RunSort, type Workspace } from "../../model/workspace";
import { Icon } from "../../parts/icons";
import { useKeys } from "../../parts/keyboard";
import { Link, navigate } from "../../parts/location";
import { RunState } from "../../parts/RunState";
import { SearchBox } from "../../parts/SearchBox";
import { formatRoute, type Route } from "../../model/route";
import type { Change } from "./useWorkspace";

interface RunListProps {
  readonly entity: string;
  readonly project: string;
  readonly runs: readonly RunEntry[];
  readonly search: Search;
  readonly visible: ReadonlySet<string>;
  readonly dashes: ReadonlyMap<string, readonly number[]>;
  readonly workspace: Workspace;
  readonly now: number;
  readonly onChange: Change;
  readonly onHighlight: (run: string | null) => void;
}

const ROW_HEIGHT = 30;
const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function RunList(props: RunListProps): ReactElement {
  const { runs, search, visible, workspace, onChange } = props;
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<string | null>(null);
  const listed = useMemo(() => sortRuns(runs.filter((run) => search.matches(run.displayName, run.name, ...run.tags)), workspace.sort), [runs, search, workspace.sort]);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({
    count: listed.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => listed[index]?.name ?? index,
    overscan: 8,
  });

  const toggle = (run: string): void => onChange((before) => ({ eyes: toggleEye(before.eyes, run, visible.has(run)) }));
  const move = (by: number): void => {
    const at = listed.findIndex((run) => run.name === selected);
    const next = Math.max(0, Math.min(listed.length - 1, at < 0 ? 0 : at + by));
    setSelected(listed[next]?.name ?? null);
    virtual.scrollToIndex(next);
  };
  useKeys({
    "/": () => field.current?.focus(),
    j: () => move(1),
    k: () => move(-1),
    " ": () => selected !== null && toggle(selected),
    Enter: () => selected !== null && navigate(formatRoute(runRoute(props, selected))),
  });
  const { onHighlight } = props;
  useEffect(() => onHighlight(selected), [selected, onHighlight]);

  return (
    <aside className="runs" aria-label="Runs">
      <div className="runs-head">
        <SearchBox
          inputRef={field}
          value={workspace.runSearch}
          label="Search runs"
          problem={search.problem}
          onChange={(runSearch) => onChange({ runSearch })}
        />
        <div className="runs-line">
          <EyeMenu {...props} />
          <span className="runs-count" aria-live="polite">
            {grouped(visible.size)} of {grouped(runs.length)} shown
          </span>
          <select aria-label="Sort runs by" value={workspace.sort} onChange={(event) => onChange({ sort: event.target.value as RunSort })}>
            <option value="created">Newest</option>
            <option value="name">Name</option>
            <option value="state">State</option>
          </select>
        </div>
      </div>
      <div className="runs-list" ref={scroller}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="list">
          {virtual.getVirtualItems().map((item) => {
            const run = listed[item.index];
            if (!run) return null;
            return (
              <RunRow
                key={item.key}
                {...props}
                run={run}
                top={item.start}
                selected={selected === run.name}
                shown={visible.has(run.name)}
                onToggle={() => toggle(run.name)}
              />
            );
          })}
        </div>
        {listed.length === 0 && <p className="runs-none">No run matches.</p>}
      </div>
    </aside>
  );
}

interface RunRowProps extends RunListProps {
  readonly run: RunEntry;
  readonly top: number;
  readonly selected: boolean;
  readonly shown: boolean;
  readonly onToggle: () => void;
}

function RunRow(props: RunRowProps): ReactElement {
  const { run, shown, selected, top, now, dashes, onToggle, onHighlight } = props;
  const created = Date.parse(run.createdAt);
  return (
    <div
      className={`run ${shown ? "" : "hidden"} ${selected ? "selected" : ""}`}
      style={{ transform: `translateY(${top}px)`, height: ROW_HEIGHT }}
      role="listitem"
      data-run={run.name}
      onMouseEnter={() => shown && onHighlight(run.name)}
      onMouseLeave={() => onHighlight(null)}
    >
      <button className="run-eye" aria-label={`${shown ? "Hide" : "Show"} ${run.displayName}`} aria-pressed={shown} onClick={onToggle}>
        <Icon name={shown ? "eye" : "eyeOff"} size={15} />
      </button>
      <Swatch colour={shown ? runColour(run.name) : "var(--text-4)"} dash={shown ? (dashes.get(run.name) ?? []) : []} />
      <Link className="run-name" to={runRoute(props, run.name)} title={`${run.displayName}\n${run.name}`}>
        {run.displayName || run.name}
      </Link>
      <RunState state={run.state} short />
      <time className="run-age" dateTime={run.createdAt} title={moment(created)}>
        {since(created, now).replace(" ago", "")}
      </time>
    </div>
  );
}

function EyeMenu({ workspace, onChange, runs, search }: RunListProps): ReactElement {
  const { eyes } = workspace;
  const touched = eyes.shown.length + eyes.hidden.length > 0;
  const choose = (rule: string): void => {
    if (rule === "matching") {
      const shown = runs.filter((run) => search.matches(run.displayName, run.name, ...run.tags)).map((run) => run.name);
      onChange({ eyes: { rule: "none", shown, hidden: [] } });
    } else if (rule === "all" || rule === "none" || rule === "newest") onChange({ eyes: { rule, shown: [], hidden: [] } });
  };
  return (
    <select aria-label="Which runs are shown" value={touched ? "chosen" : eyes.rule} onChange={(event) => choose(event.target.value)}>
      {touched && <option value="chosen">Chosen</option>}
      <option value="newest">Newest {NEWEST_COUNT}</option>
      <option value="all">All</option>
      <option value="none">None</option>
      {workspace.runSearch !== "" && <option value="matching">Those found</option>}
    </select>
  );
}

function sortRuns(runs: readonly RunEntry[], sort: RunSort): readonly RunEntry[] {
  if (sort === "created") return runs;
  const keyed = sort === "name" ? (run: RunEntry) => run.displayName : (run: RunEntry) => run.state;
  return [...runs].sort((left, right) => natural.compare(keyed(left), keyed(right)));
}

function runRoute(props: { entity: string; project: string }, run: string): Route {
  return { view: "run", entity: props.entity, project: props.project, run, tab: "charts" };
}
