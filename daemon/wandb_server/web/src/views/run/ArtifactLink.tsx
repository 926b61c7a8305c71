/** A version by its name, leading to its page. */

import type { ReactElement } from "react";
import type { ArtifactPlace } from "../../api/artifact_queries";
import { Link } from "../../parts/location";

export function ArtifactLink({ artifact }: { artifact: ArtifactPlace }): ReactElement {
  const { artifactSequence: sequence, artifactType: type, versionIndex } = artifact;
  const version = `v${versionIndex ?? 0}`;
  if (!sequence?.project) return <>{sequence?.name ?? "artifact"}:{version}</>;
  const { entityName, name } = sequence.project;
  return (
    <Link to={{ view: "artifacts", entity: entityName, project: name, type: type?.name ?? "-", collection: sequence.name, version, tab: "overview" }}>
      {sequence.name}:{version}
    </Link>
  );
}
