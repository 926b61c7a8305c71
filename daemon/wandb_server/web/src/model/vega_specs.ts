/** Our own Vega-Lite specifications for the presets of `wandb.plot`, over rows that carry their run's name. */

import type { CustomChart } from "./visualize";

type Spec = Record<string, unknown>;
type Field = (name: string) => string | null;

export const RUN_FIELD = "run name";
const MOST = "__most";

/** What a specification is made for: fields that are there, and whether several runs are shown. */
interface Choice {
  readonly field: Field;
  readonly string: (name: string) => string | undefined;
  readonly several: boolean;
  readonly runs: readonly { readonly name: string; readonly colour: string }[];
}

const PRESETS: Readonly<Record<string, (choice: Choice) => Spec | null>> = {
  "wandb/line/v0": line,
  "wandb/scatter/v0": scatter,
  "wandb/bar/v0": bar,
  "wandb/histogram/v0": histogram,
  "wandb/lineseries/v0": lineSeries,
  "wandb/area-under-curve/v0": areaUnderCurve,
  "wandb/confusion_matrix/v0": confusionMatrix,
  "wandb/confusion_matrix/v1": confusionMatrix,
};

export function isKnownPreset(preset: string): boolean {
  return preset in PRESETS;
}

/** The specification without data and size; null when the preset is unknown or a column it needs is missing. */
export function specOf(
  chart: CustomChart,
  columns: readonly string[],
  runs: readonly { readonly name: string; readonly colour: string }[],
): Spec | null {
  const field: Field = (name) => {
    const column = chart.fields[name];
    if (column !== undefined) return columns.includes(column) ? escape(column) : null;
    return columns.includes(name) ? escape(name) : null;
  };
  const choice: Choice = { field, string: (name) => chart.strings[name] || undefined, several: runs.length > 1, runs };
  return PRESETS[chart.preset]?.(choice) ?? null;
}

/** Dots and brackets in a column's name are part of it. */
function escape(column: string): string {
  return column.replace(/[.[\]\\'"]/g, "\\$&");
}

function plain(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}

function axis(field: string, type: string, title?: string): Spec {
  return { field, type, title: title ?? plain(field), ...(type === "quantitative" ? { scale: { zero: false } } : {}) };
}

function byRun({ runs }: Choice): Spec {
  return {
    field: escape(RUN_FIELD),
    type: "nominal",
    title: "run",
    scale: { domain: runs.map((run) => run.name), range: runs.map((run) => run.colour) },
    // The list of runs is the legend.
    legend: null,
  };
}

/** Colour says the series; with several runs a run has its colour and a series its dash. */
function series(choice: Choice, stroke: string | null): Spec {
  if (stroke === null) return { color: byRun(choice) };
  if (!choice.several) return { color: { field: stroke, type: "nominal", title: plain(stroke) } };
  return { color: byRun(choice), strokeDash: { field: stroke, type: "nominal", title: plain(stroke) } };
}

function line(choice: Choice): Spec | null {
  const [x, y] = [choice.field("x"), choice.field("y")];
  if (x === null || y === null) return null;
  return curve(choice, x, y, choice.field("stroke"));
}

function curve(choice: Choice, x: string, y: string, stroke: string | null, titles: { x?: string; y?: string } = {}): Spec {
  return {
    mark: { type: "line", tooltip: { content: "data" }, point: false },
    encoding: { x: axis(x, "quantitative", titles.x), y: axis(y, "quantitative", titles.y), ...series(choice, stroke) },
  };
}

function scatter(choice: Choice): Spec | null {
  const [x, y] = [choice.field("x"), choice.field("y")];
  if (x === null || y === null) return null;
  return {
    mark: { type: "point", filled: true, opacity: 0.7, size: 28, tooltip: { content: "data" } },
    encoding: { x: axis(x, "quantitative"), y: axis(y, "quantitative"), color: byRun(choice) },
  };
}

function bar(choice: Choice): Spec | null {
  const [label, value] = [choice.field("label"), choice.field("value")];
  if (label === null || value === null) return null;
  return {
    mark: { type: "bar", tooltip: { content: "data" } },
    encoding: {
      y: { field: label, type: "nominal", title: plain(label), sort: null },
      x: { field: value, type: "quantitative", title: plain(value) },
      color: byRun(choice),
      ...(choice.several ? { yOffset: { field: escape(RUN_FIELD) } } : {}),
    },
  };
}

function histogram(choice: Choice): Spec | null {
  const value = choice.field("value");
  if (value === null) return null;
  return {
    mark: { type: "bar", tooltip: true, ...(choice.several ? { opacity: 0.55 } : {}) },
    encoding: {
      x: { field: value, type: "quantitative", bin: { maxbins: 30 }, title: plain(value) },
      y: { aggregate: "count", type: "quantitative", title: "count", stack: null },
      color: byRun(choice),
    },
  };
}

function lineSeries(choice: Choice): Spec | null {
  const [x, y, key] = [choice.field("step"), choice.field("lineVal"), choice.field("lineKey")];
  if (x === null || y === null) return null;
  return curve(choice, x, y, key, { x: choice.string("xname") ?? "x", y: "y" });
}

function areaUnderCurve(choice: Choice): Spec | null {
  const [x, y] = [choice.field("x"), choice.field("y")];
  if (x === null || y === null) return null;
  const titles = { x: choice.string("x-axis-title") ?? plain(x), y: choice.string("y-axis-title") ?? plain(y) };
  const drawn = curve(choice, x, y, choice.field("class"), titles);
  const encoding = drawn["encoding"] as Record<string, Spec>;
  const whole = { domain: [0, 1] };
  return { ...drawn, encoding: { ...encoding, x: { ...encoding["x"], scale: whole }, y: { ...encoding["y"], scale: whole } } };
}

function confusionMatrix(choice: Choice): Spec | null {
  const [actual, predicted, count] = [choice.field("Actual"), choice.field("Predicted"), choice.field("nPredictions")];
  if (actual === null || predicted === null || count === null) return null;
  const encoding = {
    x: { field: predicted, type: "nominal", title: "Predicted", sort: null },
    y: { field: actual, type: "nominal", title: "Actual", sort: null },
  };
  const cells = [
    { mark: { type: "rect", tooltip: { content: "data" } }, encoding: { color: { field: count, type: "quantitative", title: "count", legend: null, scale: { domainMin: 0 } } } },
    {
      mark: { type: "text", fontSize: 11 },
      encoding: {
        text: { field: count, type: "quantitative", format: "~s" },
        color: { condition: { test: `datum[${JSON.stringify(plain(count))}] > datum.${MOST} / 2`, value: { expr: "accentText" } }, value: { expr: "plainText" } },
      },
    },
  ];
  const transform = [{ joinaggregate: [{ op: "max", field: count, as: MOST }] }];
  const layered = { encoding, layer: cells };
  if (!choice.several) return { ...layered, transform };
  return { transform, facet: { column: { field: escape(RUN_FIELD), type: "nominal", title: null } }, spec: layered, usermeta: { facets: choice.runs.length } };
}
