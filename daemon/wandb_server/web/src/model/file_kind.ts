/** What a file is to those who look at it: decided by its name, then by the type that was stored with it. */

export type FileKind = "image" | "frame" | "audio" | "video" | "table" | "json" | "diff" | "text" | "unknown";

const BY_ENDING: readonly [RegExp, FileKind][] = [
  [/\.table\.json$/i, "table"],
  [/\.(png|jpe?g|gif|webp|bmp|avif|ico)$/i, "image"],
  [/\.(html?|svg)$/i, "frame"],
  [/\.(wav|mp3|ogg|oga|flac|m4a|aac|opus)$/i, "audio"],
  [/\.(mp4|webm|mov|m4v|ogv)$/i, "video"],
  [/\.(json|ipynb|gltf|babylon)$/i, "json"],
  [/\.(patch|diff)$/i, "diff"],
  [/\.(txt|log|md|rst|py|pyi|ipy|js|mjs|ts|tsx|jsx|css|ya?ml|toml|ini|cfg|conf|sh|bash|zsh|c|h|cc|cpp|hpp|cu|cuh|rs|go|java|kt|r|jl|lua|sql|csv|tsv|jsonl|ndjson|xml|tex|proto|pdb|obj|env)$/i, "text"],
  [/(^|\/)(dockerfile|makefile|license|readme|requirements|\.gitignore)$/i, "text"],
];

export function fileKind(name: string, mimetype: string | null): FileKind {
  const found = BY_ENDING.find(([pattern]) => pattern.test(name));
  if (found) return found[1];
  if (mimetype === null) return "unknown";
  if (mimetype === "text/html" || mimetype === "image/svg+xml") return "frame";
  if (mimetype === "application/json") return "json";
  const [family] = mimetype.split("/");
  if (family === "image" || family === "audio" || family === "video" || family === "text") return family;
  return "unknown";
}

/** What is called by its type in a list: `PNG`, `Python`, else the ending. */
export function typeName(name: string): string {
  if (/\.table\.json$/i.test(name)) return "table";
  const ending = /\.([A-Za-z0-9]{1,10})$/.exec(name);
  return ending?.[1]?.toLowerCase() ?? "file";
}
