/** Colours of the terminal (ANSI SGR sequences) in a console line; other control sequences are dropped. */

export interface Span {
  readonly text: string;
  /** One of the sixteen colours as a number, another as CSS, null for the usual. */
  readonly colour: number | string | null;
  readonly bold: boolean;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const SEQUENCE = /\u001b(?:\[([0-9;?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

export function parseAnsi(line: string): Span[] {
  if (!line.includes("\u001b")) return [{ text: line, colour: null, bold: false }];
  const spans: Span[] = [];
  let colour: Span["colour"] = null;
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

function applyCodes(codes: readonly number[], colour: Span["colour"], bold: boolean): [Span["colour"], boolean] {
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) [colour, bold] = [null, false];
    else if (code === 1) bold = true;
    else if (code === 22) bold = false;
    else if (code === 39) colour = null;
    else if (code >= 30 && code <= 37) colour = code - 30;
    else if (code >= 90 && code <= 97) colour = code - 82;
    else if (code === 38 && codes[index + 1] === 5) {
      colour = paletteColour(codes[index + 2] ?? 0);
      index += 2;
    } else if (code === 38 && codes[index + 1] === 2) {
      colour = css(codes[index + 2], codes[index + 3], codes[index + 4]);
      index += 4;
    } else if (code === 48) index += codes[index + 1] === 5 ? 2 : 4;
  }
  return [colour, bold];
}

/** One of 256: the sixteen, a cube of 6 × 6 × 6, a scale of greys. */
function paletteColour(index: number): Span["colour"] {
  if (index < 16) return index;
  if (index > 231) return css(...([8, 8, 8].map((base) => base + (index - 232) * 10) as [number, number, number]));
  const level = (digit: number): number => (digit === 0 ? 0 : 55 + 40 * digit);
  const rest = index - 16;
  return css(level(Math.floor(rest / 36)), level(Math.floor(rest / 6) % 6), level(rest % 6));
}

function css(red = 0, green = 0, blue = 0): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** A line as people read it, without control sequences. */
export function plainText(line: string): string {
  return line.includes("\u001b") ? line.replace(SEQUENCE, "") : line;
}

export interface MarkedSpan extends Span {
  readonly marked: boolean;
}

/** Spans cut where marks begin and end; marks are half-open ranges of the text without sequences, in order. */
export function markSpans(spans: readonly Span[], marks: readonly (readonly [number, number])[]): MarkedSpan[] {
  const result: MarkedSpan[] = [];
  let start = 0;
  for (const span of spans) {
    const end = start + span.text.length;
    let at = start;
    const push = (until: number, marked: boolean): void => {
      if (until > at) result.push({ ...span, text: span.text.slice(at - start, until - start), marked });
      at = Math.max(at, until);
    };
    for (const [from, to] of marks) {
      if (to <= at || from >= end) continue;
      push(Math.min(from, end), false);
      push(Math.min(to, end), true);
    }
    push(end, false);
    start = end;
  }
  return result;
}
