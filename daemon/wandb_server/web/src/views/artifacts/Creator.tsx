/** Who made an artifact: a run, or a user. */

import type { ReactElement } from "react";
import type { RunPlace, UserPlace } from "../../api/artifact_queries";
import { runColour } from "../../model/colours";
import type { Route } from "../../model/route";
import { Link } from "../../parts/location";

export function Creator({ by }: { by: RunPlace | UserPlace | null }): ReactElement {
  if (by === null) return <span className="faint">–</span>;
  if (by.__typename === "User") return <span>{by.username ?? "–"}</span>;
  return <RunLink run={by} />;
}

export function RunLink({ run }: { run: RunPlace }): ReactElement {
  const name = run.displayName ?? run.name;
  return (
    <span className="run-link">
      <i className="run-dot" style={{ background: runColour(run.name) }} />
      {run.project ? <Link to={runRoute(run, run.project)}>{name}</Link> : name}
    </span>
  );
}

export function runRoute(run: RunPlace, project: { readonly name: string; readonly entityName: string }): Route {
  return { view: "run", entity: project.entityName, project: project.name, run: run.name, tab: "artifacts" };
}
