/** A project: its runs on the left, their charts on the right. */

import { useCallback, useMemo, useState, type ReactElement } from "react";
import { useLive, useRuns } from "../../api/live";
import type { RunEntry } from "../../api/queries";
import { runDashes } from "../../model/colours";
import { parseSearch } from "../../model/search";
import { DRAWN_MAX, visibleRuns } from "../../model/workspace";
import { Icon } from "../../parts/icons";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { useNow } from "../../parts/now";
import { TopBar } from "../TopBar";
import type { ShownRun } from "./PanelCard";
import { Panels } from "./Panels";
import { RunList } from "./RunList";
import { useWorkspace } from "./useWorkspace";

const NONE: readonly RunEntry[] = [];

export function WorkspaceView({ entity, project }: { entity: string; project: string }): ReactElement {
  const runs = useRuns(entity, project);
  const live = useLive(entity, project);
  const [workspace, change] = useWorkspace(`${entity}/${project}`);
  const [highlight, setHighlight] = useState<string | null>(null);
  const [listOpen, setListOpen] = useState(false);
  const now = useNow();
  const search = useMemo(() => parseSearch(workspace.runSearch), [workspace.runSearch]);

  const all = runs.data ?? NONE;
  const ids = useMemo(() => all.map((run) => run.name), [all]);
  const visible = useStable(useMemo(() => visibleRuns(ids, ids, workspace.eyes), [ids, workspace.eyes]));
  const names = useMemo(() => new Map(all.map((run) => [run.name, run.displayName || run.name])), [all]);
  // Dashes go by age, so that a run keeps its own while newer ones come.
  const drawn = useMemo(() => [...visible].slice(0, DRAWN_MAX), [visible]);
  const dashes = useMemo(() => runDashes([...drawn].reverse()), [drawn]);
  const shown = useStable(
    useMemo<readonly ShownRun[]>(
      () => drawn.map((id) => ({ id, name: names.get(id) ?? id, dash: dashes.get(id) ?? [] })),
      [drawn, names, dashes],
    ),
  );
  const onHighlight = useCallback((run: string | null) => setHighlight(run), []);

  return (
    <>
      <TopBar entity={entity} project={project} link={live.link} section="workspace" />
      {runs.isError && <Problem what="The runs could not be loaded" error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isPending ? (
        <div className="workspace"><aside className="runs"><Skeleton rows={12} /></aside><div className="panels-wait"><Skeleton rows={8} height={24} /></div></div>
      ) : all.length === 0 && !runs.isError ? (
        <Empty title={runs.data === null ? `There is no project ${project} yet` : `No runs in ${project} yet`} entity={entity} project={project}>
          Run this, and the first chart appears here by itself:
        </Empty>
      ) : (
        all.length > 0 && (
          <div className={listOpen ? "workspace list-open" : "workspace"}>
            <RunList
              entity={entity}
              project={project}
              runs={all}
              search={search}
              visible={visible}
              dashes={dashes}
              workspace={workspace}
              now={now}
              onChange={change}
              onHighlight={onHighlight}
            />
            <button className="button list-toggle" aria-expanded={listOpen} onClick={() => setListOpen(!listOpen)}>
              <Icon name={listOpen ? "close" : "list"} /> {listOpen ? "Close" : "Runs"}
            </button>
            <Panels
              entity={entity}
              project={project}
              runs={shown}
              left={visible.size - drawn.length}
              live={live}
              workspace={workspace}
              highlight={highlight !== null && visible.has(highlight) ? highlight : null}
              onChange={change}
            />
          </div>
        )
      )}
    </>
  );
}

/** The earlier value for as long as the new one says the same: charts are not asked anew for nothing. */
function useStable<T>(value: T): T {
  const [kept, setKept] = useState(value);
  if (kept !== value && text(kept) !== text(value)) {
    setKept(value);
    return value;
  }
  return kept;
}

function text(value: unknown): string {
  return JSON.stringify(value instanceof Set ? [...(value as Set<unknown>)] : value);
}
