/** Ranges of the axes: what must be seen, with a little air. */

import type { Columns } from "./columns";

export interface Range {
  readonly min: number;
  readonly max: number;
}

const AIR = 0.06;

const FROM_ZERO = 0.08;

/**
 * The x-range over all lines; null when there is no point.
 *
 * `zeroed`: the axis begins at 0 when the points begin near it. A bucket has the x of its last point, so even a run
 * that began at step 0 seems to begin later.
 */
export function xRange(lines: readonly Columns[], zeroed = false): Range | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { x } of lines) {
    if (x.length === 0) continue;
    min = Math.min(min, x[0] ?? Infinity);
    max = Math.max(max, x[x.length - 1] ?? -Infinity);
  }
  if (min > max) return null;
  if (min === max) return { min: min - 0.5, max: max + 0.5 };
  return zeroed && min > 0 && min < max * FROM_ZERO ? { min: 0, max } : { min, max };
}

/** The y-range of the bands within an x-range; with `log`, of what is positive. */
export function yRange(lines: readonly Columns[], view: Range, log: boolean): Range {
  let min = Infinity;
  let max = -Infinity;
  for (const { x, low, high } of lines) {
    for (let index = 0; index < x.length; index += 1) {
      const at = x[index] ?? NaN;
      // A NaN compares false, so gaps drop out here.
      if (at < view.min || at > view.max) continue;
      const bottom = low[index] ?? NaN;
      const top = high[index] ?? NaN;
      if (bottom < min && (!log || bottom > 0)) min = bottom;
      if (top > max && (!log || top > 0)) max = top;
      if (log && top > 0 && top < min) min = top;
    }
  }
  if (min > max) return log ? { min: 0.1, max: 10 } : { min: 0, max: 1 };
  return log ? airLog(min, max) : air(min, max);
}

function air(min: number, max: number): Range {
  const span = max - min;
  // A difference that float64 cannot tell apart is drawn as a flat line in the middle.
  if (span <= Math.abs(max) * 1e-12) {
    const half = Math.abs(max) * 0.1 || 1;
    return { min: min - half, max: max + half };
  }
  return { min: min - span * AIR, max: max + span * AIR };
}

function airLog(min: number, max: number): Range {
  const factor = min === max ? 10 : (max / min) ** AIR;
  return { min: Math.max(min / factor, Number.MIN_VALUE), max: Math.min(max * factor, Number.MAX_VALUE) };
}
