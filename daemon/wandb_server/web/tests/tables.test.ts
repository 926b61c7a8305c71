import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, test } from "vitest";
import {
  aggregateOf,
  chooseColumns,
  DEFAULT_RUN_TABLE,
  formatRunTable,
  groupRuns,
  mongoOf,
  orderOf,
  parseRunTable,
  runsToCsv,
  type RunTable,
  type TableRun,
} from "../src/model/run_table";
import { cellText, concatTables, filterRows, lacksMedia, readTable, sortRows, toCsv } from "../src/model/table";
import { isKnownPreset, RUN_FIELD, specOf } from "../src/model/vega_specs";
import { customCharts } from "../src/model/visualize";

const typed = {
  _type: "table",
  columns: ["id", "image", "when"],
  data: [[2, { _type: "image-file", path: "media/images/a.png" }, 0], [10, null, 86_400_000], [null, null, null]],
  column_types: {
    wb_type: "typedDict",
    params: {
      type_map: {
        id: { wb_type: "union", params: { allowed_types: [{ wb_type: "none" }, { wb_type: "number" }] } },
        image: { wb_type: "union", params: { allowed_types: [{ wb_type: "image-file", params: {} }, { wb_type: "none" }] } },
        when: { wb_type: "timestamp" },
      },
    },
  },
};

describe("table files", () => {
  test("types come from the file, or from the cells", () => {
    expect(readTable(typed).columns.map((column) => column.type)).toEqual(["number", "image-file", "timestamp"]);
    const simple = readTable({ columns: ["a", "b", 3], data: [[1, "x", true], [NaN, null, false]] });
    expect(simple.columns).toEqual([{ name: "a", type: "number" }, { name: "b", type: "string" }, { name: "3", type: "boolean" }]);
    expect(() => readTable({ data: [] })).toThrow("not a table");
  });

  test("a short form whose cells were media says so", () => {
    expect(lacksMedia(readTable({ columns: ["i"], data: [["Image"], ["Image"]] }))).toBe(true);
    expect(lacksMedia(readTable({ columns: ["i"], data: [["Image"], ["a word"]] }))).toBe(false);
    expect(lacksMedia(readTable({ columns: ["i"], data: [] }))).toBe(false);
  });

  test("sorting is by number, by text as people count, and absent ones are last", () => {
    const table = readTable({ columns: ["n", "s"], data: [[10, "r10"], [2, "r9"], [null, "r1"], [NaN, "r2"]] });
    const all = [0, 1, 2, 3];
    expect(sortRows(table, all, { column: 0, descending: false })).toEqual([1, 0, 2, 3]);
    expect(sortRows(table, all, { column: 0, descending: true })).toEqual([0, 1, 2, 3]);
    expect(sortRows(table, all, { column: 1, descending: false })).toEqual([2, 3, 1, 0]);
    expect(sortRows(table, all, null)).toEqual(all);
  });

  test("rows are found in one column or in any", () => {
    const table = readTable({ columns: ["a", "b"], data: [["cat", "x"], ["dog", "cat"]] });
    expect(filterRows(table, (text) => text.includes("cat"), null)).toEqual([0, 1]);
    expect(filterRows(table, (text) => text.includes("cat"), 1)).toEqual([1]);
  });

  test("tables of several runs stand below each other, columns by name", () => {
    const one = readTable({ columns: ["a", "b"], data: [[1, 2]] });
    const two = readTable({ columns: ["b", "c"], data: [[3, "z"]] });
    const both = concatTables("run", [{ name: "r1", table: one }, { name: "r2", table: two }]);
    expect(both.columns.map((column) => column.name)).toEqual(["run", "a", "b", "c"]);
    expect(both.rows).toEqual([["r1", 1, 2, null], ["r2", null, 3, "z"]]);
  });

  test("CSV is quoted, and no spreadsheet takes a cell for a formula", () => {
    const table = readTable({ columns: ["a,b", "c"], data: [['say "hi"', "=1+1"], ["two\nlines", "-5"], [-5, "@x"]] });
    expect(toCsv(table, [0, 1, 2])).toBe('"a,b",c\r\n"say ""hi""",\'=1+1\r\n"two\nlines",-5\r\n-5,\'@x\r\n');
    expect(cellText(86_400_000, "timestamp")).toBe("1970-01-02T00:00:00.000Z");
  });
});

