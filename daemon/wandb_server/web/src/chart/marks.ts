/** Points that have no place on the y-axis: NaN, +∞ and −∞ become triangles at the edge, with counts. */

export interface Mark {
  /** Pixels from the left. */
  readonly at: number;
  readonly count: number;
  /** The colour of the line; null when several lines share the mark. */
  readonly colour: string | null;
}

/** Marks nearer than `gap` to the first of their group become one, in its middle, with the sum of their counts. */
export function mergeMarks(marks: readonly Mark[], gap: number): Mark[] {
  const merged: Mark[] = [];
  let group: Mark[] = [];
  const close = (): void => {
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last) return;
    const colour = group.every((mark) => mark.colour === first.colour) ? first.colour : null;
    merged.push({ at: (first.at + last.at) / 2, count: group.reduce((sum, mark) => sum + mark.count, 0), colour });
    group = [];
  };
  for (const mark of [...marks].sort((left, right) => left.at - right.at)) {
    if (group[0] && mark.at - group[0].at >= gap) close();
    group.push(mark);
  }
  close();
  return merged;
}
