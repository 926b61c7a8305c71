/** Custom charts as `wandb.plot` leaves them in the config: which table, which preset, which column for what. */

import { isObject, type Json } from "./json";

export interface CustomChart {
  /** The key it was logged under. */
  readonly key: string;
  /** The key of the table in the rows. */
  readonly tableKey: string;
  /** `wandb/line/v0`, or somebody's own. */
  readonly preset: string;
  /** Chart field -> column. */
  readonly fields: Readonly<Record<string, string>>;
  /** Titles and labels. */
  readonly strings: Readonly<Record<string, string>>;
}

/** The charts of a run's `visualize` config. What is not understood is left out. */
export function customCharts(visualize: Json | undefined): CustomChart[] {
  if (!isObject(visualize)) return [];
  return Object.entries(visualize).flatMap(([key, entry]) => {
    if (!isObject(entry)) return [];
    if (typeof entry["id"] === "string") return [olderForm(key, entry, entry["id"])];
    const config = entry["panel_config"];
    if (entry["panel_type"] !== "Vega2" || !isObject(config)) return [];
    const preset = config["panelDefId"];
    if (typeof preset !== "string") return [];
    const tableKey = tableKeyOf(config["userQuery"]) ?? `${key}_table`;
    return [{ key, tableKey, preset, fields: texts(config["fieldSettings"]), strings: texts(config["stringSettings"]) }];
  });
}

function olderForm(key: string, entry: Record<string, Json>, preset: string): CustomChart {
  const fields = texts(entry["historyFieldSettings"]);
  return { key, tableKey: fields["key"] ?? key, preset, fields: {}, strings: {} };
}

function tableKeyOf(query: Json | undefined): string | null {
  if (Array.isArray(query)) return query.map(tableKeyOf).find((found) => found !== null) ?? null;
  if (!isObject(query)) return null;
  if (query["name"] === "tableKey" && typeof query["value"] === "string") return query["value"];
  return Object.values(query).map(tableKeyOf).find((found) => found !== null) ?? null;
}

function texts(value: Json | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
