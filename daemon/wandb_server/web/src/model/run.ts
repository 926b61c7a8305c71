/** What can be read out of a run's config and summary for people. */

import { isObject, type Json } from "./json";
import { bytes } from "./numbers";

/** `{"lr": {"value": 0.1}}` becomes `{"lr": 0.1}`; keys of our own stay out. */
export function unwrapConfig(config: Record<string, Json>): Record<string, Json> {
  const result: Record<string, Json> = {};
  for (const [key, wrapped] of Object.entries(config)) {
    if (key.startsWith("_")) continue;
    result[key] = isObject(wrapped) && "value" in wrapped ? (wrapped["value"] ?? null) : wrapped;
  }
  return result;
}

/** The summary without the keys that every run has (they are shown as times and steps). */
export function ownSummary(summary: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(summary).filter(([key]) => !key.startsWith("_")));
}

/** Where and how a run was started, as its process told: absent parts are null. */
export interface Environment {
  readonly command: string | null;
  readonly host: string | null;
  readonly os: string | null;
  readonly python: string | null;
  readonly executable: string | null;
  readonly directory: string | null;
  readonly cpu: string | null;
  readonly gpu: string | null;
  readonly memory: string | null;
  readonly gitRemote: string | null;
  readonly gitCommit: string | null;
  readonly version: string | null;
}

export function environmentOf(config: Record<string, Json>): Environment {
  const own = objectAt(config["_wandb"], "value");
  const writers = objectAt(own, "e");
  const first = Object.values(writers)[0];
  const said = isObject(first) ? first : {};
  const text = (key: string): string | null => asText(said[key]);
  const git = isObject(said["git"]) ? said["git"] : {};
  const args = Array.isArray(said["args"]) ? said["args"].map((arg) => quoteArgument(asText(arg) ?? "")) : [];
  const program = text("program") ?? text("codePath");
  const cores = asText(said["cpu_count_logical"] ?? said["cpuCountLogical"] ?? said["cpu_count"] ?? said["cpuCount"]);
  const gpuCount = asText(said["gpu_count"] ?? said["gpuCount"]);
  return {
    command: program === null ? null : ["python", quoteArgument(program), ...args].join(" "),
    host: text("host"),
    os: text("os"),
    python: text("python") ?? asText(own["python_version"]),
    executable: text("executable"),
    directory: text("root"),
    cpu: cores === null ? null : `${cores} logical cores`,
    gpu: text("gpu") === null ? null : gpuCount !== null && gpuCount !== "1" ? `${gpuCount} × ${text("gpu")}` : text("gpu"),
    memory: totalMemory(said["memory"]),
    gitRemote: asText(git["remote"] ?? git["remoteUrl"] ?? git["remote_url"]),
    gitCommit: asText(git["commit"]),
    version: asText(own["cli_version"]),
  };
}

/** Sizes are numbers written as text, as protobuf's JSON has them. */
function totalMemory(memory: Json | undefined): string | null {
  const total = Number(asText(isObject(memory) ? memory["total"] : undefined));
  return total > 0 ? bytes(total) : null;
}

/** All that the processes of a run told about where they ran: of one process itself, of several by their id. */
export function environmentsOf(config: Record<string, Json>): Record<string, Json> {
  const writers = objectAt(objectAt(config["_wandb"], "value"), "e");
  const [only, ...others] = Object.values(writers);
  return others.length === 0 && isObject(only) ? only : writers;
}

/** An argument as a shell wants it. */
export function quoteArgument(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function objectAt(value: Json | undefined, key: string): Record<string, Json> {
  const child = isObject(value) ? value[key] : undefined;
  return isObject(child) ? child : {};
}

function asText(value: Json | undefined): string | null {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" ? String(value) : null;
}
