/** Media as history rows hold them: single objects, lists under one key, and what of them can be shown. */

import { isObject, plainText, type Json } from "./json";

export type MediaKind =
  | "image"
  | "audio"
  | "video"
  | "html"
  | "object3D"
  | "molecule"
  | "plotly"
  | "histogram"
  | "table"
  | "other";

/** One thing to show. `path` is relative to the run's files, or a URI that only the user's machine knows. */
export interface MediaItem {
  readonly kind: MediaKind;
  /** The `_type` it came with. */
  readonly type: string;
  readonly path: string;
  readonly caption: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly size: number | null;
  readonly masks: readonly Layer[];
  readonly boxes: readonly Layer[];
}

/** A mask or a set of boxes over an image, by its name. */
export interface Layer {
  readonly name: string;
  readonly path: string;
}

const KINDS: Readonly<Record<string, MediaKind>> = {
  "image-file": "image",
  "images/separated": "image",
  "audio-file": "audio",
  audio: "audio",
  "video-file": "video",
  videos: "video",
  "html-file": "html",
  html: "html",
  "object3D-file": "object3D",
  object3D: "object3D",
  "molecule-file": "molecule",
  molecule: "molecule",
  "plotly-file": "plotly",
  histogram: "histogram",
  "table-file": "table",
  "incremental-table-file": "table",
  "joined-table": "table",
  "partitioned-table": "table",
  table: "table",
};

const PLAIN: ReadonlySet<string> = new Set(["number", "string", "list", "map", "nil"]);

/** What a `_type` is; anything with a type that is not known is a file. */
export function kindOf(type: string): MediaKind {
  return KINDS[type] ?? "other";
}

/** The kind of media under a key whose values have these types; null if there is none. */
export function mediaKind(types: Readonly<Record<string, number>>): MediaKind | null {
  const typed = Object.keys(types).filter((type) => !PLAIN.has(type));
  const known = typed.map(kindOf).sort((left, right) => Number(left === "other") - Number(right === "other"));
  return known[0] ?? null;
}

/** Every item of a value, in order. Empty for what is not media. */
export function mediaItems(value: Json | undefined): MediaItem[] {
  if (Array.isArray(value)) return value.flatMap(mediaItems);
  if (!isObject(value) || typeof value["_type"] !== "string") return [];
  const type = value["_type"];
  switch (type) {
    case "images/separated":
      return imagesOf(value);
    case "audio":
    case "videos":
    case "html":
    case "object3D":
      return listOf(value, type === "object3D" ? "objects" : type);
    case "molecule":
      return named(value, "molecule-file", texts(value["filenames"]));
    default:
      return [single(value, type)];
  }
}

function single(value: Record<string, Json>, type: string): MediaItem {
  return {
    kind: kindOf(type),
    type,
    path: text(value["path"]) ?? "",
    caption: text(value["caption"]),
    width: number(value["width"]),
    height: number(value["height"]),
    size: number(value["size"]),
    masks: layers(value["masks"]),
    boxes: layers(value["boxes"]),
  };
}

function imagesOf(value: Record<string, Json>): MediaItem[] {
  const masks = list(value["all_masks"]);
  const boxes = list(value["all_boxes"]);
  return named(value, "image-file", texts(value["filenames"])).map((item, index) => ({
    ...item,
    width: number(value["width"]),
    height: number(value["height"]),
    masks: layers(masks[index]),
    boxes: layers(boxes[index]),
  }));
}

function listOf(value: Record<string, Json>, key: string): MediaItem[] {
  const captions = list(value["captions"]);
  return list(value[key])
    .flatMap(mediaItems)
    .map((item, index) => ({ ...item, caption: item.caption ?? text(captions[index]) }));
}

function named(value: Record<string, Json>, type: string, paths: readonly string[]): MediaItem[] {
  const captions = list(value["captions"]);
  return paths.map((path, index) => ({ ...single({ path }, type), caption: text(captions[index]) }));
}

function layers(value: Json | undefined): Layer[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, layer]) => {
    const path = isObject(layer) ? text(layer["path"]) : null;
    return path === null ? [] : [{ name, path }];
  });
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: Json | undefined): string[] {
  return list(value).filter((item) => typeof item === "string");
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Where the media of a value lie: with a run, or in an artifact. */
export type MediaSource =
  | { readonly kind: "run"; readonly entity: string; readonly project: string; readonly run: string }
  | { readonly kind: "artifact"; readonly root: string };

/** A path that names another place, like `s3://…`: nothing we could show. */
export function isReference(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}

/** The address of a file of a run. */
export function fileAddress(source: { entity: string; project: string; run: string }, path: string): string {
  return ["", "files", source.entity, source.project, source.run, ...path.split("/")].map(encodeURIComponent).join("/");
}

/** The last of ascending `steps` that is not behind `step`; null if all are. */
export function stepAt(steps: readonly number[], step: number): number | null {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? Infinity) <= step) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1] ?? null;
}

/** All steps of several runs, ascending, each once. */
export function unionSteps(lists: Iterable<readonly number[]>): number[] {
  const all = new Set<number>();
  for (const steps of lists) for (const step of steps) all.add(step);
  return [...all].sort((left, right) => left - right);
}

/** Names of classes by id, as text. */
export type ClassNames = Readonly<Record<string, string>>;

const DELIMITER = "_wandb_delimeter_";

/** Class names out of a run's `_wandb` config: of the layers of `key` by layer name. */
export function classNames(config: Record<string, Json>, key: string, of: "mask" | "boxes"): Map<string, ClassNames> {
  const found = new Map<string, ClassNames>();
  const entries = config[of === "mask" ? "mask/class_labels" : "bounding_box/class_labels"];
  if (!isObject(entries)) return found;
  for (const [name, entry] of Object.entries(entries)) {
    const value = isObject(entry) ? entry["value"] : undefined;
    if (!name.startsWith(key + DELIMITER) || !isObject(value)) continue;
    const labels = Object.entries(value).map(([id, label]) => [id, plainText(label)] as const);
    found.set(name.slice(key.length + DELIMITER.length), Object.fromEntries(labels));
  }
  return found;
}
