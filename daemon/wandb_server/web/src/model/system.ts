/** System metrics as charts: which belong together, what they are called, in which unit they are. */

import { bytes, short, tick } from "./numbers";

export type Unit = "percent" | "bytes" | "bytes/s" | "celsius" | "watts" | "megahertz" | "per second" | "count";

export interface SystemLine {
  readonly key: string;
  /** What tells it from the other lines of its chart: `GPU 0`, `/data`; empty when it is alone. */
  readonly label: string;
}

export interface SystemChart {
  readonly title: string;
  readonly unit: Unit;
  /** The metric counts since the start: its growth per second is drawn. */
  readonly rate: boolean;
  /** What one of the logged numbers is in the unit: 1e6 for a metric in MB. */
  readonly factor: number;
  readonly lines: readonly SystemLine[];
}

export interface SystemGroup {
  readonly title: string;
  readonly charts: readonly SystemChart[];
}

interface Rule {
  readonly pattern: RegExp;
  readonly group: string;
  readonly title: string;
  readonly unit: Unit;
  readonly factor?: number;
  readonly rate?: boolean;
  /** Written from the groups of the pattern. */
  readonly label?: string;
}

const GROUPS = ["CPU", "Memory", "Disk", "Network", "GPU", "Process", "Other"] as const;
const PREFIX = "system.";
const MEGA = 1e6;
const GIGA = 1e9;

/** What a device says of itself, by the last part of its key. */
const GPU_PARTS: readonly [RegExp, string, Unit, number?][] = [
  [/gpu/, "utilisation", "percent"],
  [/memoryAllocated/, "memory in use", "percent"],
  [/memoryAllocatedBytes|memoryUsed/, "memory in use (bytes)", "bytes"],
  [/memory/, "memory interface busy", "percent"],
  [/temp/, "temperature", "celsius"],
  [/memoryTemp/, "memory temperature", "celsius"],
  [/powerWatts/, "power", "watts"],
  [/enforcedPowerLimitWatts/, "power limit", "watts"],
  [/powerPercent/, "power of the limit", "percent"],
  [/smClock/, "SM clock", "megahertz"],
  [/memoryClock/, "memory clock", "megahertz"],
  [/graphicsClock/, "graphics clock", "megahertz"],
  [/fanSpeed/, "fan", "percent"],
  [/encoderUtilization/, "encoder", "percent"],
  [/correctedMemoryErrors/, "corrected memory errors", "count"],
  [/uncorrectedMemoryErrors/, "uncorrected memory errors", "count"],
];

