/** One run: its charts and all else that is recorded of it, a tab each. */

import { lazy, Suspense, useMemo, type ReactElement } from "react";
import { useLive, useRun, type Live } from "../../api/live";
import type { RunDetail } from "../../api/queries";
import { runColour } from "../../model/colours";
import { RUN_TABS, type RunTab } from "../../model/route";
import { Link } from "../../parts/location";
import { Problem, Skeleton } from "../../parts/messages";
import { RunState } from "../../parts/RunState";
import { DeleteRun } from "../table/DeleteRun";
import { TopBar } from "../TopBar";
import { Panels } from "../workspace/Panels";
import { useWorkspace } from "../workspace/useWorkspace";
import { Logs } from "./Logs";
import { Overview } from "./Overview";
import { StopButton } from "./StopButton";

const System = lazy(() => import("./System"));
const Files = lazy(() => import("./Files"));
const Code = lazy(() => import("./Code"));
const Artifacts = lazy(() => import("./Artifacts"));

interface RunViewProps {
  readonly entity: string;
  readonly project: string;
  readonly run: string;
  readonly tab: RunTab;
}

const TITLES: Record<RunTab, string> = {
  charts: "Charts",
  overview: "Overview",
  system: "System",
  logs: "Logs",
  files: "Files",
  code: "Code",
  artifacts: "Artifacts",
};

export function RunView({ entity, project, run, tab }: RunViewProps): ReactElement {
  const detail = useRun(entity, project, run);
  const live = useLive(entity, project);
  const found = detail.data;
  return (
    <>
      <TopBar entity={entity} project={project} run={found?.displayName ?? run} link={live.link} />
      {detail.isError && <Problem what="The run could not be loaded" error={detail.error} onRetry={() => void detail.refetch()} />}
      {detail.isPending && <main className="page"><Skeleton rows={10} /></main>}
      {found === null && (
        <div className="empty">
          <h2>There is no run {run} here</h2>
          <p>
            It may have been deleted, or belongs to another project. <Link to={{ view: "workspace", entity, project }}>All runs of {project}</Link>
          </p>
        </div>
      )}
      {found && (
        <>
          <div className="run-head">
            <i className="run-dot" style={{ background: runColour(found.name) }} />
            <h1>{found.displayName || found.name}</h1>
            <RunState state={found.state} />
            {found.state === "running" && <StopButton entity={entity} project={project} run={found} />}
            <DeleteRun entity={entity} project={project} run={found} />
            <nav className="tabs" aria-label="Run">
              {RUN_TABS.map((name) => (
                <Link key={name} to={{ view: "run", entity, project, run, tab: name }} aria-current={name === tab ? "page" : undefined}>
                  {TITLES[name]}
                </Link>
              ))}
            </nav>
          </div>
          {tab === "charts" && <RunCharts entity={entity} project={project} detail={found} live={live} />}
          {tab === "overview" && <Overview entity={entity} project={project} run={found} />}
          {tab === "logs" && <Logs key={run} entity={entity} project={project} run={found} />}
          <Suspense fallback={<main className="page"><Skeleton rows={10} /></main>}>
            {tab === "system" && <System entity={entity} project={project} run={found} />}
            {tab === "files" && <Files entity={entity} project={project} run={found} />}
            {tab === "code" && <Code entity={entity} project={project} run={found} />}
            {tab === "artifacts" && <Artifacts entity={entity} project={project} run={found} />}
          </Suspense>
        </>
      )}
    </>
  );
}

function RunCharts(props: { entity: string; project: string; detail: RunDetail; live: Live }): ReactElement {
  const { entity, project, detail, live } = props;
  const [workspace, change] = useWorkspace(`${entity}/${project}/run`);
  const { name, displayName } = detail;
  const runs = useMemo(() => [{ id: name, name: displayName || name, dash: [] }], [name, displayName]);
  return (
    <div className="workspace single">
      <Panels entity={entity} project={project} runs={runs} live={live} workspace={workspace} highlight={null} onChange={change} />
    </div>
  );
}
