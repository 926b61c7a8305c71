/** Artifacts: types, collections, versions, their files, and what made and used them. */

import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { graphql } from "./client";
import { allFiles, type FilePage, type ListedFile } from "./files_queries";

export interface Edges<T> {
  readonly totalCount?: number | null;
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo?: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

export interface ProjectPlace {
  readonly name: string;
  readonly entityName: string;
}

/** A run as artifacts name it. */
export interface RunPlace {
  readonly __typename: "Run";
  readonly name: string;
  readonly displayName: string | null;
  readonly state: string | null;
  readonly project: ProjectPlace | null;
}

export interface UserPlace {
  readonly __typename: "User";
  readonly username: string | null;
}

/** A version as others point at it. */
export interface ArtifactPlace {
  readonly id: string;
  readonly versionIndex: number | null;
  readonly artifactType: { readonly name: string } | null;
  readonly artifactSequence: { readonly name: string; readonly project: ProjectPlace | null } | null;
}

export interface CollectionSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly updatedAt: string | null;
  readonly versionCount: number | null;
  readonly latest: {
    readonly versionIndex: number;
    readonly artifact: { readonly size: number | null; readonly fileCount: number | null; readonly createdAt: string } | null;
  } | null;
}

export interface TypeSummary {
  readonly name: string;
  readonly artifactCollections: Edges<CollectionSummary> | null;
}

export interface VersionSummary {
  readonly versionIndex: number;
  readonly createdAt: string;
  readonly aliases: readonly { readonly alias: string }[] | null;
  readonly artifact: {
    readonly id: string;
    readonly state: string | null;
    readonly size: number | null;
    readonly ownBytes: number | null;
    readonly fileCount: number | null;
    readonly digest: string | null;
    readonly createdAt: string;
    readonly createdBy: RunPlace | UserPlace | null;
  } | null;
}

export interface CollectionDetail {
  readonly __typename: "ArtifactSequence" | "ArtifactPortfolio";
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly artifactMemberships: Edges<VersionSummary> | null;
}

export interface VersionDetail {
  readonly versionIndex: number;
  readonly aliases: readonly { readonly alias: string }[] | null;
  readonly artifact:
    | (ArtifactPlace & {
        readonly state: string | null;
        readonly description: string | null;
        readonly metadata: string | null;
        readonly size: number | null;
        readonly ownBytes: number | null;
        readonly fileCount: number | null;
        readonly digest: string | null;
        readonly commitHash: string | null;
        readonly historyStep: number | null;
        readonly ttlDurationSeconds: number | null;
        readonly ttlIsInherited: boolean | null;
        readonly createdAt: string;
        readonly tags: readonly { readonly name: string }[] | null;
        readonly createdBy: RunPlace | UserPlace | null;
        readonly usedBy: Edges<RunPlace> | null;
      })
    | null;
}

const RUN = "__typename name displayName state project { name entityName }";
const CREATOR = `createdBy { __typename ... on Run { ${RUN} } ... on User { username } }`;
const PLACE = "id versionIndex artifactType { name } artifactSequence { name project { name entityName } }";
const PAGE = "pageInfo { endCursor hasNextPage }";
/** New versions are looked for this often. */
const LISTS_MS = 15_000;
const VERSIONS_PAGE = 200;
const VERSIONS_MAX = 5000;

const TYPES = `query PageArtifactTypes($entity: String!, $project: String!) {
  project(name: $project, entityName: $entity) {
    artifactTypes(first: 50) { edges { cursor node { name artifactCollections(first: 200) {
      totalCount
      edges { cursor node {
        id name description createdAt updatedAt versionCount
        latest: artifactMembership(aliasName: "latest") { versionIndex artifact { size fileCount createdAt } }
      } }
    } } } }
  }
}`;

/** All types with their collections; null if there is no such project. */
export function useArtifactTypes(entity: string, project: string): UseQueryResult<readonly TypeSummary[] | null> {
  return useQuery({
    queryKey: ["artifacts", entity, project, "types"],
    queryFn: async ({ signal }) => {
      const data = await graphql<{ project: { artifactTypes: Edges<TypeSummary> | null } | null }>(
        "PageArtifactTypes",
        TYPES,
        { entity, project },
        signal,
      );
      return data.project ? (data.project.artifactTypes?.edges ?? []).map((edge) => edge.node) : null;
    },
    refetchInterval: LISTS_MS,
  });
}

const COLLECTION = `query PageArtifactCollection($entity: String!, $project: String!, $name: String!, $after: String) {
  project(name: $project, entityName: $entity) {
    artifactCollection(name: $name) {
      __typename id name description createdAt
      artifactMemberships(first: ${VERSIONS_PAGE}, after: $after) {
        totalCount ${PAGE}
        edges { cursor node {
          versionIndex createdAt aliases { alias }
          artifact { id state size ownBytes fileCount digest createdAt ${CREATOR} }
        } }
      }
    }
  }
}`;

export interface Collection extends Omit<CollectionDetail, "artifactMemberships"> {
  /** The newest first. */
  readonly versions: readonly VersionSummary[];
}

