/** The artifacts of a project: types, collections, versions. */

import type { ReactElement } from "react";
import type { ArtifactRoute } from "../../model/route";
import { TopBar } from "../TopBar";

export default function ArtifactsView({ route }: { route: ArtifactRoute }): ReactElement {
  return <TopBar entity={route.entity} project={route.project} section="artifacts" />;
}
