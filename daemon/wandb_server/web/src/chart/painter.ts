/** Paints lines, bands and marks on a canvas. Everything is in device pixels; nothing is kept between calls. */

import type { Marks } from "./columns";
import { mergeMarks, type Mark } from "./marks";
import type { Line } from "./nearness";
import type { Range } from "./scale";

/** The plotting area, and how values become pixels in it. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly x: Range;
  readonly y: Range;
  readonly log: boolean;
}

export interface Look {
  readonly ground: string;
  readonly text: string;
  readonly font: string;
  /** Lines of other families are faded. */
  readonly highlight: string | null;
}

const BAND_ALPHA = 0.18;
const EDGE_ALPHA = 0.38;
const BANDS_CLEAR = 8;
const FAINT_ALPHA = 0.28;
const FADED = 0.18;
const DOTS_GAP = 14;
const MARK_SIZE = 5;
const MARK_GAP = 13;

export function pixelX(frame: Frame, value: number): number {
  return frame.left + ((value - frame.x.min) / (frame.x.max - frame.x.min)) * frame.width;
}

export function pixelY(frame: Frame, value: number): number {
  const { min, max } = frame.y;
  const share = frame.log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return frame.top + frame.height * (1 - share);
}

/** All lines of a picture: bands below everything, the highlighted family on top. */
export function paint(context: CanvasRenderingContext2D, frame: Frame, lines: readonly Line[], look: Look): void {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  const ordered = look.highlight ? [...lines].sort((one, two) => rank(one, look) - rank(two, look)) : lines;
  // Many bands over each other would be one solid area.
  const crowd = Math.min(1, Math.sqrt(BANDS_CLEAR / lines.length));
  for (const line of ordered) if (line.columns.banded) paintBand(context, frame, line, strength(line, look) * crowd);
  for (const line of ordered) {
    if (line.smooth) paintLine(context, frame, line, line.columns.y, strength(line, look) * FAINT_ALPHA, 1);
    paintLine(context, frame, line, line.smooth ?? line.columns.y, strength(line, look), isLit(line, look) ? 2.25 : 1.5);
  }
  paintMarks(context, frame, look.highlight ? ordered.filter((line) => isLit(line, look)) : ordered, look);
  context.restore();
}

function isLit(line: Line, look: Look): boolean {
  return look.highlight === line.family;
}

function rank(line: Line, look: Look): number {
  return isLit(line, look) ? 1 : 0;
}

function strength(line: Line, look: Look): number {
  return look.highlight === null || isLit(line, look) ? 1 : FADED;
}

/** First and one past the last index that touch the frame, with a neighbour on each side. */
function windowOf(frame: Frame, x: Float64Array): [number, number] {
  let first = 0;
  while (first < x.length && (x[first] ?? 0) < frame.x.min) first += 1;
  let end = x.length;
  while (end > first && (x[end - 1] ?? 0) > frame.x.max) end -= 1;
  return [Math.max(0, first - 1), Math.min(x.length, end + 1)];
}

function paintBand(context: CanvasRenderingContext2D, frame: Frame, line: Line, alpha: number): void {
  const { x, low, high } = line.columns;
  const [first, end] = windowOf(frame, x);
  const floor = frame.log ? frame.y.min / 1e3 : -Infinity;
  context.globalAlpha = alpha * BAND_ALPHA;
  context.fillStyle = line.colour;
  context.beginPath();
  let begin = first;
  for (let index = first; index <= end; index += 1) {
    const gap = index === end || Number.isNaN(low[index] ?? NaN);
    if (!gap) continue;
    if (index - begin > 0) bandPart(context, frame, x, low, high, begin, index, floor);
    begin = index + 1;
  }
  context.fill();
  // A spike of one bucket is narrower than a pixel when filled: its outline is not.
  context.globalAlpha = alpha * EDGE_ALPHA;
  context.strokeStyle = line.colour;
  context.lineWidth = frame.ratio * 0.75;
  context.stroke();
  context.globalAlpha = 1;
}

function bandPart(
  context: CanvasRenderingContext2D,
  frame: Frame,
  x: Float64Array,
  low: Float64Array,
  high: Float64Array,
  begin: number,
  end: number,
  floor: number,
): void {
  // A lone bucket is as wide as a pixel, so that its spike is seen.
  const half = end - begin === 1 ? frame.ratio / 2 : 0;
  for (let index = begin; index < end; index += 1) {
    const at = pixelX(frame, x[index] ?? 0);
    const top = pixelY(frame, Math.max(high[index] ?? 0, floor));
    if (index === begin) context.moveTo(at - half, top);
    context.lineTo(at + half, top);
  }
  for (let index = end - 1; index >= begin; index -= 1) {
    context.lineTo(pixelX(frame, x[index] ?? 0) + half, pixelY(frame, Math.max(low[index] ?? 0, floor)));
    if (index === begin) context.lineTo(pixelX(frame, x[index] ?? 0) - half, pixelY(frame, Math.max(low[index] ?? 0, floor)));
  }
  context.closePath();
}

