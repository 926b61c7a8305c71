/** The page: which view belongs to the address, and who may see it. */

import { lazy, Suspense, useEffect, type ReactElement } from "react";
import { RequestFailed } from "./api/client";
import { useSession } from "./api/live";
import { formatRoute, type Route } from "./model/route";
import { Link, navigate, useRoute } from "./parts/location";
import { Problem, Skeleton, Snippet } from "./parts/messages";
import { ProjectsView } from "./views/ProjectsView";
import { RunView } from "./views/run/RunView";
import { TopBar } from "./views/TopBar";
import { WorkspaceView } from "./views/workspace/WorkspaceView";

const TableView = lazy(() => import("./views/table/TableView"));
const ArtifactsView = lazy(() => import("./views/artifacts/ArtifactsView"));

export function App(): ReactElement {
  const route = useRoute();
  const session = useSession();
  useEffect(() => {
    document.title = titleOf(route);
  }, [route]);
  const denied = session.error instanceof RequestFailed && session.error.denied;
  if (denied) return <Denied />;
  if (session.isError) {
    return (
      <>
        <TopBar />
        <Problem what="The server could not be asked who you are" error={session.error} onRetry={() => void session.refetch()} />
      </>
    );
  }
  // Views do not wait for the session: the first chart comes before everything else.
  return <View route={route} entity={session.data?.entity ?? null} />;
}

function View({ route, entity }: { route: Route; entity: string | null }): ReactElement {
  switch (route.view) {
    case "home":
      return entity === null ? <Skeleton rows={4} /> : <Home entity={entity} />;
    case "projects":
      return <ProjectsView key={route.entity} entity={route.entity} />;
    case "workspace":
      return <WorkspaceView key={formatRoute(route)} entity={route.entity} project={route.project} />;
    case "run":
      return <RunView key={`${route.entity}/${route.project}/${route.run}`} {...route} />;
    case "artifacts":
      return (
        <Suspense fallback={<TopBar entity={route.entity} project={route.project} section="artifacts" />}>
          <ArtifactsView key={`${route.entity}/${route.project}`} route={route} />
        </Suspense>
      );
    case "table":
      return (
        <Suspense fallback={<TopBar entity={route.entity} project={route.project} section="table" />}>
          <TableView key={formatRoute(route)} entity={route.entity} project={route.project} />
        </Suspense>
      );
    case "unknown":
      return <Unknown path={formatRoute(route)} />;
  }
}

function Home({ entity }: { entity: string }): ReactElement {
  useEffect(() => navigate(formatRoute({ view: "projects", entity }), true), [entity]);
  return <TopBar entity={entity} />;
}

function Unknown({ path }: { path: string }): ReactElement {
  return (
    <>
      <TopBar />
      <div className="empty">
        <h2>There is nothing at {path}</h2>
        <p>
          <Link to={{ view: "home" }}>All projects</Link>
        </p>
      </div>
    </>
  );
}

function Denied(): ReactElement {
  return (
    <div className="empty">
      <h2>You are not signed in</h2>
      <p>This page belongs to the user who started the server. That user gets a fresh address with:</p>
      <Snippet text="wandb server open" />
    </div>
  );
}

function titleOf(route: Route): string {
  switch (route.view) {
    case "projects":
      return `${route.entity} · projects`;
    case "workspace":
      return `${route.project} · ${route.entity}`;
    case "run":
      return `${route.run} · ${route.project}`;
    case "table":
      return `${route.project} · table`;
    case "artifacts":
      return `${[route.collection ?? route.type ?? "artifacts", route.version].filter(Boolean).join(":")} · ${route.project}`;
    default:
      return "Runs";
  }
}
