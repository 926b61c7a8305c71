/**
 * Exponential smoothing that follows distance on the x-axis, not the number of points: the same curve for a run
 * sampled densely and one sampled sparsely, and nearly the same before and after a zoom.
 */

/** Over how many equal steps the visible range is thought to be sampled. */
const VIEW_STEPS = 500;

/**
 * Smoothed `y` over `x` (ascending), as many values. Not finite values stay where they are and do not spread.
 *
 * `strength` 0 (none) to 1 (flat); `span` is the width of the x-range in view. Debiased, so that the first values are
 * not pulled towards zero. O(n).
 */
export function smooth(x: ArrayLike<number>, y: ArrayLike<number>, strength: number, span: number): Float64Array {
  const result = Float64Array.from(y);
  if (strength <= 0) return result;
  const weight = Math.min(strength, 0.999);
  let mean = 0;
  let bias = 0;
  let previous = NaN;
  for (let index = 0; index < result.length; index += 1) {
    const value = result[index] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const at = x[index] ?? 0;
    // A step farther than one of the view counts as one, else a run of ten points would never be smoothed.
    const distance = Number.isNaN(previous) || span <= 0 ? 1 : ((at - previous) / span) * VIEW_STEPS;
    const kept = weight ** Math.min(1, Math.max(distance, 1e-9));
    mean = mean * kept + value * (1 - kept);
    bias = bias * kept + (1 - kept);
    result[index] = mean / bias;
    previous = at;
  }
  return result;
}
