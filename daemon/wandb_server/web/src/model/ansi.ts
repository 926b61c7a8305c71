/** Colours of the terminal (ANSI SGR sequences) in a console line; other control sequences are dropped. */

export interface Span {
  readonly text: string;
  /** One of the sixteen colours as a number, null for the usual. */
  readonly colour: number | null;
  readonly bold: boolean;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const SEQUENCE = /\u001b(?:\[([0-9;?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

export function parseAnsi(line: string): Span[] {
  if (!line.includes("\u001b")) return [{ text: line, colour: null, bold: false }];
  const spans: Span[] = [];
  let colour: number | null = null;
  let bold = false;
  let from = 0;
  const push = (end: number): void => {
    if (end > from) spans.push({ text: line.slice(from, end), colour, bold });
  };
  for (const found of line.matchAll(SEQUENCE)) {
    push(found.index);
    from = found.index + found[0].length;
    if (found[2] !== "m") continue;
    [colour, bold] = applyCodes((found[1] ?? "").split(";").map(Number), colour, bold);
  }
  push(line.length);
  return spans;
}

function applyCodes(codes: readonly number[], colour: number | null, bold: boolean): [number | null, boolean] {
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) [colour, bold] = [null, false];
    else if (code === 1) bold = true;
    else if (code === 22) bold = false;
    else if (code === 39) colour = null;
    else if (code >= 30 && code <= 37) colour = code - 30;
    else if (code >= 90 && code <= 97) colour = code - 82;
    else if (code === 38 && codes[index + 1] === 5) {
      const wide = codes[index + 2] ?? 0;
      colour = wide < 16 ? wide : null;
      index += 2;
    } else if (code === 38 && codes[index + 1] === 2) index += 4;
  }
  return [colour, bold];
}
