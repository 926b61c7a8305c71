/** Points that have no place on the y-axis: NaN, +∞ and −∞ become triangles at the edge, with counts. */

export interface Mark {
  /** Pixels from the left. */
  readonly at: number;
  readonly count: number;
}

/** Marks nearer than `gap` to the first of their group become one, in its middle, with the sum of their counts. */
export function mergeMarks(at: ArrayLike<number>, counts: ArrayLike<number>, gap: number): Mark[] {
  const marks: Mark[] = [];
  let first = NaN;
  let last = NaN;
  let sum = 0;
  const close = (): void => {
    if (sum > 0) marks.push({ at: (first + last) / 2, count: sum });
  };
  for (let index = 0; index < at.length; index += 1) {
    const count = counts[index] ?? 0;
    if (count <= 0) continue;
    const position = at[index] ?? 0;
    if (sum > 0 && position - first < gap) {
      sum += count;
      last = position;
      continue;
    }
    close();
    first = last = position;
    sum = count;
  }
  close();
  return marks;
}
