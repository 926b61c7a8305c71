/** The table of runs as one value that is also its address: search, filters, order, groups, columns. */

import type { Json } from "./json";
import { quote } from "./table";

/** `name`, `state`, … or `config.<key>`, `summary.<key>`. */
export type ColumnId = string;

export type FilterOperator = "=" | "!=" | ">" | ">=" | "<" | "<=" | "contains" | "matches" | "set" | "unset";

export interface Filter {
  readonly column: ColumnId;
  readonly operator: FilterOperator;
  readonly value: string;
}

export interface RunTable {
  readonly search: string;
  readonly filters: readonly Filter[];
  readonly sort: { readonly column: ColumnId; readonly descending: boolean };
  readonly group: ColumnId | null;
  readonly aggregate: Aggregate;
  /** Null: those that the page chooses. */
  readonly columns: readonly ColumnId[] | null;
}

export type Aggregate = "mean" | "min" | "max";
export const AGGREGATES: readonly Aggregate[] = ["mean", "min", "max"];

export const OPERATORS: readonly (readonly [FilterOperator, string])[] = [
  ["=", "is"],
  ["!=", "is not"],
  [">", ">"],
  [">=", "≥"],
  ["<", "<"],
  ["<=", "≤"],
  ["contains", "contains"],
  ["matches", "matches"],
  ["set", "is set"],
  ["unset", "is not set"],
];

export const DEFAULT_RUN_TABLE: RunTable = {
  search: "",
  filters: [],
  sort: { column: "createdAt", descending: true },
  group: null,
  aggregate: "mean",
  columns: null,
};

/** Columns that every run has: title, and the attribute that the server filters and sorts by. */
export const OWN_COLUMNS: Readonly<Record<string, { readonly title: string; readonly attribute: string }>> = {
  name: { title: "Name", attribute: "display_name" },
  id: { title: "Id", attribute: "name" },
  state: { title: "State", attribute: "state" },
  createdAt: { title: "Created", attribute: "created_at" },
  runtime: { title: "Runtime", attribute: "duration" },
  user: { title: "User", attribute: "username" },
  group: { title: "Group", attribute: "group" },
  jobType: { title: "Job type", attribute: "job_type" },
  tags: { title: "Tags", attribute: "tags" },
  notes: { title: "Notes", attribute: "notes" },
};

export function columnTitle(column: ColumnId): string {
  return OWN_COLUMNS[column]?.title ?? keyOf(column);
}

/** The key of a column of config or summary. */
export function keyOf(column: ColumnId): string {
  return column.replace(/^(config|summary)\./, "");
}

export function isValueColumn(column: ColumnId): boolean {
  return /^(config|summary)\../.test(column);
}

function attributeOf(column: ColumnId): string {
  return OWN_COLUMNS[column]?.attribute ?? column.replace(/^summary\./, "summary_metrics.");
}

/** Lists cannot be sorted by; a comma would be taken for the next term. */
export function isSortable(column: ColumnId): boolean {
  return column !== "tags" && !column.includes(",");
}

export function orderOf({ column, descending }: RunTable["sort"]): string {
  return (descending ? "-" : "+") + attributeOf(column);
}

/** The filters as the server takes them. */
export function mongoOf({ filters, search }: Pick<RunTable, "filters" | "search">): Json {
  const conditions = [...filters.filter(isComplete).map(conditionOf), ...searchConditions(search)];
  return conditions.length === 0 ? {} : { $and: conditions };
}

/** A filter without a value states nothing yet. */
export function isComplete({ operator, value }: Filter): boolean {
  return operator === "set" || operator === "unset" || value.trim() !== "";
}

