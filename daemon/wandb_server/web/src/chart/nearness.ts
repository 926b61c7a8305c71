/** What the tooltip says: the points beside the pointer, the nearest first. */

import { nearestIndex, type Columns } from "./columns";

export const TOOLTIP_ROWS_MAX = 12;

/** One line of a picture. `family` ties lines together that are highlighted as one. */
export interface Line {
  readonly id: string;
  readonly family: string;
  readonly label: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly columns: Columns;
  /** Smoothed `columns.y`; null draws the line as it is. */
  readonly smooth: Float64Array | null;
}

export interface TooltipRow {
  readonly line: Line;
  readonly index: number;
  /** What is drawn: the smoothed value where there is smoothing. NaN if the bucket holds no finite point. */
  readonly value: number;
  /** Pixels between the pointer and the point. */
  readonly distance: number;
}

export interface Nearest {
  readonly rows: readonly TooltipRow[];
  /** How many more lines have a point here. */
  readonly rest: number;
}

/**
 * The points of all lines at `wanted` on the x-axis, by vertical distance to the pointer, at most `max`.
 *
 * A line takes part when the pointer is over it, or at most `reach` (in x) before its first or behind its last point.
 * A point without a finite value counts as lying on the upper edge (pixel 0), where its triangle is.
 */
export function nearestRows(
  lines: readonly Line[],
  wanted: number,
  pointerY: number,
  toPixel: (value: number) => number,
  reach: number,
  max = TOOLTIP_ROWS_MAX,
): Nearest {
  const rows: TooltipRow[] = [];
  for (const line of lines) {
    const { x, y } = line.columns;
    const index = nearestIndex(x, wanted);
    if (index < 0) continue;
    if (wanted < (x[0] ?? 0) - reach || wanted > (x[x.length - 1] ?? 0) + reach) continue;
    const value = (line.smooth ?? y)[index] ?? NaN;
    const pixel = Number.isFinite(value) ? toPixel(value) : 0;
    rows.push({ line, index, value, distance: Math.abs(pixel - pointerY) });
  }
  rows.sort((left, right) => left.distance - right.distance);
  return { rows: rows.slice(0, max), rest: Math.max(0, rows.length - max) };
}
