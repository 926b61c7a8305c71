/** What a version is: description, metadata, size, digest, who made it, who used it. */

import { useQueryClient } from "@tanstack/react-query";
import { useMemo, type ReactElement, type ReactNode } from "react";
import { describeArtifact, tagArtifact } from "../../api/artifact_changes";
import type { VersionDetail } from "../../api/artifact_queries";
import { parseObject } from "../../model/json";
import { bytes, duration, grouped, moment, since } from "../../model/numbers";
import type { ArtifactRoute } from "../../model/route";
import { ttlText } from "../../model/usage";
import { EditableText } from "../../parts/EditableText";
import { JsonTree } from "../../parts/JsonTree";
import { Link } from "../../parts/location";
import { useNow } from "../../parts/now";
import { TagList } from "../../parts/TagList";
import { Creator, RunLink } from "./Creator";
import type { VersionArtifact } from "./VersionView";

interface VersionOverviewProps {
  readonly route: ArtifactRoute;
  readonly detail: VersionDetail;
  readonly artifact: VersionArtifact;
}

export function VersionOverview({ route, detail, artifact }: VersionOverviewProps): ReactElement {
  const client = useQueryClient();
  const metadata = useMemo(() => parseObject(artifact.metadata), [artifact.metadata]);
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: ["artifacts", route.entity, route.project] });
  const usedBy = artifact.usedBy?.edges ?? [];
  return (
    <main className="page overview" aria-label="Overview of the version">
      <section className="facts" aria-label="Facts">
        <Facts detail={detail} artifact={artifact} route={route} />
        <h3>Tags</h3>
        <TagList
          what="tag"
          tags={(artifact.tags ?? []).map((tag) => tag.name)}
          onAdd={(tag) => tagArtifact(artifact.id, [tag], []).then(refresh)}
          onRemove={(tag) => tagArtifact(artifact.id, [], [tag]).then(refresh)}
        />
        <h3>Description</h3>
        <EditableText value={artifact.description ?? ""} what="description" onSave={(text) => describeArtifact(artifact.id, text).then(refresh)} />
      </section>
      <div className="overview-data">
        <div className="overview-trees">
          <section className="card tree-card" aria-label="Metadata">
            <header className="card-head"><h3>Metadata <span className="count">{Object.keys(metadata).length}</span></h3></header>
            {Object.keys(metadata).length === 0 ? <p className="faint">This version has no metadata.</p> : <JsonTree value={metadata} matches={() => true} />}
          </section>
          <section className="card tree-card" aria-label="Used by">
            <header className="card-head"><h3>Used by <span className="count">{grouped(artifact.usedBy?.totalCount ?? usedBy.length)}</span></h3></header>
            {usedBy.length === 0 ? (
              <p className="faint">No run has used this version yet. <Link to={{ ...route, tab: "usage" }}>How to use it</Link></p>
            ) : (
              <ul className="plain-list">{usedBy.map(({ node }) => <li key={node.name}><RunLink run={node} /></li>)}</ul>
            )}
          </section>
        </div>
      </div>
    </main>
  );
}

function Facts({ detail, artifact, route }: VersionOverviewProps): ReactElement {
  const now = useNow();
  const created = Date.parse(artifact.createdAt);
  const origin = artifact.artifactSequence;
  const linked = origin !== null && (origin.name !== route.collection || origin.project?.name !== route.project);
  const facts: [string, ReactNode][] = [
    ["Version", `v${detail.versionIndex}`],
    ["Type", artifact.artifactType?.name],
    ["State", artifact.state === "COMMITTED" ? null : artifact.state?.toLowerCase()],
    ["Linked from", linked && origin.project ? <OriginLink key="origin" artifact={artifact} /> : null],
    ["Created", <time key="created" dateTime={artifact.createdAt} title={moment(created)}>{moment(created)} <span className="faint">({since(created, now)})</span></time>],
    ["Created by", <Creator key="by" by={artifact.createdBy} />],
    ["Step", artifact.historyStep],
    ["Size", artifact.size === null ? null : <span key="size" title={`${artifact.size} bytes`}>{bytes(artifact.size)}</span>],
    ["Own bytes", artifact.ownBytes === null ? null : <span key="own" title={`${artifact.ownBytes} bytes go when this version is deleted; the rest is shared with others`}>{bytes(artifact.ownBytes)}</span>],
    ["Files", artifact.fileCount === null ? null : <Link key="files" to={{ ...route, tab: "files" }}>{grouped(artifact.fileCount)}</Link>],
    ["Digest", <code key="digest">{artifact.digest}</code>],
    ["Kept", ttlText(artifact.ttlDurationSeconds, artifact.ttlIsInherited, duration)],
  ];
  return (
    <dl>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function OriginLink({ artifact }: { artifact: VersionArtifact }): ReactElement | null {
  const origin = artifact.artifactSequence;
  if (!origin?.project) return null;
  const { entityName, name } = origin.project;
  const version = `v${artifact.versionIndex ?? 0}`;
  return (
    <Link to={{ view: "artifacts", entity: entityName, project: name, type: artifact.artifactType?.name ?? "-", collection: origin.name, version, tab: "overview" }}>
      {name}/{origin.name}:{version}
    </Link>
  );
}
