/**
 * The colour of a run: by a hash of its id, so that it is the same in every view, chart and theme.
 *
 * Twenty hues of different lightness, chosen to stay apart for protanopic and deuteranopic eyes and to stand out from
 * a white and from a near-black ground. Runs that fall on the same hue are told apart by their dashes.
 */

export const RUN_COLOURS = [
  "#0d7dd4", "#fb2b9a", "#23c987", "#9b4805", "#7235d0", "#a8b61f", "#c8626d", "#1c989e", "#c94ff8", "#0c6944",
  "#1a49ee", "#c99159", "#b31555", "#58bad6", "#6d853f", "#fc93ac", "#af25a9", "#9187cb", "#7c4f86", "#de96fd",
] as const;

export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [14, 5], [5, 2, 1, 2]];

/** FNV-1a, finished with an avalanche: neighbouring ids get unrelated colours. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

export function runColour(runId: string): string {
  return RUN_COLOURS[hash(runId) % RUN_COLOURS.length] ?? RUN_COLOURS[0];
}

/** The nth of several lines of one run. */
export function lineColour(index: number): string {
  return RUN_COLOURS[index % RUN_COLOURS.length] ?? RUN_COLOURS[0];
}

export function dashOf(index: number): readonly number[] {
  return DASHES[index % DASHES.length] ?? [];
}

/** A dash for each run, so that no two of them look the same: the first on a colour is solid. */
export function runDashes(runIds: readonly string[]): Map<string, readonly number[]> {
  const used = new Map<string, number>();
  const dashes = new Map<string, readonly number[]>();
  for (const id of runIds) {
    const colour = runColour(id);
    const count = used.get(colour) ?? 0;
    used.set(colour, count + 1);
    dashes.set(id, dashOf(count));
  }
  return dashes;
}
