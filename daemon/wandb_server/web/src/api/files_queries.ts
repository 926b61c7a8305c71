/** The files of a run. */

import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { graphql } from "./client";
import { ownAddress } from "./file_texts";

/** A file that can be listed, previewed and downloaded, of a run or of an artifact. */
export interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mimetype: string | null;
  readonly updatedAt: string | null;
  readonly url: string;
  /** Changes when the content does. */
  readonly version: string;
}

export interface FileNode {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly mimetype: string | null;
  readonly updatedAt?: string | null;
  readonly directUrl: string | null;
  readonly md5?: string | null;
  readonly digest?: string | null;
}

export interface FilePage {
  readonly edges: readonly { readonly node: FileNode; readonly cursor: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

const FILES = `query PageFiles($entity: String!, $project: String!, $run: String!, $after: String) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      files(first: 1000, after: $after) {
        edges { node { name sizeBytes mimetype updatedAt directUrl md5 } cursor }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}`;

export const FILES_MAX = 50_000;

export function listedFile(node: FileNode): ListedFile {
  return {
    name: node.name,
    sizeBytes: node.sizeBytes ?? 0,
    mimetype: node.mimetype,
    updatedAt: node.updatedAt ?? null,
    url: ownAddress(node.directUrl ?? ""),
    version: node.md5 ?? node.digest ?? node.updatedAt ?? "",
  };
}

/** All pages of a list of files, at most FILES_MAX. */
export async function allFiles(fetchPage: (after: string | null) => Promise<FilePage | null>): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  let after: string | null = null;
  do {
    const page: FilePage | null = await fetchPage(after);
    if (!page) break;
    files.push(...page.edges.map((edge) => listedFile(edge.node)));
    after = page.pageInfo.hasNextPage ? (page.edges.at(-1)?.cursor ?? page.pageInfo.endCursor) : null;
  } while (after !== null && files.length < FILES_MAX);
  return files;
}

const REFRESH_MS = 5000;

/** All files of a run; looked for again while it runs. */
export function useRunFiles(entity: string, project: string, run: string, running: boolean): UseQueryResult<readonly ListedFile[]> {
  return useQuery({
    queryKey: ["files", entity, project, run],
    queryFn: ({ signal }) =>
      allFiles(async (after) => {
        const data = await graphql<{ project: { run: { files: FilePage } | null } | null }>(
          "PageFiles",
          FILES,
          { entity, project, run, after },
          signal,
        );
        return data.project?.run?.files ?? null;
      }),
    refetchInterval: running ? REFRESH_MS : false,
    placeholderData: keepPreviousData,
  });
}
