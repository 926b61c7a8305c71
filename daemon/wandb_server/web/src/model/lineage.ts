/**
 * What led to a version and what came of it, in layers from left to right:
 *
 *     inputs of its run │ its run │ the version, its siblings │ runs that used it │ what they made
 */

export interface LineageNode {
  readonly id: string;
  readonly kind: "artifact" | "run" | "more";
  readonly title: string;
  readonly note: string;
  /** Where a click leads; null: nowhere. */
  readonly address: string | null;
  /** Whether the graph is about this one. */
  readonly centre: boolean;
}

export interface LineageLayer {
  readonly nodes: readonly LineageNode[];
}

export interface LineageLink {
  readonly source: string;
  readonly target: string;
}

export interface PlacedNode extends LineageNode {
  readonly x: number;
  readonly y: number;
}

export interface Graph {
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly { readonly source: PlacedNode; readonly target: PlacedNode }[];
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 188;
export const NODE_HEIGHT = 44;
const GAP_X = 72;
const GAP_Y = 14;
const MARGIN = 12;

/** Places the layers side by side, each centred on the middle; empty layers take no room. */
export function layOut(layers: readonly LineageLayer[], links: readonly LineageLink[]): Graph {
  const shown = layers.filter((layer) => layer.nodes.length > 0);
  const rows = Math.max(1, ...shown.map((layer) => layer.nodes.length));
  const height = rows * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
  const nodes: PlacedNode[] = [];
  shown.forEach((layer, column) => {
    const own = layer.nodes.length * (NODE_HEIGHT + GAP_Y) - GAP_Y;
    layer.nodes.forEach((node, row) => {
      nodes.push({ ...node, x: MARGIN + column * (NODE_WIDTH + GAP_X), y: (height - own) / 2 + row * (NODE_HEIGHT + GAP_Y) });
    });
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const joined = links.flatMap(({ source, target }) => {
    const from = byId.get(source);
    const to = byId.get(target);
    return from && to ? [{ source: from, target: to }] : [];
  });
  const width = shown.length * (NODE_WIDTH + GAP_X) - GAP_X + 2 * MARGIN;
  return { nodes, links: joined, width, height };
}
