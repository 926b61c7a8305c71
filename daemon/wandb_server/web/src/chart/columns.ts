/** The points of one line as columns of float64: what charts draw and know nothing else of. */

export interface Columns {
  /** Ascending. */
  readonly x: Float64Array;
  /** The mean of each bucket; NaN where it holds no finite point: a gap in the line. */
  readonly y: Float64Array;
  /** The lowest and highest point of each bucket, NaN as `y`. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** How many points of each bucket were NaN, +∞, −∞; null when none of the series was. */
  readonly marks: Marks | null;
  /** Whether any bucket is wider than its mean: there is a band to draw. */
  readonly banded: boolean;
}

export interface Marks {
  readonly nan: Float64Array;
  readonly above: Float64Array;
  readonly below: Float64Array;
}

/** A series as it comes from the server: parallel lists, null where a bucket has no finite point. */
export interface RawSeries {
  readonly x: readonly number[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  readonly mean: readonly (number | null)[];
  readonly nanCount: readonly number[];
  readonly posInfCount: readonly number[];
  readonly negInfCount: readonly number[];
}

export function toColumns(raw: RawSeries): Columns {
  const y = floats(raw.mean);
  const low = floats(raw.min);
  const high = floats(raw.max);
  const odd = [raw.nanCount, raw.posInfCount, raw.negInfCount].some((counts) => counts.some((count) => count > 0));
  const marks = odd
    ? { nan: Float64Array.from(raw.nanCount), above: Float64Array.from(raw.posInfCount), below: Float64Array.from(raw.negInfCount) }
    : null;
  let banded = false;
  for (let index = 0; index < y.length && !banded; index += 1) banded = (high[index] ?? 0) > (low[index] ?? 0);
  return { x: Float64Array.from(raw.x), y, low, high, marks, banded };
}

function floats(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? NaN);
}

/** Index of the point whose x is nearest; -1 when there is none. O(log n). */
export function nearestIndex(x: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  if (low === x.length) return x.length - 1;
  if (low === 0) return 0;
  return wanted - (x[low - 1] ?? 0) <= (x[low] ?? 0) - wanted ? low - 1 : low;
}
