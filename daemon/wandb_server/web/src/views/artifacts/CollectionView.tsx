/** One collection: its versions. */

import type { ReactElement } from "react";
import { useCollection } from "../../api/artifact_queries";
import type { ArtifactRoute } from "../../model/route";
import { grouped } from "../../model/numbers";
import { Link } from "../../parts/location";
import { Problem, Skeleton } from "../../parts/messages";
import { Crumbs } from "./ArtifactsView";
import { VersionTable } from "./VersionTable";

export function CollectionView({ route, collection }: { route: ArtifactRoute; collection: string }): ReactElement {
  const { entity, project } = route;
  const found = useCollection(entity, project, collection);
  return (
    <main className="page artifacts" aria-label={`Versions of ${collection}`}>
      <div className="page-head">
        <Crumbs route={route} />
        {found.data && (
          <span className="faint">
            {grouped(found.data.versions.length)} {found.data.versions.length === 1 ? "version" : "versions"}
            {found.data.__typename === "ArtifactPortfolio" ? " linked from elsewhere" : ""}
          </span>
        )}
      </div>
      {found.isError && <Problem what="The versions could not be loaded" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton rows={6} height={20} />}
      {found.data === null && <NoCollection route={route} collection={collection} />}
      {found.data?.description && <p className="notes artifact-notes">{found.data.description}</p>}
      {found.data && <VersionTable route={route} collection={found.data} current={null} />}
    </main>
  );
}

export function NoCollection({ route, collection }: { route: ArtifactRoute; collection: string }): ReactElement {
  return (
    <div className="empty">
      <h2>There is no artifact {collection} here</h2>
      <p>
        It may have been deleted, or belongs to another project.{" "}
        <Link to={{ ...route, type: null, collection: null, version: null, tab: "overview" }}>All artifacts of {route.project}</Link>
      </p>
    </div>
  );
}
