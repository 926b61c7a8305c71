/** What a run used and what it made. */

import type { ReactElement } from "react";
import type { RunDetail } from "../../api/queries";

interface ArtifactsProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

export default function Artifacts({ run }: ArtifactsProps): ReactElement {
  return <main className="records" aria-label={`Artifacts of ${run.name}`} />;
}
