/** The versions of a collection, the newest first. */

import { useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { deleteArtifact } from "../../api/artifact_changes";
import type { Collection, VersionSummary } from "../../api/artifact_queries";
import { bytes, grouped, moment, since } from "../../model/numbers";
import type { ArtifactRoute } from "../../model/route";
import { Icon } from "../../parts/icons";
import { Link } from "../../parts/location";
import { useNow } from "../../parts/now";
import { TagWords } from "../../parts/TagList";
import { usePendingDeletes, useUndoableDelete } from "../../parts/undoable";
import { Creator } from "./Creator";

interface VersionTableProps {
  readonly route: ArtifactRoute;
  readonly collection: Collection;
  /** The version whose page this is on. */
  readonly current: number | null;
}

export function VersionTable({ route, collection, current }: VersionTableProps): ReactElement {
  const pending = usePendingDeletes();
  const now = useNow();
  const shown = collection.versions.filter((version) => !pending.has(version.artifact?.id ?? ""));
  if (shown.length === 0) return <p className="faint">No version is left.</p>;
  return (
    <table className="table versions">
      <thead>
        <tr>
          <th>Version</th>
          <th>Aliases</th>
          <th className="number">Files</th>
          <th className="number">Size</th>
          <th>Created</th>
          <th>By</th>
          <th><span className="unseen">Actions</span></th>
        </tr>
      </thead>
      <tbody>
        {shown.map((version) => {
          const name = `v${version.versionIndex}`;
          const created = Date.parse(version.artifact?.createdAt ?? version.createdAt);
          return (
            <tr key={version.versionIndex} className={version.versionIndex === current ? "current" : ""}>
              <td>
                <Link to={{ ...route, version: name, tab: "overview" }} aria-current={version.versionIndex === current ? "page" : undefined}>{name}</Link>
              </td>
              <td><TagWords words={(version.aliases ?? []).map(({ alias }) => alias)} /></td>
              <td className="number">{version.artifact?.fileCount == null ? "–" : grouped(version.artifact.fileCount)}</td>
              <td className="number" title={version.artifact?.size == null ? "" : `${version.artifact.size} bytes`}>
                {version.artifact?.size == null ? "–" : bytes(version.artifact.size)}
              </td>
              <td title={moment(created)}>{since(created, now)}</td>
              <td><Creator by={version.artifact?.createdBy ?? null} /></td>
              <td className="actions">
                {collection.__typename === "ArtifactSequence" && <Delete route={route} collection={collection.name} version={version} />}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Delete({ route, collection, version }: { route: ArtifactRoute; collection: string; version: VersionSummary }): ReactElement | null {
  const remove = useVersionDelete(route.entity, route.project);
  const { artifact } = version;
  if (!artifact) return null;
  const name = `${collection}:v${version.versionIndex}`;
  return (
    <button className="button quiet square small" aria-label={`Delete ${name}`} title={`Delete ${name}`} onClick={() => remove(artifact.id, name, artifact.ownBytes)}>
      <Icon name="cross" size={13} />
    </button>
  );
}

/** Deletes a version after ten seconds in which that can be undone; says what it will free and what it freed. */
export function useVersionDelete(entity: string, project: string): (id: string, name: string, ownBytes: number | null) => void {
  const client = useQueryClient();
  const remove = useUndoableDelete();
  return (id, name, ownBytes) =>
    remove(id, `${name} is deleted${ownBytes === null ? "" : `, which frees ${bytes(ownBytes)}`}`, async () => {
      const freed = await deleteArtifact(id);
      await client.invalidateQueries({ queryKey: ["artifacts", entity, project] });
      return `${name} was deleted: ${bytes(freed)} freed`;
    });
}
