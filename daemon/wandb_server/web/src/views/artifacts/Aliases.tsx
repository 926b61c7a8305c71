/** The aliases of a version: names that lead to it, added and removed in place. */

import { useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { addAlias, removeAlias } from "../../api/artifact_changes";
import type { VersionDetail } from "../../api/artifact_queries";
import type { ArtifactRoute } from "../../model/route";
import { TagList } from "../../parts/TagList";
import type { VersionArtifact } from "./VersionView";

interface AliasesProps {
  readonly route: ArtifactRoute;
  readonly collection: string;
  readonly detail: VersionDetail;
  readonly artifact: VersionArtifact;
}

/** Aliases that look like versions would hide them. */
const VERSION = /^v\d+$/;
const UNFIT = /[/:]/;

export function Aliases({ route, collection, detail, artifact }: AliasesProps): ReactElement {
  const client = useQueryClient();
  const place = { entity: route.entity, project: route.project, collection };
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: ["artifacts", route.entity, route.project] });
  return (
    <TagList
      what="alias"
      tags={(detail.aliases ?? []).map(({ alias }) => alias)}
      problemOf={(alias) => (VERSION.test(alias) ? "v and a number is the name of a version" : UNFIT.test(alias) ? "an alias has no / and no :" : null)}
      onAdd={async (alias) => {
        await addAlias(artifact.id, alias, place);
        await refresh();
      }}
      onRemove={async (alias) => {
        await removeAlias(artifact.id, alias, place);
        await refresh();
      }}
    />
  );
}
