/** The artifacts of a project: what the address names of types, collections, versions. */

import type { ReactElement } from "react";
import { useLive } from "../../api/live";
import type { ArtifactRoute } from "../../model/route";
import { Link } from "../../parts/location";
import { TopBar } from "../TopBar";
import { CollectionList } from "./CollectionList";
import { CollectionView } from "./CollectionView";
import { VersionView } from "./VersionView";
import "../../styles/artifacts.css";

export default function ArtifactsView({ route }: { route: ArtifactRoute }): ReactElement {
  const { entity, project, collection, version } = route;
  const live = useLive(entity, project);
  return (
    <>
      <TopBar entity={entity} project={project} section="artifacts" link={live.link} />
      {collection === null ? (
        <CollectionList route={route} />
      ) : version === null ? (
        <CollectionView key={collection} route={route} collection={collection} />
      ) : (
        <VersionView key={`${collection}:${version}`} route={route} collection={collection} version={version} />
      )}
    </>
  );
}

/** Where we are among the artifacts: type, collection, version. */
export function Crumbs({ route }: { route: ArtifactRoute }): ReactElement {
  const top: ArtifactRoute = { ...route, type: null, collection: null, version: null, tab: "overview" };
  return (
    <nav className="artifact-crumbs" aria-label="Artifact">
      <Link to={top}>Artifacts</Link>
      {route.type !== null && <Link to={{ ...top, type: route.type }}>{route.type}</Link>}
      {route.collection !== null && <Link to={{ ...top, type: route.type, collection: route.collection }}>{route.collection}</Link>}
      {route.version !== null && <span aria-current="page">{route.version}</span>}
    </nav>
  );
}
