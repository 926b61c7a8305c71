/**
 * What a workspace shows, as one value that is also its address: search, eyes, axes, smoothing, zoom, panels.
 *
 * Only what differs from the default is written, so a fresh workspace has a clean address. Lists are separated by
 * commas; commas, semicolons and backslashes inside a name are escaped by a backslash.
 */

/** "auto": the step metric given to define_metric, else the step. Otherwise a key of the rows. */
export type XAxis = string;

export const X_AUTO = "auto";
export const X_STEP = "_step";
export const X_RELATIVE = "_runtime";
export const X_WALL = "_timestamp";

export interface Zoom {
  /** The axis that was zoomed; charts over another one are not. */
  readonly axis: XAxis;
  readonly min: number;
  readonly max: number;
}

/** A panel that the user put together. */
export interface Panel {
  readonly keys: readonly string[];
}

/** Which runs are drawn: by the rule, and by hand. */
export interface Eyes {
  readonly rule: "newest" | "all" | "none";
  readonly shown: readonly string[];
  readonly hidden: readonly string[];
}

export type RunSort = "created" | "name" | "state";

export interface Workspace {
  readonly runSearch: string;
  readonly panelSearch: string;
  readonly sort: RunSort;
  readonly eyes: Eyes;
  readonly axis: XAxis;
  readonly smoothing: number;
  readonly logScale: boolean;
  /** Panels whose y scale is the other one than `logScale` says. */
  readonly flipped: readonly string[];
  readonly zoom: Zoom | null;
  readonly panels: readonly Panel[];
  readonly closed: readonly string[];
  /** The panel that fills the screen. */
  readonly full: string | null;
  /** The step that media panels show; null: the newest of each. */
  readonly mediaStep: number | null;
}

/** How many runs are drawn before anybody toggled an eye. */
export const NEWEST_COUNT = 20;

/** More lines than this say nothing, and take seconds: of the shown runs, the first ones are drawn. */
export const DRAWN_MAX = 200;

export const DEFAULT_WORKSPACE: Workspace = {
  runSearch: "",
  panelSearch: "",
  sort: "created",
  eyes: { rule: "newest", shown: [], hidden: [] },
  axis: X_AUTO,
  smoothing: 0,
  logScale: false,
  flipped: [],
  zoom: null,
  panels: [],
  closed: [],
  full: null,
  mediaStep: null,
};

export function parseWorkspace(query: string): Workspace {
  const values = new URLSearchParams(query);
  const text = (name: string): string => values.get(name) ?? "";
  const smoothing = Number(text("smooth"));
  const sort = text("sort");
  return {
    runSearch: text("runs"),
    panelSearch: text("charts"),
    sort: sort === "name" || sort === "state" ? sort : "created",
    eyes: parseEyes(text("eyes")),
    axis: text("x") || X_AUTO,
    smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
    logScale: text("y") === "log",
    flipped: splitList(text("flip")),
    zoom: parseZoom(text("zoom")),
    panels: values.getAll("panel").map((list) => ({ keys: splitList(list) })).filter((panel) => panel.keys.length > 0),
    closed: values.has("closed") ? splitList(text("closed"), true) : [],
    full: values.get("full"),
    mediaStep: /^-?\d+$/.test(text("step")) ? Number(text("step")) : null,
  };
}

/** The query without its question mark, "" for the default. */
export function formatWorkspace(workspace: Workspace): string {
  const values = new URLSearchParams();
  const set = (name: string, value: string): void => {
    if (value !== "") values.append(name, value);
  };
  const { zoom, eyes } = workspace;
  set("runs", workspace.runSearch);
  set("charts", workspace.panelSearch);
  set("sort", workspace.sort === "created" ? "" : workspace.sort);
  set("eyes", formatEyes(eyes));
  set("x", workspace.axis === X_AUTO ? "" : workspace.axis);
  set("smooth", workspace.smoothing > 0 ? String(workspace.smoothing) : "");
  set("y", workspace.logScale ? "log" : "");
  set("flip", joinList(workspace.flipped));
  set("zoom", zoom ? joinList([zoom.axis, String(zoom.min), String(zoom.max)]) : "");
  for (const panel of workspace.panels) set("panel", joinList(panel.keys));
  if (workspace.closed.length > 0) values.append("closed", joinList(workspace.closed));
  if (workspace.full !== null) values.append("full", workspace.full);
  if (workspace.mediaStep !== null) values.append("step", String(workspace.mediaStep));
  return values.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
}

/** The identity of a panel: its metrics, marked when the user made it. */
export function panelId(panel: Panel, own: boolean): string {
  return (own ? "+" : "") + joinList(panel.keys);
}

/** Runs to draw, out of all runs and the same runs sorted by age. */
export function visibleRuns(runIds: readonly string[], newestFirst: readonly string[], eyes: Eyes): Set<string> {
  const shown = new Set(eyes.rule === "all" ? runIds : eyes.rule === "none" ? [] : newestFirst.slice(0, NEWEST_COUNT));
  const byHand = new Set(eyes.shown);
  for (const id of runIds) if (byHand.has(id)) shown.add(id);
  for (const id of eyes.hidden) shown.delete(id);
  return shown;
}

/** The eyes after one run's was clicked. */
export function toggleEye(eyes: Eyes, runId: string, isVisible: boolean): Eyes {
  const shown = eyes.shown.filter((id) => id !== runId);
  const hidden = eyes.hidden.filter((id) => id !== runId);
  return isVisible
    ? { ...eyes, shown, hidden: eyes.rule === "none" ? hidden : [...hidden, runId] }
    : { ...eyes, hidden, shown: eyes.rule === "all" ? shown : [...shown, runId] };
}

export function toggleMember(list: readonly string[], item: string): readonly string[] {
  return list.includes(item) ? list.filter((other) => other !== item) : [...list, item];
}

/** The axis a chart is drawn over, once "auto" is resolved. */
export function resolveAxis(axis: XAxis, stepMetric: string | null): XAxis {
  return axis === X_AUTO ? (stepMetric ?? X_STEP) : axis;
}

function parseEyes(text: string): Eyes {
  const [rule, ...marks] = splitList(text);
  if (rule !== "all" && rule !== "none" && rule !== "newest") return DEFAULT_WORKSPACE.eyes;
  const marked = (mark: string): string[] => marks.filter((item) => item.startsWith(mark)).map((item) => item.slice(1));
  return { rule, shown: marked("*"), hidden: marked("-") };
}

function formatEyes(eyes: Eyes): string {
  if (eyes.rule === "newest" && eyes.shown.length + eyes.hidden.length === 0) return "";
  return joinList([eyes.rule, ...eyes.shown.map((id) => `*${id}`), ...eyes.hidden.map((id) => `-${id}`)]);
}

function parseZoom(text: string): Zoom | null {
  const [axis, low, high] = splitList(text);
  const min = Number(low);
  const max = Number(high);
  return axis && low && high && Number.isFinite(min) && Number.isFinite(max) && min < max ? { axis, min, max } : null;
}

export function joinList(items: readonly string[]): string {
  return items.map((item) => item.replace(/[\\,]/g, "\\$&")).join(",");
}

export function splitList(text: string, keepEmpty = false): string[] {
  if (text === "" && !keepEmpty) return [];
  const items: string[] = [];
  let item = "";
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index] ?? "";
    if (letter === "\\" && index + 1 < text.length) {
      index += 1;
      item += text[index] ?? "";
    } else if (letter === ",") {
      items.push(item);
      item = "";
    } else item += letter;
  }
  items.push(item);
  return keepEmpty ? items : items.filter((part) => part !== "");
}
