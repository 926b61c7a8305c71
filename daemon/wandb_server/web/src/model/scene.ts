/** Point clouds and scenes as files hold them. */

import { isObject, type Json } from "./json";

export interface SceneBox {
  readonly corners: readonly (readonly [number, number, number])[];
  readonly label: string;
  readonly colour: readonly [number, number, number];
}

export interface Scene {
  /** x y z of every point. */
  readonly positions: Float32Array;
  /** r g b of every point, 0 to 1; null: none was given. */
  readonly colours: Float32Array | null;
  readonly boxes: readonly SceneBox[];
  readonly vectors: readonly { readonly start: readonly number[]; readonly end: readonly number[] }[];
}

/** A list of points, or an object with points, boxes and vectors. */
export function readScene(document: Json, categoryColour: (category: number) => readonly [number, number, number]): Scene {
  const points = Array.isArray(document) ? document : isObject(document) ? list(document["points"]) : [];
  const rows = points.filter((row): row is number[] => Array.isArray(row) && row.length >= 3 && typeof row[0] === "number");
  const positions = new Float32Array(rows.length * 3);
  const width = rows[0]?.length ?? 3;
  const colours = width > 3 ? new Float32Array(rows.length * 3) : null;
  rows.forEach((row, index) => {
    positions.set(row.slice(0, 3), index * 3);
    colours?.set(row.length >= 6 ? row.slice(3, 6).map((part) => part / 255) : categoryColour(row[3] ?? 0), index * 3);
  });
  const scene = isObject(document) ? document : {};
  return {
    positions,
    colours,
    boxes: list(scene["boxes"]).flatMap(readBox),
    vectors: list(scene["vectors"]).flatMap((vector) =>
      isObject(vector) && isPoint(vector["start"]) && isPoint(vector["end"]) ? [{ start: vector["start"], end: vector["end"] }] : [],
    ),
  };
}

/** Which corners of a box lie beside each other: its twelve shortest connections that make a box. */
export function boxEdges(corners: readonly (readonly number[])[]): [number, number][] {
  const pairs: { ends: [number, number]; length: number }[] = [];
  corners.forEach((one, index) =>
    corners.slice(index + 1).forEach((two, after) =>
      pairs.push({ ends: [index, index + 1 + after], length: Math.hypot(...one.map((part, axis) => part - (two[axis] ?? 0))) }),
    ),
  );
  const degrees = new Map<number, number>();
  const edges: [number, number][] = [];
  for (const { ends } of pairs.sort((left, right) => left.length - right.length)) {
    const free = ends.every((end) => (degrees.get(end) ?? 0) < 3);
    const diagonal = ends[0] !== ends[1] && closesTriangle(edges, ends);
    if (!free || diagonal) continue;
    for (const end of ends) degrees.set(end, (degrees.get(end) ?? 0) + 1);
    edges.push(ends);
  }
  return edges;
}

/** No face of a box has a diagonal: two neighbours of a corner are no neighbours. */
function closesTriangle(edges: readonly [number, number][], [one, two]: [number, number]): boolean {
  const beside = (corner: number): Set<number> => new Set(edges.flatMap(([a, b]) => (a === corner ? [b] : b === corner ? [a] : [])));
  const ones = beside(one);
  return [...beside(two)].some((corner) => ones.has(corner));
}

function readBox(box: Json): SceneBox[] {
  if (!isObject(box)) return [];
  const corners = list(box["corners"]).filter(isPoint) as [number, number, number][];
  const [r, g, b] = isPoint(box["color"]) ? box["color"] : [];
  const label = typeof box["label"] === "string" ? box["label"] : "";
  return corners.length === 8 ? [{ corners, label, colour: [r ?? 255, g ?? 60, b ?? 60] }] : [];
}

function isPoint(value: Json | undefined): value is number[] {
  return Array.isArray(value) && value.length >= 3 && value.every((part) => typeof part === "number");
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
