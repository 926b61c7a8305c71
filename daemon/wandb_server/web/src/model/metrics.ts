/** What `define_metric` said: it travels in the config under `_wandb.value.m`, with numbers for names. */

import { isObject, type Json } from "./json";

export interface MetricDefinition {
  /** Exact dotted key, or a prefix when `glob`. */
  readonly name: string;
  readonly glob: boolean;
  readonly stepMetric: string | null;
  readonly hidden: boolean;
}

const OPTION_HIDDEN = 2;

/** Definitions out of one run's `m` list. What is not understood is left out. */
export function metricDefinitions(entries: Json | undefined): MetricDefinition[] {
  if (!Array.isArray(entries)) return [];
  const nameOf = (entry: Json | undefined): string | null => {
    const name = isObject(entry) ? entry["1"] : null;
    return typeof name === "string" ? name.replaceAll("\\.", ".") : null;
  };
  return entries.flatMap((entry) => {
    if (!isObject(entry)) return [];
    const glob = entry["2"];
    const name = nameOf(entry) ?? (typeof glob === "string" ? glob.replace(/\*$/, "") : null);
    if (name === null) return [];
    const step = entry["5"];
    const options = entry["6"];
    return [
      {
        name,
        glob: typeof glob === "string",
        stepMetric: typeof step === "number" ? nameOf(entries[step - 1]) : null,
        hidden: Array.isArray(options) && options.includes(OPTION_HIDDEN),
      },
    ];
  });
}

/** The definition that governs a key: an exact one before a glob, a longer glob before a shorter. */
export function definitionOf(key: string, definitions: readonly MetricDefinition[]): MetricDefinition | null {
  let best: MetricDefinition | null = null;
  for (const definition of definitions) {
    if (!definition.glob && definition.name === key) return definition;
    if (definition.glob && key.startsWith(definition.name) && (!best || definition.name.length > best.name.length)) {
      best = definition;
    }
  }
  return best;
}
