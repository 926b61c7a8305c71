/** Every question the page asks, typed. The fields are those of the server's schema. */

import { parseObject } from "../model/json";
import { metricDefinitions, type MetricDefinition } from "../model/metrics";
import { getJson, graphql } from "./client";

export interface Session {
  readonly user: string;
  readonly entity: string;
  readonly version: string;
  readonly local: boolean;
}

export interface ProjectSummary {
  readonly name: string;
  readonly runCount: number;
  readonly lastActivityAt: string | null;
  readonly createdAt: string | null;
  readonly sizeBytes: number | null;
}

/** A run as the list needs it: small, there may be 10,000. */
export interface RunEntry {
  readonly name: string;
  readonly displayName: string;
  readonly state: string;
  readonly createdAt: string;
  readonly heartbeatAt: string | null;
  readonly group: string | null;
  readonly tags: readonly string[];
}

export interface RunDetail extends RunEntry {
  readonly id: string;
  readonly jobType: string | null;
  readonly notes: string | null;
  readonly config: string | null;
  readonly summaryMetrics: string | null;
  readonly historyLineCount: number;
  readonly eventsLineCount: number;
  readonly logLineCount: number | null;
  readonly commit: string | null;
  readonly repo: string | null;
  readonly host: string | null;
  readonly program: string | null;
  readonly exitCode: number | null;
  readonly finishedAt: string | null;
  readonly lastStep: number | null;
  readonly refusedRows: number | null;
  readonly user: { readonly name: string } | null;
}

export interface MetricKey {
  readonly key: string;
  readonly types: Readonly<Record<string, number>>;
  readonly runCount: number;
}

export interface LogLine {
  readonly number: number;
  readonly timestamp: string | null;
  readonly level: string | null;
  readonly label: string | null;
  readonly line: string;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  readonly total: number;
}

interface Edges<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

const ENTRY = "name displayName state createdAt heartbeatAt group tags";
const PROJECTS_PAGE = 200;
const RUNS_FIRST_PAGE = 100;
const RUNS_PAGE = 500;
export const RUNS_MAX = 20_000;

export function fetchSession(signal?: AbortSignal): Promise<Session> {
  return getJson<Session>("/api/session", signal);
}

const PROJECTS = `query PageProjects($entity: String!, $after: String) {
  models(entityName: $entity, first: ${PROJECTS_PAGE}, after: $after) {
    edges { node { name runCount lastActivityAt createdAt sizeBytes } cursor }
    pageInfo { endCursor hasNextPage }
  }
}`;

/** All projects of an entity, the most recently active first. */
export async function fetchProjects(entity: string, signal?: AbortSignal): Promise<ProjectSummary[]> {
  const projects: ProjectSummary[] = [];
  let after: string | null = null;
  do {
    const data: { models: Edges<ProjectSummary> | null } = await graphql("PageProjects", PROJECTS, { entity, after }, signal);
    if (!data.models) return projects;
    projects.push(...data.models.edges.map((edge) => edge.node));
    after = data.models.pageInfo.hasNextPage ? data.models.pageInfo.endCursor : null;
  } while (after !== null);
  return projects.sort((left, right) => activity(right) - activity(left) || left.name.localeCompare(right.name));
}

function activity(project: ProjectSummary): number {
  return Date.parse(project.lastActivityAt ?? project.createdAt ?? "") || 0;
}

const RUNS = `query PageRuns($entity: String!, $project: String!, $first: Int!, $after: String) {
  project(name: $project, entityName: $entity) {
    runs(first: $first, after: $after, order: "-created_at") {
      edges { node { ${ENTRY} } cursor }
      pageInfo { endCursor hasNextPage }
    }
  }
}`;

/**
 * All runs of a project, newest first; null if there is no such project.
 *
 * The first page is small and handed to `onPart` at once, so that charts are drawn before the rest is known.
 */
export async function fetchRuns(
  entity: string,
  project: string,
  onPart: (runs: readonly RunEntry[]) => void,
  signal?: AbortSignal,
): Promise<readonly RunEntry[] | null> {
  const runs: RunEntry[] = [];
  let after: string | null = null;
  let first = RUNS_FIRST_PAGE;
  do {
    const data: { project: { runs: Edges<RunEntry> } | null } = await graphql(
      "PageRuns",
      RUNS,
      { entity, project, first, after },
      signal,
    );
    if (!data.project) return null;
    const page = data.project.runs;
    runs.push(...page.edges.map((edge) => edge.node));
    after = page.pageInfo.hasNextPage ? (page.edges.at(-1)?.cursor ?? null) : null;
    first = RUNS_PAGE;
    if (after !== null) onPart([...runs]);
  } while (after !== null && runs.length < RUNS_MAX);
  return runs;
}

