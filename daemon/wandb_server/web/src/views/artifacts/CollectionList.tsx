/** The collections of a project, under their types. */

import { useMemo, useRef, useState, type ReactElement } from "react";
import { useArtifactTypes, type CollectionSummary, type TypeSummary } from "../../api/artifact_queries";
import { bytes, grouped, moment, since } from "../../model/numbers";
import type { ArtifactRoute } from "../../model/route";
import { parseSearch } from "../../model/search";
import { useKeys } from "../../parts/keyboard";
import { Link } from "../../parts/location";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { useNow } from "../../parts/now";
import { useParameter } from "../../parts/parameter";
import { SearchBox } from "../../parts/SearchBox";
import { Crumbs } from "./ArtifactsView";

export function CollectionList({ route }: { route: ArtifactRoute }): ReactElement {
  const { entity, project } = route;
  const types = useArtifactTypes(entity, project);
  const [text, setText] = useParameter("q");
  const search = useMemo(() => parseSearch(text), [text]);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  const wanted = (types.data ?? []).filter((type) => route.type === null || type.name === route.type);
  const filled = wanted
    .map((type) => ({ type, collections: collectionsOf(type).filter((collection) => search.matches(collection.name, collection.description, type.name)) }))
    .filter(({ collections }) => collections.length > 0);
  const any = (types.data ?? []).some((type) => collectionsOf(type).length > 0);
  return (
    <main className="page artifacts" aria-label="Artifacts">
      <div className="page-head">
        {route.type === null ? <h1>Artifacts</h1> : <Crumbs route={route} />}
        {any && <SearchBox inputRef={field} value={text} label="Search artifacts" problem={search.problem} onChange={setText} />}
      </div>
      {types.isError && <Problem what="The artifacts could not be loaded" error={types.error} onRetry={() => void types.refetch()} />}
      {types.isPending && <Skeleton rows={6} height={20} />}
      {types.data === null && (
        <div className="empty">
          <h2>There is no project {project}</h2>
          <p>
            <Link to={{ view: "projects", entity }}>All projects of {entity}</Link>
          </p>
        </div>
      )}
      {types.data && !any && (
        <Empty title="No artifacts yet" entity={entity} project={project} body={'run.log_artifact("data/", name="my-data", type="dataset")'}>
          An artifact is a versioned set of files: a data set, a model, a table. The first is made by:
        </Empty>
      )}
      {any && filled.length === 0 && <p className="faint">No artifact matches.</p>}
      {filled.map(({ type, collections }) => (
        <TypeSection key={type.name} route={route} name={type.name} collections={collections} total={type.artifactCollections?.totalCount ?? collections.length} />
      ))}
    </main>
  );
}

function collectionsOf(type: TypeSummary): CollectionSummary[] {
  return (type.artifactCollections?.edges ?? []).map((edge) => edge.node);
}

const SHOWN = 30;

function TypeSection(props: { route: ArtifactRoute; name: string; collections: readonly CollectionSummary[]; total: number }): ReactElement {
  const { route, name, collections, total } = props;
  const now = useNow();
  const [all, setAll] = useState(route.type !== null);
  const shown = all ? collections : collections.slice(0, SHOWN);
  return (
    <section aria-label={`Type ${name}`} className="artifact-type">
      <h2>
        <Link to={{ ...route, type: name, tab: "overview" }}>{name}</Link> <span className="count">{grouped(total)}</span>
      </h2>
      <table className="table">
        <thead>
          <tr>
            <th>Name</th>
            <th className="number">Versions</th>
            <th>Latest</th>
            <th className="number">Files</th>
            <th className="number">Size</th>
            <th>Changed</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((collection) => {
            const changed = Date.parse(collection.latest?.artifact?.createdAt ?? collection.updatedAt ?? collection.createdAt);
            const size = collection.latest?.artifact?.size ?? null;
            return (
              <tr key={collection.id}>
                <td title={collection.description ?? ""}>
                  <Link to={{ ...route, type: name, collection: collection.name, version: null, tab: "overview" }}>{collection.name}</Link>
                </td>
                <td className="number">{collection.versionCount === null ? "–" : grouped(collection.versionCount)}</td>
                <td>{collection.latest ? `v${collection.latest.versionIndex}` : "–"}</td>
                <td className="number">{collection.latest?.artifact?.fileCount == null ? "–" : grouped(collection.latest.artifact.fileCount)}</td>
                <td className="number" title={size === null ? "" : `${size} bytes`}>{size === null ? "–" : bytes(size)}</td>
                <td title={moment(changed)}>{since(changed, now)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {shown.length < collections.length && (
        <button className="button quiet small" onClick={() => setAll(true)}>
          {grouped(collections.length - shown.length)} more
        </button>
      )}
    </section>
  );
}