const RULES: readonly Rule[] = [
  { pattern: /^cpu$/, group: "CPU", title: "CPU utilisation", unit: "percent" },
  { pattern: /^cpu\.(\d+)\.cpu_percent$/, group: "CPU", title: "Utilisation per core", unit: "percent", label: "Core $1" },
  { pattern: /^cpu\.avg_temp$/, group: "CPU", title: "CPU temperature", unit: "celsius" },
  { pattern: /^cpu\.powerWatts$/, group: "CPU", title: "CPU power", unit: "watts" },
  { pattern: /^memory(?:_percent|\.used_percent)?$/, group: "Memory", title: "Memory in use", unit: "percent" },
  { pattern: /^proc\.memory\.availableMB$/, group: "Memory", title: "Memory available", unit: "bytes", factor: MEGA },
  { pattern: /^memory\.used$/, group: "Memory", title: "Memory in use (bytes)", unit: "bytes" },
  { pattern: /^swap\.used_percent$/, group: "Memory", title: "Swap in use", unit: "percent" },
  { pattern: /^disk\.(.*)\.usagePercent$/, group: "Disk", title: "Disk space in use", unit: "percent", label: "$1" },
  { pattern: /^disk\.(.*)\.usageGB$/, group: "Disk", title: "Disk space in use (bytes)", unit: "bytes", factor: GIGA, label: "$1" },
  { pattern: /^disk\.(.*)\.in$/, group: "Disk", title: "Disk reads", unit: "bytes/s", factor: MEGA, rate: true, label: "$1" },
  { pattern: /^disk\.(.*)\.out$/, group: "Disk", title: "Disk writes", unit: "bytes/s", factor: MEGA, rate: true, label: "$1" },
  { pattern: /^network\.(sent|recv)$/, group: "Network", title: "Network traffic", unit: "bytes/s", rate: true, label: "$1" },
  { pattern: /^network\.tcpRetransmits$/, group: "Network", title: "TCP retransmits", unit: "per second", rate: true },
  ...GPU_PARTS.map(([part, title, unit]) => ({ pattern: new RegExp(`^gpu\\.(\\d+)\\.(?:${part.source})$`), group: "GPU", title: `GPU ${title}`, unit, label: "GPU $1" })),
  { pattern: /^proc\.memory\.rssMB$/, group: "Process", title: "Memory of the process", unit: "bytes", factor: MEGA },
  { pattern: /^proc\.memory\.percent$/, group: "Process", title: "Memory of the process (share)", unit: "percent" },
  { pattern: /^proc\.cpu\.percent$/, group: "Process", title: "CPU of the process", unit: "percent" },
  { pattern: /^proc\.cpu\.threads$/, group: "Process", title: "Threads", unit: "count" },
  ...GPU_PARTS.map(([part, title, unit]) => ({
    pattern: new RegExp(`^gpu\\.process\\.(\\d+)\\.(?:${part.source})$`),
    group: "Process",
    title: `GPUs of the process: ${title}`,
    unit,
    label: "GPU $1",
  })),
];

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** The charts of these metrics, in the order in which people look: CPU first, what nobody knows last. */
export function systemGroups(keys: readonly string[]): SystemGroup[] {
  const charts = new Map<string, { order: number; group: string; chart: Omit<SystemChart, "lines">; lines: SystemLine[] }>();
  for (const key of keys) {
    const [name, writer] = splitWriter(key);
    if (name === null) continue;
    const order = RULES.findIndex((rule) => rule.pattern.test(name));
    const rule: Rule = RULES[order] ?? otherRule(name);
    const id = `${rule.group}\n${rule.title}`;
    const label = rule.label === undefined ? "" : name.replace(rule.pattern, rule.label).replace(/^recv$/, "received");
    const line = { key, label: [label, writer].filter(Boolean).join(" · ") };
    const known = charts.get(id);
    if (known) known.lines.push(line);
    else {
      const { title, unit, factor = 1, rate = false } = rule;
      charts.set(id, { order: order < 0 ? RULES.length : order, group: rule.group, chart: { title, unit, factor, rate }, lines: [line] });
    }
  }
  const sorted = [...charts.values()].sort((left, right) => left.order - right.order || natural.compare(left.chart.title, right.chart.title));
  return GROUPS.map((title) => ({
    title,
    charts: sorted
      .filter((entry) => entry.group === title)
      .map(({ chart, lines }) => ({ ...chart, lines: lines.sort((left, right) => natural.compare(left.label, right.label)) })),
  })).filter((group) => group.charts.length > 0);
}

function otherRule(name: string): Rule {
  return { pattern: /^/, group: "Other", title: name, unit: /percent$/i.test(name) ? "percent" : "count" };
}

/** `system.cpu/l:rank0` is `cpu` as rank0 measured it; [null, ""] for what is no system metric. */
function splitWriter(key: string): [string | null, string] {
  if (!key.startsWith(PREFIX)) return [null, ""];
  const [name = "", writer = ""] = key.slice(PREFIX.length).split("/l:");
  return [name, writer];
}

/** A tick of an axis in this unit. */
export function unitTick(unit: Unit, value: number, increment: number): string {
  return isBytes(unit) ? unitText(unit, value) : tick(value, increment) + SUFFIXES[unit];
}

/** A value in this unit, for people. */
export function unitText(unit: Unit, value: number): string {
  if (!Number.isFinite(value)) return short(value);
  if (!isBytes(unit)) return short(value) + SUFFIXES[unit];
  const size = Math.abs(value);
  return (value < 0 ? "−" : "") + bytes(size < 1000 ? Math.round(size) : size) + (unit === "bytes" ? "" : "/s");
}

function isBytes(unit: Unit): unit is "bytes" | "bytes/s" {
  return unit === "bytes" || unit === "bytes/s";
}

const SUFFIXES: Record<Exclude<Unit, "bytes" | "bytes/s">, string> = {
  percent: "%",
  celsius: " °C",
  watts: " W",
  megahertz: " MHz",
  "per second": "/s",
  count: "",
};

/** What the y axis shows at least: shares up to all of it, amounts down to nothing. */
export function unitRange(unit: Unit): { min: number; max: number } | null {
  if (unit === "percent") return { min: 0, max: 100 };
  return unit === "celsius" || unit === "megahertz" ? null : { min: 0, max: 0 };
}