describe("the table of runs", () => {
  test("everything is written into the address and read back", () => {
    const table: RunTable = {
      search: "/a b",
      filters: [{ column: "config.lr", operator: ">", value: "0.1" }, { column: "tags", operator: "unset", value: "" }],
      sort: { column: "summary.val/loss", descending: false },
      group: "config.opt.name",
      aggregate: "max",
      columns: ["state", "summary.val/loss"],
    };
    expect(parseRunTable(formatRunTable(table))).toEqual(table);
    expect(formatRunTable(DEFAULT_RUN_TABLE)).toBe("");
    expect(parseRunTable(formatRunTable({ ...table, columns: [] })).columns).toEqual([]);
    expect(parseRunTable("filter=nonsense&filter=[1,2,3]&show=x")).toEqual(DEFAULT_RUN_TABLE);
  });

  test("filters are what the public API takes", () => {
    const of = (column: string, operator: never, value: string): unknown => mongoOf({ search: "", filters: [{ column, operator, value }] });
    expect(of("config.lr", "=" as never, "0.1")).toEqual({ $and: [{ "config.lr": { $in: [0.1, "0.1"] } }] });
    expect(of("summary.loss", "<=" as never, "3")).toEqual({ $and: [{ "summary_metrics.loss": { $lte: 3 } }] });
    expect(of("config.flag", "!=" as never, "true")).toEqual({ $and: [{ "config.flag": { $nin: [true, "true"] } }] });
    expect(of("name", "contains" as never, "a.b")).toEqual({ $and: [{ display_name: { $regex: "(?i)a\\.b" } }] });
    expect(of("notes", "unset" as never, "")).toEqual({ $and: [{ notes: null }] });
    expect(of("config.lr", ">" as never, " ")).toEqual({});
    expect(mongoOf({ filters: [], search: "/^run-\\d+/" })).toEqual({
      $and: [{ $or: ["display_name", "name", "tags"].map((attribute) => ({ [attribute]: { $regex: "(?i)^run-\\d+" } })) }],
    });
    expect(orderOf({ column: "summary.a.b", descending: true })).toBe("-summary_metrics.a.b");
  });

  const run = (id: string, lr: number | string | null, loss: number | null): TableRun => ({
    storageId: id, id, name: `run ${id}`, cells: { "config.lr": lr, "summary.loss": loss },
  });
  const runs = [run("a", 0.1, 1), run("b", 0.2, 5), run("c", 0.1, 3), run("d", null, NaN)];

  test("groups keep the order of the runs, and tell mean, lowest and highest", () => {
    const groups = groupRuns(runs, "config.lr");
    expect(groups.map(({ label, runs: members }) => [label, members.map((one) => one.id)])).toEqual([["0.1", ["a", "c"]], ["0.2", ["b"]], ["(none)", ["d"]]]);
    const first = groups[0]?.runs ?? [];
    expect((["mean", "min", "max"] as const).map((name) => aggregateOf(first, "summary.loss", name))).toEqual([2, 1, 3]);
    expect(aggregateOf(groups[2]?.runs ?? [], "summary.loss", "mean")).toBeNull();
  });

  test("CSV has the chosen columns", () => {
    expect(runsToCsv(runs.slice(0, 2), ["name", "summary.loss"])).toBe("id,name,summary.loss\r\na,run a,1\r\nb,run b,5\r\n");
  });

  test("internals are not shown before anybody asks", () => {
    const known = [["summary", "_runtime"], ["summary", "loss"], ["config", "lr"], ["summary", "_wandb.runtime"]].map(([section = "", key = ""]) => ({ section, key }));
    expect(chooseColumns(known)).toEqual(["state", "createdAt", "runtime", "config.lr", "summary.loss"]);
  });
});

describe("custom charts", () => {
  const panel = (panelDefId: string, fieldSettings: Record<string, string>) => ({
    panel_type: "Vega2",
    panel_config: {
      panelDefId, fieldSettings, stringSettings: { title: "T" }, transform: { name: "tableWithLeafColNames" },
      userQuery: { queryFields: [{ name: "runSets", fields: [{ name: "summaryTable", args: [{ name: "tableKey", value: "Custom Chart Tables/k_table" }] }] }] },
    },
  });

  test("the table's key is where the query says", () => {
    expect(customCharts({ k: panel("wandb/line/v0", { x: "a", y: "b" }), other: { panel_type: "X" } })).toEqual([
      { key: "k", tableKey: "Custom Chart Tables/k_table", preset: "wandb/line/v0", fields: { x: "a", y: "b" }, strings: { title: "T" } },
    ]);
    expect(customCharts({ k: { id: "me/x", historyFieldSettings: { "x-axis": "_step", key: "t" } } })[0]).toMatchObject({ tableKey: "t", preset: "me/x" });
  });

  test.each([
    ["wandb/line/v0", { x: "a.b", y: "y" }],
    ["wandb/scatter/v0", { x: "a.b", y: "y" }],
    ["wandb/bar/v0", { label: "a.b", value: "y" }],
    ["wandb/histogram/v0", { value: "a.b" }],
    ["wandb/lineseries/v0", { step: "a.b", lineKey: "k", lineVal: "y" }],
    ["wandb/area-under-curve/v0", { x: "a.b", y: "y", class: "k" }],
    ["wandb/confusion_matrix/v1", { Actual: "a.b", Predicted: "k", nPredictions: "y" }],
  ])("%s compiles for one run and for several, whatever its columns are called", (preset, fields) => {
    const [chart] = customCharts({ k: panel(preset, fields) });
    for (const names of [["r1"], ["r1", "r2"]]) {
      const runs = names.map((name) => ({ name, colour: "#123456" }));
      const spec = chart && specOf(chart, ["a.b", "y", "k"], runs);
      expect(spec).not.toBeNull();
      const rows = names.flatMap((name) => [{ "a.b": 1, y: 2, k: "u", [RUN_FIELD]: name }]);
      const whole = { ...spec, data: { values: rows }, params: [{ name: "plainText", value: "#000" }, { name: "accentText", value: "#fff" }] };
      expect(() => compile(whole as unknown as TopLevelSpec)).not.toThrow();
    }
    expect(chart && specOf(chart, ["none"], [{ name: "r", colour: "#000000" }])).toBeNull();
  });

  test("a confusion matrix's colours begin at 0, or the text of its smallest counts is not readable", () => {
    const [chart] = customCharts({ k: panel("wandb/confusion_matrix/v1", { Actual: "a", Predicted: "p", nPredictions: "n" }) });
    const spec = chart && specOf(chart, ["a", "p", "n"], [{ name: "r", colour: "#123456" }]);
    const rows = [{ a: "x", p: "x", n: 15 }, { a: "x", p: "y", n: 9 }];
    const whole = { ...spec, data: { values: rows }, params: [{ name: "plainText", value: "#000" }, { name: "accentText", value: "#fff" }] };
    const scales = compile(whole as unknown as TopLevelSpec).spec.scales ?? [];
    expect(scales.find((scale) => scale.name === "color")).toMatchObject({ domainMin: 0 });
  });

  test("somebody's own chart is not known", () => expect(isKnownPreset("me/strange")).toBe(false));
});