/** A collection with its versions, at most VERSIONS_MAX; null if there is none of this name. */
export function useCollection(entity: string, project: string, name: string): UseQueryResult<Collection | null> {
  return useQuery({
    queryKey: ["artifacts", entity, project, "collection", name],
    queryFn: async ({ signal }) => {
      const versions: VersionSummary[] = [];
      let found: CollectionDetail | null;
      let after: string | null = null;
      do {
        const data: { project: { artifactCollection: CollectionDetail | null } | null } = await graphql(
          "PageArtifactCollection",
          COLLECTION,
          { entity, project, name, after },
          signal,
        );
        found = data.project?.artifactCollection ?? null;
        const page = found?.artifactMemberships;
        versions.push(...(page?.edges ?? []).map((edge) => edge.node));
        after = page?.pageInfo?.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null && versions.length < VERSIONS_MAX);
      return found && { ...found, versions: versions.sort((left, right) => right.versionIndex - left.versionIndex) };
    },
    refetchInterval: LISTS_MS,
  });
}

const VERSION = `query PageArtifactVersion($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    artifactCollectionMembership(name: $name) {
      versionIndex aliases { alias }
      artifact {
        ${PLACE} state description metadata size ownBytes fileCount digest commitHash historyStep ttlDurationSeconds
        ttlIsInherited createdAt tags { name } ${CREATOR}
        usedBy(first: 100) { totalCount edges { cursor node { ${RUN} } } }
      }
    }
  }
}`;

/** `version` is `v3` or an alias; null if there is none. */
export function useVersion(entity: string, project: string, collection: string, version: string): UseQueryResult<VersionDetail | null> {
  return useQuery({
    queryKey: ["artifacts", entity, project, "version", collection, version],
    queryFn: async ({ signal }) => {
      const data = await graphql<{ project: { artifactCollectionMembership: VersionDetail | null } | null }>(
        "PageArtifactVersion",
        VERSION,
        { entity, project, name: `${collection}:${version}` },
        signal,
      );
      return data.project?.artifactCollectionMembership ?? null;
    },
    placeholderData: keepPreviousData,
  });
}

const FILES = `query PageArtifactFiles($id: ID!, $after: String) {
  artifact(id: $id) {
    files(first: 1000, after: $after) { edges { node { name sizeBytes mimetype directUrl digest } cursor } ${PAGE} }
  }
}`;

/** A committed version never changes: its files are asked once. */
export function useArtifactFiles(id: string): UseQueryResult<readonly ListedFile[]> {
  return useQuery({
    queryKey: ["artifact-files", id],
    queryFn: ({ signal }) =>
      allFiles(async (after) => {
        const data = await graphql<{ artifact: { files: FilePage | null } | null }>("PageArtifactFiles", FILES, { id, after }, signal);
        return data.artifact?.files ?? null;
      }),
    // Addresses of files are signed and expire.
    staleTime: 600_000,
  });
}

export interface LineageAnswer {
  readonly createdBy: ((RunPlace & { readonly inputArtifacts: Edges<ArtifactPlace> | null; readonly outputArtifacts: Edges<ArtifactPlace> | null }) | UserPlace) | null;
  readonly usedBy: Edges<RunPlace & { readonly outputArtifacts: Edges<ArtifactPlace> | null }> | null;
}

const LINEAGE = `query PageArtifactLineage($id: ID!) {
  artifact(id: $id) {
    createdBy { __typename ... on User { username } ... on Run { ${RUN}
      inputArtifacts(first: 20) { totalCount edges { cursor node { ${PLACE} } } }
      outputArtifacts(first: 10) { totalCount edges { cursor node { ${PLACE} } } }
    } }
    usedBy(first: 20) { totalCount edges { cursor node { ${RUN}
      outputArtifacts(first: 10) { totalCount edges { cursor node { ${PLACE} } } }
    } } }
  }
}`;

export function useLineage(id: string): UseQueryResult<LineageAnswer | null> {
  return useQuery({
    queryKey: ["artifact-lineage", id],
    queryFn: async ({ signal }) => (await graphql<{ artifact: LineageAnswer | null }>("PageArtifactLineage", LINEAGE, { id }, signal)).artifact,
  });
}

export interface RunArtifact extends ArtifactPlace {
  readonly size: number | null;
  readonly fileCount: number | null;
  readonly createdAt: string;
  readonly historyStep: number | null;
  readonly aliases: readonly { readonly alias: string }[] | null;
}

export interface RunArtifacts {
  readonly inputs: readonly RunArtifact[];
  readonly outputs: readonly RunArtifact[];
}

const RUN_ARTIFACT = `${PLACE} size fileCount createdAt historyStep aliases { alias }`;
const RUN_ARTIFACTS = `query PageRunArtifacts($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      inputArtifacts(first: 1000) { edges { cursor node { ${RUN_ARTIFACT} } } }
      outputArtifacts(first: 1000) { edges { cursor node { ${RUN_ARTIFACT} } } }
    }
  }
}`;
const REFRESH_MS = 5000;

/** What a run used and made, at most 1,000 of each. */
export function useRunArtifacts(entity: string, project: string, run: string, running: boolean): UseQueryResult<RunArtifacts> {
  return useQuery({
    queryKey: ["artifacts", entity, project, "run", run],
    queryFn: async ({ signal }) => {
      const data = await graphql<{ project: { run: { inputArtifacts: Edges<RunArtifact> | null; outputArtifacts: Edges<RunArtifact> | null } | null } | null }>(
        "PageRunArtifacts",
        RUN_ARTIFACTS,
        { entity, project, run },
        signal,
      );
      const found = data.project?.run;
      return {
        inputs: (found?.inputArtifacts?.edges ?? []).map((edge) => edge.node),
        outputs: (found?.outputArtifacts?.edges ?? []).map((edge) => edge.node),
      };
    },
    refetchInterval: running ? REFRESH_MS : false,
  });
}
