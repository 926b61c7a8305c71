/** Tables as files hold them: columns, typed where the file says so, and rows to sort, filter and save. */

import { isObject, plainText, type Json } from "./json";

/** What cells of a column are: text, number, boolean, timestamp, or the `_type` of media. */
export type CellType = string;

export interface Column {
  readonly name: string;
  readonly type: CellType;
}

export interface TableData {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Json[])[];
}

export interface Sort {
  readonly column: number;
  readonly descending: boolean;
}

const SAMPLE_ROWS = 200;
const CLASS_NAMES: ReadonlySet<string> = new Set(["Image", "Audio", "Video", "Html", "Object3D", "Molecule", "Plotly", "Bokeh"]);

/** A table file in either form. Throws when it is none. */
export function readTable(document: Json): TableData {
  if (!isObject(document) || !Array.isArray(document["columns"]) || !Array.isArray(document["data"])) {
    throw new Error("the file is not a table");
  }
  const names = document["columns"].map((name) => plainText(name));
  const rows = document["data"].filter((row): row is Json[] => Array.isArray(row));
  const typed = typeMap(document["column_types"]);
  return { columns: names.map((name, index) => ({ name, type: typed[name] ?? guessType(rows, index) })), rows };
}

/** Column types of a typed table: optional ones are what they are when they are there. */
function typeMap(types: Json | undefined): Record<string, CellType> {
  const params = isObject(types) ? types["params"] : null;
  const map = isObject(params) ? params["type_map"] : null;
  if (!isObject(map)) return {};
  return Object.fromEntries(Object.entries(map).map(([name, type]) => [name, cellType(type)]));
}

function cellType(type: Json): CellType {
  if (!isObject(type)) return "any";
  const name = typeof type["wb_type"] === "string" ? type["wb_type"] : "any";
  const params = isObject(type["params"]) ? type["params"] : {};
  if (name !== "union" || !Array.isArray(params["allowed_types"])) return name;
  const real = params["allowed_types"].map(cellType).filter((one) => one !== "none");
  return real.length === 1 ? (real[0] ?? "any") : "any";
}

function guessType(rows: readonly (readonly Json[])[], column: number): CellType {
  const kinds = new Set<CellType>();
  for (const row of rows.slice(0, SAMPLE_ROWS)) {
    const cell = row[column];
    if (cell == null) continue;
    if (isObject(cell) && typeof cell["_type"] === "string") kinds.add(cell["_type"]);
    else kinds.add(typeof cell === "object" ? "list" : typeof cell);
  }
  return kinds.size === 1 ? ([...kinds][0] ?? "any") : "any";
}

/** Whether media cells were replaced by the names of their classes, as the short form does. */
export function lacksMedia({ columns, rows }: TableData): boolean {
  return columns.some((column, index) => {
    if (column.type !== "string") return false;
    const cells = rows.slice(0, SAMPLE_ROWS).map((row) => row[index]).filter((cell) => cell !== null);
    return cells.length > 0 && cells.every((cell) => typeof cell === "string" && CLASS_NAMES.has(cell));
  });
}

/** A cell as people read it, search it and save it. */
export function cellText(cell: Json | undefined, type: CellType): string {
  if (cell == null) return "";
  if (type === "timestamp" && typeof cell === "number") return new Date(cell).toISOString();
  if (typeof cell === "string") return cell;
  if (isObject(cell) && typeof cell["_type"] === "string") {
    const said = cell["caption"] ?? cell["path"];
    return typeof said === "string" ? said : cell["_type"];
  }
  return typeof cell === "number" ? String(cell) : JSON.stringify(cell);
}

const natural = new Intl.Collator(undefined, { numeric: true });

/** Indices of rows in order; what is absent comes last either way. Stable. */
export function sortRows(table: TableData, indices: readonly number[], sort: Sort | null): readonly number[] {
  const column = sort && table.columns[sort.column];
  if (!sort || !column) return indices;
  const sign = sort.descending ? -1 : 1;
  const keyed = indices.map((index) => ({ index, key: sortKey(table.rows[index]?.[sort.column], column.type) }));
  keyed.sort((left, right) => {
    if (left.key === null || right.key === null) return Number(left.key === null) - Number(right.key === null);
    if (typeof left.key === "number" && typeof right.key === "number") return sign * (left.key - right.key);
    return sign * natural.compare(String(left.key), String(right.key));
  });
  return keyed.map((entry) => entry.index);
}

function sortKey(cell: Json | undefined, type: CellType): number | string | null {
  if (cell == null || (typeof cell === "number" && Number.isNaN(cell))) return null;
  if (typeof cell === "number") return cell;
  return typeof cell === "boolean" ? Number(cell) : cellText(cell, type);
}

/** Indices of rows in which a text is found: in one column, or in any. */
export function filterRows(table: TableData, matches: (text: string) => boolean, column: number | null): number[] {
  const found: number[] = [];
  table.rows.forEach((row, index) => {
    const cells = column === null ? row : [row[column]];
    const offset = column ?? 0;
    if (cells.some((cell, at) => matches(cellText(cell, table.columns[offset + at]?.type ?? "any")))) found.push(index);
  });
  return found;
}

/** Several tables below each other: columns by name, the first one tells where a row is from. */
export function concatTables(label: string, tables: readonly { readonly name: string; readonly table: TableData }[]): TableData {
  const names = [...new Set(tables.flatMap(({ table }) => table.columns.map((column) => column.name)))];
  const columns = names.map((name) => {
    const types = new Set(tables.flatMap(({ table }) => table.columns.filter((one) => one.name === name).map((one) => one.type)));
    return { name, type: types.size === 1 ? ([...types][0] ?? "any") : "any" };
  });
  const rows = tables.flatMap(({ name, table }) => {
    const places = names.map((column) => table.columns.findIndex((one) => one.name === column));
    return table.rows.map((row) => [name, ...places.map((place) => (place < 0 ? null : (row[place] ?? null)))]);
  });
  return { columns: [{ name: label, type: "string" }, ...columns], rows };
}

/** The rows as CSV (RFC 4180). */
export function toCsv(table: TableData, indices: readonly number[]): string {
  const head = table.columns.map((column) => quote(column.name)).join(",");
  const lines = indices.map((index) =>
    (table.rows[index] ?? []).map((cell, at) => quote(cellText(cell, table.columns[at]?.type ?? "any"))).join(","),
  );
  return [head, ...lines].join("\r\n") + "\r\n";
}

/** A field of CSV; what a spreadsheet would take for a formula is marked as text. */
export function quote(field: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
