/** What media panels ask: which steps a key has, what it is there, files, and entries of artifacts. */

import { parseJson, parseObject, type Json } from "../model/json";
import { graphql, RequestFailed } from "./client";

export interface MediaValue {
  readonly run: string;
  readonly step: number;
  readonly value: Json;
}

const STEPS = `query PageMediaSteps($entity: String!, $project: String!, $runs: [String!]!, $key: String!) {
  project(name: $project, entityName: $entity) { mediaSteps(runs: $runs, key: $key) { run steps } }
}`;

/** Ascending steps by run, of the runs that have the key. */
export async function fetchMediaSteps(
  entity: string,
  project: string,
  key: string,
  runs: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const data = await graphql<{ project: { mediaSteps: { run: string; steps: number[] }[] } | null }>(
    "PageMediaSteps",
    STEPS,
    { entity, project, key, runs },
    signal,
  );
  return new Map((data.project?.mediaSteps ?? []).map((entry) => [entry.run, entry.steps]));
}

const AT = `query PageMediaAt($entity: String!, $project: String!, $runs: [String!]!, $key: String!, $step: Int64) {
  project(name: $project, entityName: $entity) { mediaAt(runs: $runs, key: $key, step: $step) { run step value } }
}`;

/** Of each run the value at its last step up to `step`. */
export async function fetchMediaAt(
  entity: string,
  project: string,
  key: string,
  runs: readonly string[],
  step: number,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, MediaValue>> {
  const data = await graphql<{ project: { mediaAt: MediaValue[] } | null }>(
    "PageMediaAt",
    AT,
    { entity, project, key, runs, step },
    signal,
  );
  return new Map((data.project?.mediaAt ?? []).map((value) => [value.run, value]));
}

const ROWS = `query PageMediaRows($entity: String!, $project: String!, $run: String!, $key: String!, $count: Int!) {
  project(name: $project, entityName: $entity) {
    mediaRows(run: $run, key: $key, count: $count) { total rows { run step value } }
  }
}`;

/** Values of one run evenly over its steps. */
export async function fetchMediaRows(
  entity: string,
  project: string,
  key: string,
  run: string,
  count: number,
  signal?: AbortSignal,
): Promise<readonly MediaValue[]> {
  const data = await graphql<{ project: { mediaRows: { rows: MediaValue[] } } | null }>(
    "PageMediaRows",
    ROWS,
    { entity, project, key, run, count },
    signal,
  );
  return data.project?.mediaRows.rows ?? [];
}

const SAID = `query PageMediaConfig($entity: String!, $project: String!, $filters: JSONString!, $first: Int!) {
  project(name: $project, entityName: $entity) {
    runs(first: $first, filters: $filters) {
      edges { node { name wandbConfig(keys: ["visualize", "mask/class_labels", "bounding_box/class_labels"]) } cursor }
    }
  }
}`;

/** What runs say about their custom charts and classes, by run. */
export async function fetchMediaConfigs(
  entity: string,
  project: string,
  runs: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Record<string, Json>>> {
  if (runs.length === 0) return new Map();
  const data = await graphql<{ project: { runs: { edges: { node: { name: string; wandbConfig: string | null } }[] } } | null }>(
    "PageMediaConfig",
    SAID,
    { entity, project, filters: JSON.stringify({ name: { $in: runs } }), first: runs.length },
    signal,
  );
  return new Map((data.project?.runs.edges ?? []).map(({ node }) => [node.name, parseObject(node.wandbConfig)]));
}

const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** A file as text. Throws RequestFailed. */
export async function fetchText(address: string, signal?: AbortSignal): Promise<string> {
  return (await fetchFile(address, signal)).text();
}

/** A JSON file; bare NaN is read too. Throws RequestFailed. */
export async function fetchJsonFile(address: string, signal?: AbortSignal): Promise<Json> {
  const text = await fetchText(address, signal);
  try {
    return parseJson(text);
  } catch {
    throw new RequestFailed("the file is not JSON", 200);
  }
}

export async function fetchFile(address: string, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed("the server cannot be reached", 0);
  }
  if (answer.status === 404) throw new RequestFailed("the file is not on the server (not uploaded yet, or deleted)", 404);
  if (!answer.ok) throw new RequestFailed(`the server answered with status ${answer.status}`, answer.status);
  if (Number(answer.headers.get("Content-Length") ?? 0) > FILE_BYTES_MAX) {
    throw new RequestFailed("the file is too large to be shown", 200);
  }
  return answer;
}

export interface ArtifactEntry {
  /** Path and query: the page may be open under another name than the server gives. */
  readonly address: string;
  readonly sizeBytes: number | null;
}

const WAIT_MS = 10;
const BATCH_MAX = 100;
interface Waiting {
  readonly uri: string;
  readonly resolve: (entry: ArtifactEntry | null) => void;
  readonly reject: (error: unknown) => void;
}
let waiting: Waiting[] = [];

/** An entry of an artifact by its URI; null if there is none. Questions of one moment are one request. */
export function fetchArtifactEntry(uri: string): Promise<ArtifactEntry | null> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setTimeout(askEntries, WAIT_MS);
    waiting.push({ uri, resolve, reject });
  });
}

function askEntries(): void {
  const all = waiting;
  waiting = [];
  for (let first = 0; first < all.length; first += BATCH_MAX) void askBatch(all.slice(first, first + BATCH_MAX));
}

async function askBatch(batch: readonly Waiting[]): Promise<void> {
  const declared = batch.map((_, index) => `$uri${index}: String!`).join(", ");
  const selected = batch.map((_, index) => `entry${index}: artifactEntry(uri: $uri${index}) { directUrl sizeBytes }`).join("\n");
  const variables = Object.fromEntries(batch.map(({ uri }, index) => [`uri${index}`, uri]));
  try {
    const query = `query PageArtifactEntries(${declared}) {\n${selected}\n}`;
    const data = await graphql<Record<string, { directUrl: string | null; sizeBytes: number | null } | null>>(
      "PageArtifactEntries",
      query,
      variables,
    );
    batch.forEach(({ resolve }, index) => {
      const entry = data[`entry${index}`];
      resolve(entry?.directUrl ? { address: ownAddress(entry.directUrl), sizeBytes: entry.sizeBytes } : null);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

/** Path and query of an address of the server. */
export function ownAddress(url: string): string {
  const parsed = new URL(url, window.location.origin);
  return parsed.pathname + parsed.search;
}
