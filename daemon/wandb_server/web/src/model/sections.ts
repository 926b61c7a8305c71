/** Charts are grouped by the path of their metric: `train/layer1/norm` lies in the section `train / layer1`. */

export interface Section {
  /** The path, also its identity: "" for metrics without one. */
  readonly path: string;
  readonly title: string;
  readonly keys: readonly string[];
}

const UNGROUPED = "Charts";
const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** The part of a key before its last separator; dots separate only where there is no slash. */
export function sectionPath(key: string): string {
  const slash = key.lastIndexOf("/");
  if (slash > 0) return key.slice(0, slash);
  const dot = key.lastIndexOf(".");
  return dot > 0 && slash < 0 ? key.slice(0, dot) : "";
}

/** The part of a key after its section. */
export function sectionLeaf(key: string): string {
  const path = sectionPath(key);
  return path === "" ? key : key.slice(path.length + 1);
}

/** Sections in natural order, metrics without a path first, keys in natural order. */
export function groupSections(keys: readonly string[]): Section[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const path = sectionPath(key);
    const group = groups.get(path);
    if (group) group.push(key);
    else groups.set(path, [key]);
  }
  return [...groups]
    .sort(([left], [right]) => natural.compare(left, right))
    .map(([path, members]) => ({
      path,
      title: path === "" ? UNGROUPED : path.split(/[/.]/).join(" / "),
      keys: members.sort((left, right) => natural.compare(left, right)),
    }));
}

/** Metrics that are not the run's own: step, time and whatever begins with an underscore stay hidden. */
export function isShown(key: string): boolean {
  return !key.startsWith("_");
}