const NEWEST = RUNS.replace("PageRuns", "PageNewestRuns");

/** The newest runs only: what a live change may have added. */
export async function fetchNewestRuns(entity: string, project: string): Promise<readonly RunEntry[]> {
  const data = await graphql<{ project: { runs: Edges<RunEntry> } | null }>("PageNewestRuns", NEWEST, {
    entity,
    project,
    first: RUNS_FIRST_PAGE,
    after: null,
  });
  return data.project?.runs.edges.map((edge) => edge.node) ?? [];
}

const KEYS = `query PageMetricKeys($entity: String!, $project: String!, $runs: [String!]!) {
  project(name: $project, entityName: $entity) { metricColumns(runs: $runs) { keys types runCounts } }
}`;

/** Parallel arrays: of ten thousand metrics, ten thousand objects would take the server most of its time. */
interface MetricColumns {
  readonly keys: readonly string[];
  readonly types: readonly MetricKey["types"][];
  readonly runCounts: readonly number[];
}

/** Everything that these runs logged, with the types of the values. */
export async function fetchMetricKeys(
  entity: string,
  project: string,
  runs: readonly string[],
  signal?: AbortSignal,
): Promise<readonly MetricKey[]> {
  if (runs.length === 0) return [];
  const data = await graphql<{ project: { metricColumns: MetricColumns } | null }>(
    "PageMetricKeys",
    KEYS,
    { entity, project, runs },
    signal,
  );
  const columns = data.project?.metricColumns;
  if (!columns) return [];
  return columns.keys.map((key, at) => ({ key, types: columns.types[at] ?? {}, runCount: columns.runCounts[at] ?? 0 }));
}

const RUN = `query PageRun($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      id ${ENTRY} jobType notes config summaryMetrics historyLineCount eventsLineCount logLineCount commit repo host program exitCode
      finishedAt lastStep refusedRows user { name }
    }
  }
}`;

export async function fetchRun(
  entity: string,
  project: string,
  run: string,
  signal?: AbortSignal,
): Promise<RunDetail | null> {
  const data = await graphql<{ project: { run: RunDetail | null } | null }>("PageRun", RUN, { entity, project, run }, signal);
  return data.project?.run ?? null;
}

const DEFINITIONS = `query PageDefinitions($entity: String!, $project: String!, $filters: JSONString!, $first: Int!) {
  project(name: $project, entityName: $entity) {
    runs(first: $first, filters: $filters) { edges { node { wandbConfig(keys: ["m"]) } cursor } }
  }
}`;

/** What define_metric said in these runs, without repetitions. */
export async function fetchDefinitions(
  entity: string,
  project: string,
  runs: readonly string[],
  signal?: AbortSignal,
): Promise<readonly MetricDefinition[]> {
  if (runs.length === 0) return [];
  const data = await graphql<{ project: { runs: { edges: { node: { wandbConfig: string | null } }[] } } | null }>(
    "PageDefinitions",
    DEFINITIONS,
    { entity, project, filters: JSON.stringify({ name: { $in: runs } }), first: runs.length },
    signal,
  );
  const texts = new Set((data.project?.runs.edges ?? []).map((edge) => edge.node.wandbConfig ?? ""));
  return [...texts].flatMap((text) => metricDefinitions(parseObject(text)["m"]));
}

const LOG_FIELDS = "edges { node { number timestamp level label line } cursor } pageInfo { endCursor hasNextPage }";
const LOG_PAGE = `query PageLogLines($entity: String!, $project: String!, $run: String!, $first: Int, $after: String) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { logLineCount logLines(first: $first, after: $after) { ${LOG_FIELDS} } }
  }
}`;

/** Console lines from number `firstLine` on. */
export async function fetchLogLines(
  entity: string,
  project: string,
  run: string,
  firstLine: number,
  count: number,
  signal?: AbortSignal,
): Promise<LogPage> {
  const data = await graphql<{ project: { run: { logLineCount: number; logLines: Edges<LogLine> } | null } | null }>(
    "PageLogLines",
    LOG_PAGE,
    { entity, project, run, first: count, after: firstLine > 0 ? String(firstLine - 1) : null },
    signal,
  );
  const found = data.project?.run;
  return { lines: found?.logLines.edges.map((edge) => edge.node) ?? [], total: found?.logLineCount ?? 0 };
}