function conditionOf({ column, operator, value }: Filter): Json {
  const test = (condition: Json): Json => ({ [attributeOf(column)]: condition });
  switch (operator) {
    case "set":
      return test({ $ne: null });
    case "unset":
      return test(null);
    case "contains":
      return test({ $regex: `(?i)${escapeExpression(value)}` });
    case "matches":
      return test({ $regex: value });
    case "=":
      return test({ $in: meanings(value) });
    case "!=":
      return test({ $nin: meanings(value) });
    default: {
      const names = { ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte" } as const;
      return test({ [names[operator]]: meanings(value)[0] ?? value });
    }
  }
}

/** What somebody may mean who writes this: a number or a truth value where it reads as one, and the text. */
function meanings(value: string): Json[] {
  const trimmed = value.trim();
  if (/^true$/i.test(trimmed)) return [true, trimmed];
  if (/^false$/i.test(trimmed)) return [false, trimmed];
  const number = Number(trimmed);
  return trimmed !== "" && Number.isFinite(number) ? [number, trimmed] : [trimmed];
}

/** Words in the name, the id or a tag; or an expression after a slash. */
function searchConditions(search: string): Json[] {
  const trimmed = search.trim();
  if (trimmed === "" || trimmed === "/") return [];
  const patterns = trimmed.startsWith("/")
    ? [`(?i)${trimmed.slice(1).replace(/\/[imsu]*$/, "")}`]
    : trimmed.split(/\s+/).map((word) => `(?i)${escapeExpression(word)}`);
  return patterns.map((pattern) => ({
    $or: ["display_name", "name", "tags"].map((attribute) => ({ [attribute]: { $regex: pattern } })),
  }));
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export function parseRunTable(query: string): RunTable {
  const values = new URLSearchParams(query);
  const sort = values.get("sort");
  const aggregate = AGGREGATES.find((name) => name === values.get("show"));
  return {
    search: values.get("q") ?? "",
    filters: values.getAll("filter").flatMap(parseFilter),
    sort: sort ? { column: sort.replace(/^-/, ""), descending: sort.startsWith("-") } : DEFAULT_RUN_TABLE.sort,
    group: values.get("group"),
    aggregate: aggregate ?? "mean",
    columns: values.has("column") ? values.getAll("column").filter((column) => column !== "") : null,
  };
}

/** The query without its question mark, "" for the default. */
export function formatRunTable(table: RunTable): string {
  const values = new URLSearchParams();
  if (table.search !== "") values.append("q", table.search);
  for (const { column, operator, value } of table.filters) values.append("filter", JSON.stringify([column, operator, value]));
  const { column, descending } = table.sort;
  if (column !== DEFAULT_RUN_TABLE.sort.column || !descending) values.append("sort", (descending ? "-" : "") + column);
  if (table.group !== null) values.append("group", table.group);
  if (table.aggregate !== "mean") values.append("show", table.aggregate);
  // An empty list is a choice too.
  for (const one of table.columns?.length === 0 ? [""] : (table.columns ?? [])) values.append("column", one);
  return values.toString().replaceAll("%2F", "/");
}

function parseFilter(text: string): Filter[] {
  try {
    const [column, operator, value] = JSON.parse(text) as unknown[];
    const known = OPERATORS.find(([name]) => name === operator)?.[0];
    return typeof column === "string" && known !== undefined && typeof value === "string" ? [{ column, operator: known, value }] : [];
  } catch {
    return [];
  }
}

/** A run as a row: what every run has, and a cell for each column of config and summary that was asked for. */
export interface TableRun {
  readonly storageId: string;
  readonly id: string;
  readonly name: string;
  readonly cells: Readonly<Record<ColumnId, Json>>;
}

export interface RunGroup {
  readonly label: string;
  readonly runs: readonly TableRun[];
}

/** Runs by the value of a column, in the order in which values first come. */
export function groupRuns(runs: readonly TableRun[], column: ColumnId): RunGroup[] {
  const groups = new Map<string, TableRun[]>();
  for (const run of runs) {
    const label = labelOf(run.cells[column]);
    const group = groups.get(label);
    if (group) group.push(run);
    else groups.set(label, [run]);
  }
  return [...groups].map(([label, members]) => ({ label, runs: members }));
}

export function labelOf(cell: Json | undefined): string {
  if (cell == null || cell === "") return "(none)";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

/** Mean, lowest or highest of the finite numbers of a column; null without any. */
export function aggregateOf(runs: readonly TableRun[], column: ColumnId, aggregate: Aggregate): number | null {
  const numbers = runs.map((run) => run.cells[column]).filter((cell): cell is number => typeof cell === "number" && Number.isFinite(cell));
  if (numbers.length === 0) return null;
  if (aggregate === "mean") return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return numbers.reduce((best, number) => (aggregate === "min" ? Math.min(best, number) : Math.max(best, number)));
}

/** All runs as CSV: id, name and the chosen columns. */
export function runsToCsv(runs: readonly TableRun[], columns: readonly ColumnId[]): string {
  const chosen = columns.filter((column) => column !== "name" && column !== "id");
  const head = ["id", "name", ...chosen].map(quote).join(",");
  const lines = runs.map((run) =>
    [run.id, run.name, ...chosen.map((column) => cellText(run.cells[column]))].map(quote).join(","),
  );
  return [head, ...lines].join("\r\n") + "\r\n";
}

function cellText(cell: Json | undefined): string {
  if (cell == null) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

/** The columns that are shown before anybody chose: the most frequent ones that are no internals. */
export function chooseColumns(known: readonly { readonly section: string; readonly key: string }[]): ColumnId[] {
  const of = (section: string, count: number): ColumnId[] =>
    known.filter((column) => column.section === section && !/^_|[./]_/.test(column.key)).slice(0, count).map((column) => `${section}.${column.key}`);
  return ["state", "createdAt", "runtime", ...of("config", 6), ...of("summary", 8)];
}
