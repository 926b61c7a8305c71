/** What a run used and what it made. */

import type { ReactElement } from "react";
import { useRunArtifacts, type RunArtifact } from "../../api/artifact_queries";
import type { RunDetail } from "../../api/queries";
import { bytes, grouped, moment, since } from "../../model/numbers";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { useNow } from "../../parts/now";
import { TagWords } from "../../parts/TagList";
import { ArtifactLink } from "./ArtifactLink";

interface ArtifactsProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

export default function Artifacts({ entity, project, run }: ArtifactsProps): ReactElement {
  const found = useRunArtifacts(entity, project, run.name, run.state === "running");
  const none = found.data?.inputs.length === 0 && found.data.outputs.length === 0;
  return (
    <main className="page artifacts" aria-label="Artifacts of the run">
      {found.isError && <Problem what="The artifacts could not be loaded" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton rows={6} height={20} />}
      {none && (
        <Empty title="No artifacts" entity={entity} project={project} body={'run.log_artifact("model.pt", name="my-model", type="model")'}>
          This run used none and made none{run.state === "running" ? " so far" : ""}. One is made by:
        </Empty>
      )}
      {found.data && !none && (
        <>
          <List title="Outputs" artifacts={found.data.outputs} empty="This run made none." />
          <List title="Inputs" artifacts={found.data.inputs} empty="This run used none." />
        </>
      )}
    </main>
  );
}

function List({ title, artifacts, empty }: { title: string; artifacts: readonly RunArtifact[]; empty: string }): ReactElement {
  const now = useNow();
  return (
    <section aria-label={title} className="artifact-type">
      <h2>{title} <span className="count">{grouped(artifacts.length)}</span></h2>
      {artifacts.length === 0 ? (
        <p className="faint">{empty}</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th>Aliases</th>
              <th className="number">Files</th>
              <th className="number">Size</th>
              <th>Created</th>
            </tr>
          </thead>
          <tbody>
            {artifacts.map((artifact) => {
              const created = Date.parse(artifact.createdAt);
              return (
                <tr key={artifact.id}>
                  <td><ArtifactLink artifact={artifact} /></td>
                  <td>{artifact.artifactType?.name ?? "–"}</td>
                  <td><TagWords words={(artifact.aliases ?? []).map(({ alias }) => alias)} /></td>
                  <td className="number">{artifact.fileCount === null ? "–" : grouped(artifact.fileCount)}</td>
                  <td className="number" title={artifact.size === null ? "" : `${artifact.size} bytes`}>{artifact.size === null ? "–" : bytes(artifact.size)}</td>
                  <td title={moment(created)}>{since(created, now)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}