/** The line through the finite points; dots where they are far apart or alone. */
export function paintLine(
  context: CanvasRenderingContext2D,
  frame: Frame,
  line: Line,
  y: Float64Array,
  alpha: number,
  width: number,
): void {
  const { x } = line.columns;
  const [first, end] = windowOf(frame, x);
  if (end <= first) return;
  context.globalAlpha = alpha;
  context.strokeStyle = line.colour;
  context.fillStyle = line.colour;
  context.lineWidth = width * frame.ratio;
  context.lineJoin = "round";
  context.lineCap = line.dash.length > 0 ? "butt" : "round";
  context.setLineDash(line.dash.map((length) => length * frame.ratio));
  const sparse = (end - first) * DOTS_GAP * frame.ratio < frame.width;
  const dots: [number, number][] = [];
  let drawing = false;
  context.beginPath();
  for (let index = first; index < end; index += 1) {
    const value = y[index] ?? NaN;
    if (!Number.isFinite(value) || (frame.log && value <= 0)) {
      drawing = false;
      continue;
    }
    const at = pixelX(frame, x[index] ?? 0);
    const height = pixelY(frame, value);
    if (drawing) context.lineTo(at, height);
    else context.moveTo(at, height);
    if (sparse || (!drawing && !isDrawn(y, index + 1, end, frame.log))) dots.push([at, height]);
    drawing = true;
  }
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  for (const [at, height] of dots) {
    context.moveTo(at, height);
    context.arc(at, height, (dots.length === 1 ? 3 : width + 0.75) * frame.ratio, 0, 2 * Math.PI);
  }
  context.fill();
  context.globalAlpha = 1;
}

function isDrawn(y: Float64Array, index: number, end: number, log: boolean): boolean {
  const value = index < end ? (y[index] ?? NaN) : NaN;
  return Number.isFinite(value) && (!log || value > 0);
}

/** The triangles of all lines; where they overlap they are one, with the number of points it stands for. */
function paintMarks(context: CanvasRenderingContext2D, frame: Frame, lines: readonly Line[], look: Look): void {
  const size = MARK_SIZE * frame.ratio;
  const top = frame.top + 2 * frame.ratio;
  const bottom = frame.top + frame.height - 2 * frame.ratio;
  context.lineWidth = 1.5 * frame.ratio;
  context.font = look.font;
  context.textAlign = "center";
  const kinds = [
    { counts: (marks: Marks) => marks.above, edge: top + size * 1.6, way: -1, text: top + size * 2 + 9 * frame.ratio, filled: true },
    { counts: (marks: Marks) => marks.below, edge: bottom - size * 1.6, way: 1, text: bottom - size * 2 - 3 * frame.ratio, filled: true },
    { counts: (marks: Marks) => marks.nan, edge: top, way: 1, text: top + size * 2 + 9 * frame.ratio, filled: false },
  ] as const;
  for (const { counts, edge, way, text, filled } of kinds) {
    const marks = lines.flatMap((line) => (line.columns.marks ? marksOf(frame, line, counts(line.columns.marks)) : []));
    for (const mark of mergeMarks(marks, MARK_GAP * frame.ratio)) {
      triangle(context, mark.at, edge, size, way);
      context.strokeStyle = mark.colour ?? look.text;
      context.fillStyle = filled ? (mark.colour ?? look.text) : look.ground;
      context.fill();
      if (!filled) context.stroke();
      if (mark.count < 2) continue;
      // A rim in the colour of the ground keeps the number readable on top of lines.
      context.strokeStyle = look.ground;
      context.lineWidth = 3 * frame.ratio;
      context.strokeText(String(mark.count), mark.at, text);
      context.lineWidth = 1.5 * frame.ratio;
      context.fillStyle = look.text;
      context.fillText(String(mark.count), mark.at, text);
    }
  }
}

function marksOf(frame: Frame, line: Line, counts: Float64Array): Mark[] {
  const marks: Mark[] = [];
  const { x } = line.columns;
  counts.forEach((count, index) => {
    const at = x[index] ?? NaN;
    if (count > 0 && at >= frame.x.min && at <= frame.x.max) marks.push({ at: pixelX(frame, at), count, colour: line.colour });
  });
  return marks;
}

/** A triangle with its flat side at `edge`; `way` 1 points down, −1 up. */
function triangle(context: CanvasRenderingContext2D, at: number, edge: number, size: number, way: 1 | -1): void {
  context.beginPath();
  context.moveTo(at - size, edge);
  context.lineTo(at + size, edge);
  context.lineTo(at, edge + way * size * 1.6);
  context.closePath();
}
