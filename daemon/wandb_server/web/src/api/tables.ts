/** Tables of runs, loaded from the file in the run or, where that lacks something, from the artifact. */

import { useQueries, type UseQueryResult } from "@tanstack/react-query";
import { isObject, type Json } from "../model/json";
import { fileAddress, type MediaSource } from "../model/media";
import { concatTables, lacksMedia, readTable, type TableData } from "../model/table";
import { fetchArtifactEntry, fetchJsonFile, type MediaValue } from "./media_queries";

export interface LoadedTable {
  readonly table: TableData;
  /** Where the media of its cells lie. */
  readonly source: MediaSource;
  /** Rows that the table has but this file does not. */
  readonly missingRows: number;
  /** Why cells are without their media; null: they are not. */
  readonly note: string | null;
}

interface Place {
  readonly entity: string;
  readonly project: string;
}

/** The tables of these values, one per run, in their order. */
export function useRunTables(place: Place, values: readonly MediaValue[]): UseQueryResult<LoadedTable>[] {
  return useQueries({
    queries: values.map((value) => ({
      queryKey: ["run-table", place.entity, place.project, value.run, value.value],
      queryFn: ({ signal }: { signal: AbortSignal }) => loadRunTable(place, value, signal),
      staleTime: Infinity,
      gcTime: 60_000,
    })),
  });
}

/** Load the table of a typed value. Throws RequestFailed, or an Error in words for people. */
export async function loadRunTable(place: Place, { run, value }: MediaValue, signal?: AbortSignal): Promise<LoadedTable> {
  if (!isObject(value)) throw new Error("the value is not a table");
  const type = value["_type"];
  const source: MediaSource = { kind: "run", ...place, run };
  if (type === "joined-table") return joined(text(value["artifact_path"]), signal);
  if (type === "partitioned-table") throw new Error("partitioned tables are not shown here; read them with the public API");
  const path = text(value["path"]);
  const artifact = text(value["artifact_path"]) ?? text(value["_latest_artifact_path"]);
  if (path === null) return typed(artifact, signal);
  const table = readTable(await fetchJsonFile(fileAddress(source, path), signal));
  const rows = typeof value["nrows"] === "number" ? value["nrows"] : table.rows.length;
  const missingRows = Math.max(0, rows - table.rows.length);
  if (!lacksMedia(table) && missingRows === 0) return { table, source, missingRows, note: null };
  try {
    return await typed(artifact, signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    return { table, source, missingRows, note: error instanceof Error ? error.message : String(error) };
  }
}

async function typed(uri: string | null, signal?: AbortSignal): Promise<LoadedTable> {
  if (uri === null) throw new Error("the table names no artifact");
  const { root } = splitUri(uri);
  return { table: readTable(await fetchEntry(uri, signal)), source: { kind: "artifact", root }, missingRows: 0, note: null };
}

async function fetchEntry(uri: string, signal?: AbortSignal): Promise<Json> {
  const entry = await fetchArtifactEntry(uri);
  if (!entry) throw new Error("its artifact is not on the server yet");
  return fetchJsonFile(entry.address, signal);
}

/** Two tables side by side, by the key that they share. */
async function joined(uri: string | null, signal?: AbortSignal): Promise<LoadedTable> {
  if (uri === null) throw new Error("the table names no artifact");
  const { root } = splitUri(uri);
  const document = await fetchEntry(uri, signal);
  const [key, first, second] = ["join_key", "table1", "table2"].map((name) => (isObject(document) ? text(document[name]) : null));
  if (!key || !first || !second) throw new Error("the file is not a joined table");
  const [one, two] = await Promise.all([first, second].map(async (name) => readTable(await fetchEntry(`${root}/${name}`, signal))));
  if (!one || !two) throw new Error("the joined tables are missing");
  return { table: joinTables(one, two, key), source: { kind: "artifact", root }, missingRows: 0, note: null };
}

function joinTables(one: TableData, two: TableData, key: string): TableData {
  const place = (table: TableData): number => table.columns.findIndex((column) => column.name === key);
  const [left, right] = [place(one), place(two)];
  if (left < 0 || right < 0) throw new Error(`the column ${key} is missing`);
  const others = new Map(two.rows.map((row) => [JSON.stringify(row[right] ?? null), row]));
  const rest = two.columns.filter((_, index) => index !== right);
  const names = new Set(rest.map((column) => column.name));
  const columns = [
    ...one.columns.map((column, index) => (index !== left && names.has(column.name) ? { ...column, name: `${column.name} (1)` } : column)),
    ...rest.map((column) => (one.columns.some((other) => other.name === column.name) ? { ...column, name: `${column.name} (2)` } : column)),
  ];
  const rows = one.rows.map((row) => {
    const other = others.get(JSON.stringify(row[left] ?? null));
    return [...row, ...rest.map((column) => other?.[two.columns.indexOf(column)] ?? null)];
  });
  return { columns, rows };
}

/** `wandb-artifact://id/some/path` in two. */
function splitUri(uri: string): { root: string; path: string } {
  const match = /^([a-z-]+:\/\/[^/]+)\/(.*)$/.exec(uri);
  return { root: match?.[1] ?? uri, path: match?.[2] ?? "" };
}

/** The tables of several runs as one, with a column that says whose a row is. */
export function joinRuns(loaded: readonly { readonly name: string; readonly table: TableData }[]): TableData {
  const only = loaded[0];
  return loaded.length === 1 && only ? only.table : concatTables("run", loaded);
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
