/** Histograms: counts between edges, and many of them over steps as one picture. */

import { isObject, type Json } from "./json";

export interface Histogram {
  readonly counts: readonly number[];
  /** One more than counts, ascending. */
  readonly edges: readonly number[];
}

/** A logged histogram, with its edges or with bins of equal width; null if it is none. */
export function readHistogram(value: Json | undefined): Histogram | null {
  if (!isObject(value) || value["_type"] !== "histogram") return null;
  const counts = numbers(value["values"]);
  const edges = numbers(value["bins"]) ?? packedEdges(value["packedBins"]);
  if (counts === null || edges === null || edges.length !== counts.length + 1) return null;
  return { counts, edges };
}

function packedEdges(packed: Json | undefined): number[] | null {
  if (!isObject(packed)) return null;
  const { min, size, count } = packed;
  if (typeof min !== "number" || typeof size !== "number" || typeof count !== "number" || count > 10_000) return null;
  return Array.from({ length: count + 1 }, (_, index) => min + index * size);
}

function numbers(value: Json | undefined): number[] | null {
  if (!Array.isArray(value)) return null;
  return value.map((item) => (typeof item === "number" && Number.isFinite(item) ? item : 0));
}

/** How many values lie in the histogram. */
export function total(histogram: Histogram): number {
  return histogram.counts.reduce((sum, count) => sum + count, 0);
}

/** Lowest and highest edge of all of them; null without any. */
export function valueRange(histograms: readonly Histogram[]): { min: number; max: number } | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { edges } of histograms) {
    min = Math.min(min, edges[0] ?? Infinity);
    max = Math.max(max, edges.at(-1) ?? -Infinity);
  }
  if (min > max) return null;
  return min === max ? { min: min - 0.5, max: max + 0.5 } : { min, max };
}

/** The share of the values in each of `bins` equal parts of the range, as if values were even within a bin. */
export function resample({ counts, edges }: Histogram, range: { min: number; max: number }, bins: number): Float64Array {
  const parts = new Float64Array(bins);
  const width = (range.max - range.min) / bins;
  const sum = counts.reduce((whole, count) => whole + count, 0) || 1;
  counts.forEach((count, index) => {
    const low = edges[index] ?? 0;
    const high = edges[index + 1] ?? low;
    if (count <= 0) return;
    const first = clamp(Math.floor((low - range.min) / width), 0, bins - 1);
    const last = clamp(Math.ceil((high - range.min) / width) - 1, first, bins - 1);
    for (let bin = first; bin <= last; bin += 1) {
      const left = Math.max(low, range.min + bin * width);
      const right = Math.min(high, range.min + (bin + 1) * width);
      const share = high > low ? Math.max(0, right - left) / (high - low) : 1 / (last - first + 1);
      parts[bin] = (parts[bin] ?? 0) + (count * share) / sum;
    }
  });
  return parts;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
