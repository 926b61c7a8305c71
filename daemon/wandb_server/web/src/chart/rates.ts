/** What a counter grows by per second. */

import type { Columns } from "./columns";

/**
 * Each point is the growth since the point before it, divided by their distance on the x axis (seconds), times `factor`.
 *
 * The first point has none and is dropped; where a counter fell (the machine was started anew) there is a gap.
 */
export function perSecond(columns: Columns, factor: number): Columns {
  const { x, y, high } = columns;
  const count = Math.max(0, x.length - 1);
  const rates = new Float64Array(count);
  // The highest of a bucket is the last of it, which is what its x belongs to.
  const level = (index: number): number => high[index] ?? y[index] ?? NaN;
  for (let index = 0; index < count; index += 1) {
    const growth = (level(index + 1) - level(index)) * factor;
    const seconds = (x[index + 1] ?? NaN) - (x[index] ?? NaN);
    rates[index] = seconds > 0 && growth >= 0 ? growth / seconds : NaN;
  }
  return { x: x.slice(1), y: rates, low: rates, high: rates, marks: null, banded: false };
}

/** The same points in another unit. */
export function scaled(columns: Columns, factor: number): Columns {
  if (factor === 1) return columns;
  const times = (values: Float64Array): Float64Array => values.map((value) => value * factor);
  return { ...columns, y: times(columns.y), low: times(columns.low), high: times(columns.high) };
}
