/** One version of an artifact: what it is, its files, how to get it, where it came from. */

import type { ReactElement } from "react";
import { useArtifactFiles, useCollection, useVersion, type VersionDetail } from "../../api/artifact_queries";
import { FILES_MAX } from "../../api/files_queries";
import { ARTIFACT_TABS, type ArtifactRoute, type ArtifactTab } from "../../model/route";
import { grouped } from "../../model/numbers";
import { usageSnippets } from "../../model/usage";
import { Icon } from "../../parts/icons";
import { Link } from "../../parts/location";
import { Problem, Skeleton, Snippet } from "../../parts/messages";
import { usePendingDeletes } from "../../parts/undoable";
import { FileBrowser } from "../files/FileBrowser";
import { Aliases } from "./Aliases";
import { Crumbs } from "./ArtifactsView";
import { NoCollection } from "./CollectionView";
import { Lineage } from "./Lineage";
import { VersionOverview } from "./VersionOverview";
import { useVersionDelete, VersionTable } from "./VersionTable";

const TITLES: Record<ArtifactTab, string> = { overview: "Overview", files: "Files", usage: "Usage", lineage: "Lineage", versions: "Versions" };

interface VersionViewProps {
  readonly route: ArtifactRoute;
  readonly collection: string;
  readonly version: string;
}

export type VersionArtifact = NonNullable<VersionDetail["artifact"]>;

export function VersionView({ route, collection, version }: VersionViewProps): ReactElement {
  const { entity, project, tab } = route;
  const found = useVersion(entity, project, collection, version);
  const pending = usePendingDeletes();
  const artifact = found.data?.artifact;
  if (found.isPending) return <main className="page"><Skeleton rows={8} /></main>;
  if (found.isError) return <Problem what="The artifact could not be loaded" error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data || !artifact) return <NoCollection route={route} collection={`${collection}:${version}`} />;
  return (
    <>
      <div className="run-head artifact-head">
        <Crumbs route={route} />
        {pending.has(artifact.id) && <span className="bad">is being deleted</span>}
        <Aliases route={route} collection={collection} detail={found.data} artifact={artifact} />
        <span className="toolbar-space" />
        <Delete route={route} collection={collection} detail={found.data} artifact={artifact} />
        <nav className="tabs" aria-label="Version">
          {ARTIFACT_TABS.map((name) => (
            <Link key={name} to={{ ...route, tab: name }} aria-current={name === tab ? "page" : undefined}>
              {TITLES[name]}
            </Link>
          ))}
        </nav>
      </div>
      {tab === "overview" && <VersionOverview route={route} detail={found.data} artifact={artifact} />}
      {tab === "files" && <Files artifact={artifact} />}
      {tab === "usage" && <Usage route={route} collection={collection} index={found.data.versionIndex} artifact={artifact} />}
      {tab === "lineage" && <Lineage route={route} artifact={artifact} />}
      {tab === "versions" && <Versions route={route} collection={collection} current={found.data.versionIndex} />}
    </>
  );
}

function Delete(props: { route: ArtifactRoute; collection: string; detail: VersionDetail; artifact: VersionArtifact }): ReactElement {
  const { route, collection, detail, artifact } = props;
  const remove = useVersionDelete(route.entity, route.project);
  const pending = usePendingDeletes();
  const name = `${collection}:v${detail.versionIndex}`;
  return (
    <button className="button small" disabled={pending.has(artifact.id)} onClick={() => remove(artifact.id, name, artifact.ownBytes)}>
      <Icon name="cross" size={12} /> Delete
    </button>
  );
}

function Files({ artifact }: { artifact: VersionArtifact }): ReactElement {
  const files = useArtifactFiles(artifact.id);
  return (
    <main className="records" aria-label="Files of the artifact">
      {files.isError && <Problem what="The files could not be loaded" error={files.error} onRetry={() => void files.refetch()} />}
      {files.isPending && <Skeleton rows={8} height={20} />}
      {files.data?.length === 0 && <div className="empty"><h2>No files</h2><p>This version holds none.</p></div>}
      {files.data && files.data.length >= FILES_MAX && <p className="preview-note" role="note">The first {grouped(files.data.length)} files are listed.</p>}
      {files.data && files.data.length > 0 && <FileBrowser files={files.data} />}
    </main>
  );
}

function Usage(props: { route: ArtifactRoute; collection: string; index: number; artifact: VersionArtifact }): ReactElement {
  const { route, collection, index, artifact } = props;
  const type = artifact.artifactType?.name ?? route.type ?? "dataset";
  return (
    <main className="page usage" aria-label="Usage">
      {usageSnippets({ entity: route.entity, project: route.project, collection, version: `v${index}`, type }).map(({ title, text }) => (
        <section key={title} aria-label={title}>
          <h2>{title}</h2>
          <Snippet text={text} />
        </section>
      ))}
    </main>
  );
}

function Versions({ route, collection, current }: { route: ArtifactRoute; collection: string; current: number }): ReactElement {
  const found = useCollection(route.entity, route.project, collection);
  return (
    <main className="page artifacts" aria-label={`Versions of ${collection}`}>
      {found.isError && <Problem what="The versions could not be loaded" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton rows={6} height={20} />}
      {found.data && <VersionTable route={route} collection={found.data} current={current} />}
    </main>
  );
}
