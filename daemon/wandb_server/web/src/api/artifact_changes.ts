/** What may be changed about artifacts from the page. */

import { graphql } from "./client";

interface AliasPlace {
  readonly entity: string;
  readonly project: string;
  readonly collection: string;
}

const ADD = "mutation PageAddAlias($input: AddAliasesInput!) { addAliases(input: $input) { success } }";
const REMOVE = "mutation PageRemoveAlias($input: DeleteAliasesInput!) { deleteAliases(input: $input) { success } }";
const UPDATE = "mutation PageUpdateArtifact($input: UpdateArtifactInput!) { updateArtifact(input: $input) { artifact { id } } }";
const DELETE = "mutation PageDeleteArtifact($input: DeleteArtifactInput!) { deleteArtifact(input: $input) { bytesFreed } }";

function aliasInput(artifactID: string, alias: string, { entity, project, collection }: AliasPlace): Record<string, unknown> {
  const aliases = [{ artifactCollectionName: collection, alias, entityName: entity, projectName: project }];
  return { input: { artifactID, aliases } };
}

/** An alias of another version moves to this one. */
export async function addAlias(id: string, alias: string, place: AliasPlace): Promise<void> {
  await graphql("PageAddAlias", ADD, aliasInput(id, alias, place));
}

export async function removeAlias(id: string, alias: string, place: AliasPlace): Promise<void> {
  await graphql("PageRemoveAlias", REMOVE, aliasInput(id, alias, place));
}

export async function describeArtifact(id: string, description: string): Promise<void> {
  await graphql("PageUpdateArtifact", UPDATE, { input: { artifactID: id, description } });
}

export async function tagArtifact(id: string, added: readonly string[], removed: readonly string[]): Promise<void> {
  const named = (names: readonly string[]): { tagName: string }[] => names.map((tagName) => ({ tagName }));
  await graphql("PageUpdateArtifact", UPDATE, { input: { artifactID: id, tagsToAdd: named(added), tagsToDelete: named(removed) } });
}

/** Deletes a version with its aliases; how many bytes that freed. */
export async function deleteArtifact(id: string): Promise<number> {
  const data = await graphql<{ deleteArtifact: { bytesFreed: number | null } | null }>("PageDeleteArtifact", DELETE, {
    input: { artifactID: id, deleteAliases: true },
  });
  return data.deleteArtifact?.bytesFreed ?? 0;
}
