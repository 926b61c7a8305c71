/** What the table of runs asks and changes. */

import type { Json } from "../model/json";
import { isValueColumn, type ColumnId, type TableRun } from "../model/run_table";
import { graphql } from "./client";

export interface RunColumn {
  readonly section: string;
  readonly key: string;
  readonly runCount: number;
  readonly numberCount: number;
}

const COLUMNS = `query PageRunColumns($entity: String!, $project: String!) {
  project(name: $project, entityName: $entity) { runColumns { section key runCount numberCount } }
}`;

/** Config and summary keys, most frequent first; null if there is no such project. */
export async function fetchRunColumns(entity: string, project: string, signal?: AbortSignal): Promise<readonly RunColumn[] | null> {
  const data = await graphql<{ project: { runColumns: RunColumn[] } | null }>("PageRunColumns", COLUMNS, { entity, project }, signal);
  return data.project?.runColumns ?? null;
}

const RUNS = `query PageRunTable(
  $entity: String!, $project: String!, $filters: JSONString!, $order: String!, $first: Int!, $after: String, $columns: [String!]!
) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: $order, first: $first, after: $after) {
      totalCount
      edges {
        node { id name displayName state createdAt heartbeatAt group jobType tags notes user { name } values(columns: $columns) }
        cursor
      }
      pageInfo { hasNextPage }
    }
  }
}`;

interface Node {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
  readonly state: string;
  readonly createdAt: string;
  readonly heartbeatAt: string | null;
  readonly group: string | null;
  readonly jobType: string | null;
  readonly tags: readonly string[] | null;
  readonly notes: string | null;
  readonly user: { readonly name: string } | null;
  readonly values: readonly Json[];
}

interface Page {
  readonly totalCount: number;
  readonly edges: readonly { readonly node: Node; readonly cursor: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

export interface TableQuestion {
  readonly entity: string;
  readonly project: string;
  /** JSON text. */
  readonly filters: string;
  readonly order: string;
  readonly columns: readonly ColumnId[];
}

export interface TableRuns {
  readonly runs: readonly TableRun[];
  readonly total: number;
  /** False while pages are still coming. */
  readonly whole: boolean;
}

const FIRST_PAGE = 100;
const PAGE = 1000;
export const TABLE_RUNS_MAX = 20_000;
const COLUMNS_MAX = 200;

/** All matching runs; each page is handed to `onPart` as it comes. */
export async function fetchTableRuns(
  question: TableQuestion,
  onPart: (runs: TableRuns) => void,
  signal?: AbortSignal,
): Promise<TableRuns> {
  const { columns, ...asked } = question;
  const values = columns.filter(isValueColumn).slice(0, COLUMNS_MAX);
  const runs: TableRun[] = [];
  let after: string | null = null;
  let total: number;
  do {
    const first: number = after === null ? FIRST_PAGE : PAGE;
    const data: { project: { runs: Page } | null } = await graphql("PageRunTable", RUNS, { ...asked, first, after, columns: values }, signal);
    if (!data.project) return { runs, total: 0, whole: true };
    const page = data.project.runs;
    total = page.totalCount;
    runs.push(...page.edges.map(({ node }) => toRun(node, values)));
    after = page.pageInfo.hasNextPage && runs.length < TABLE_RUNS_MAX ? (page.edges.at(-1)?.cursor ?? null) : null;
    if (after !== null) onPart({ runs: [...runs], total, whole: false });
  } while (after !== null);
  return { runs, total, whole: true };
}

function toRun(node: Node, columns: readonly ColumnId[]): TableRun {
  const created = Date.parse(node.createdAt);
  const cells: Record<ColumnId, Json> = {
    name: node.displayName ?? node.name,
    id: node.name,
    state: node.state,
    createdAt: node.createdAt,
    runtime: node.heartbeatAt === null ? null : Math.max(0, (Date.parse(node.heartbeatAt) - created) / 1000),
    user: node.user?.name ?? null,
    group: node.group,
    jobType: node.jobType,
    tags: node.tags ? [...node.tags] : [],
    notes: node.notes,
  };
  columns.forEach((column, index) => (cells[column] = node.values[index] ?? null));
  return { storageId: node.id, id: node.name, name: node.displayName ?? node.name, cells };
}

/** Columns that mostly hold numbers. */
export function numberColumns(known: readonly RunColumn[]): ReadonlySet<ColumnId> {
  const numbers = known.filter((column) => column.numberCount * 2 > column.runCount);
  return new Set(["runtime", ...numbers.map(({ section, key }) => `${section}.${key}`)]);
}

const REMOVE = `mutation PageRemoveRuns($ids: [ID!]!) { removeRuns(input: { ids: $ids }) { removed bytesFreed undoSeconds } }`;
const RESTORE = `mutation PageRestoreRuns($ids: [ID!]!) { restoreRuns(input: { ids: $ids }) { restored } }`;
const IDS_MAX = 1000;

/** Hide runs; the server deletes them soon, unless they are restored. How many, and what will be free. */
export async function removeRuns(ids: readonly string[]): Promise<{ removed: number; bytesFreed: number }> {
  let removed = 0;
  let bytesFreed = 0;
  for (let first = 0; first < ids.length; first += IDS_MAX) {
    const data = await graphql<{ removeRuns: { removed: number; bytesFreed: number } }>("PageRemoveRuns", REMOVE, {
      ids: ids.slice(first, first + IDS_MAX),
    });
    removed += data.removeRuns.removed;
    bytesFreed += data.removeRuns.bytesFreed;
  }
  return { removed, bytesFreed };
}

/** How many runs are back. */
export async function restoreRuns(ids: readonly string[]): Promise<number> {
  let restored = 0;
  for (let first = 0; first < ids.length; first += IDS_MAX) {
    const data = await graphql<{ restoreRuns: { restored: number } }>("PageRestoreRuns", RESTORE, { ids: ids.slice(first, first + IDS_MAX) });
    restored += data.restoreRuns.restored;
  }
  return restored;
}
