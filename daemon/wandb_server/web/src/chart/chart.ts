/**
 * One chart: uPlot draws axes, grid and the selection, the painter draws the lines.
 *
 * uPlot wants one x column for all lines; runs have their own, and joining them costs runs × points. So uPlot gets
 * only the corners of the view, and the lines keep their columns.
 *
 * While the pointer is inside, the ranges of the axes stay as they are, whatever arrives; while the user drags, nothing
 * is drawn at all. Both are made up for afterwards.
 */

import uPlot from "uplot";
import type { Crosshair } from "./crosshair";
import { nearestRows, type Line, type Nearest } from "./nearness";
import { paint, paintLine, pixelX, pixelY, type Frame, type Look } from "./painter";
import { xRange, yRange, type Range } from "./scale";
import { clockTick, durationTick, tick } from "../model/numbers";

export type AxisKind = "step" | "duration" | "clock" | "number";

/** All that decides what a chart looks like. */
export interface Picture {
  readonly lines: readonly Line[];
  readonly kind: AxisKind;
  /** Charts with the same name share the crosshair. */
  readonly axis: string;
  /** null: everything. */
  readonly view: Range | null;
  readonly log: boolean;
  readonly highlight: string | null;
  /** Values with a unit: how they are written, and what the y axis shows at least. */
  readonly measure?: Measure;
}

export interface Measure {
  readonly tick: (value: number, increment: number) => string;
  readonly text: (value: number) => string;
  readonly range: Range | null;
}

/** What the pointer points at; positions in pixels of the page. */
export interface Hover extends Nearest {
  readonly x: number;
  readonly pageX: number;
  readonly pageY: number;
}

export interface ChartEvents {
  readonly onHover: (hover: Hover | null) => void;
  readonly onZoom: (range: Range) => void;
  readonly onReset: () => void;
}

const REACH_PIXELS = 24;
const ZOOM_PIXELS_MIN = 5;
const DURATIONS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000,
];
const STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

export class Chart {
  private plot: uPlot | null = null;
  private picture: Picture;
  private waiting: Picture | null = null;
  private x: Range = { min: 0, max: 1 };
  private y: Range = { min: 0, max: 1 };
  private inside = false;
  private dragging = false;
  private cursorLine: HTMLDivElement | null = null;
  private overlay: HTMLCanvasElement | null = null;
  private readonly stopListening: () => void;
  private readonly resize: ResizeObserver;

  constructor(
    private readonly root: HTMLElement,
    picture: Picture,
    private readonly crosshair: Crosshair,
    private readonly events: ChartEvents,
  ) {
    this.picture = picture;
    this.stopListening = crosshair.subscribe((axis, x, source) => {
      if (source !== this) this.showCrosshair(axis === this.picture.axis ? x : null);
    });
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(root);
    window.addEventListener("mouseup", this.onRelease);
    this.build();
  }

  show(picture: Picture): void {
    if (this.dragging) {
      this.waiting = picture;
      return;
    }
    const before = this.picture;
    this.picture = picture;
    if (before.kind !== picture.kind || before.log !== picture.log || !this.plot) {
      this.build();
      return;
    }
    if (!this.inside || !sameView(before, picture)) this.range();
    this.plot.setData(corners(this.x, this.y), true);
  }

  /** Draw again, with the colours of the theme as they are now. */
  repaint(): void {
    this.plot?.redraw(false, true);
  }

  destroy(): void {
    window.removeEventListener("mouseup", this.onRelease);
    this.stopListening();
    this.resize.disconnect();
    this.plot?.destroy();
    this.plot = null;
    if (this.inside) this.crosshair.publish(this.picture.axis, null, this);
  }

  private readonly onRelease = (): void => {
    if (!this.dragging) return;
    this.dragging = false;
    const next = this.waiting;
    this.waiting = null;
    if (next) this.show(next);
  };

  private range(): void {
    const columns = this.picture.lines.map((line) => line.columns);
    const zeroed = this.picture.kind === "step" || this.picture.kind === "duration";
    this.x = this.picture.view ?? xRange(columns, zeroed) ?? { min: 0, max: 1 };
    const seen = yRange(columns, this.x, this.picture.log);
    const least = this.picture.measure?.range;
    this.y = least ? widened(seen, least) : seen;
  }

  private build(): void {
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    if (width === 0 || height === 0) return;
    this.plot?.destroy();
    this.range();
    const plot = new uPlot(this.options(width, height), corners(this.x, this.y), this.root);
    this.plot = plot;
    this.overlay = document.createElement("canvas");
    this.overlay.className = "chart-overlay";
    this.cursorLine = document.createElement("div");
    this.cursorLine.className = "chart-crosshair";
    plot.over.append(this.overlay, this.cursorLine);
    plot.over.addEventListener("mousedown", (event) => {
      this.dragging = event.button === 0;
    });
    plot.over.addEventListener("dblclick", () => this.events.onReset());
  }

  private fit(): void {
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    if (width === 0 || height === 0) return;
    if (!this.plot) this.build();
    else if (this.plot.width !== width || this.plot.height !== height) this.plot.setSize({ width, height });
  }

  private options(width: number, height: number): uPlot.Options {
    const { kind, log } = this.picture;
    const grid = { stroke: () => token(this.root, "--chart-grid"), width: 1 };
    const shared: uPlot.Axis = {
      stroke: () => token(this.root, "--text-3"),
      font: `11px ${token(this.root, "--sans")}`,
      grid,
      ticks: { show: false },
    };
    return {
      width,
      height,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        x: false,
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: ZOOM_PIXELS_MIN },
        bind: { dblclick: () => null },
      },
      scales: {
        x: { time: kind === "clock", range: () => [this.x.min, this.x.max] },
        y: { distr: log ? 3 : 1, range: () => [this.y.min, this.y.max] },
      },
      axes: [
        { ...shared, size: 26, gap: 4, space: kind === "clock" ? 64 : 56, ...xTicks(kind) },
        {
          ...shared,
          gap: 4,
          space: (_plot, _axis, _min, _max, pixels) => Math.max(28, pixels / 12),
          size: (_plot, values) => Math.max(30, Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0)) * 6.4 + 12),
          values: (_plot, splits, _axis, _space, increment) =>
            splits.map((value) => (value == null ? "" : (this.picture.measure?.tick ?? tick)(value, log ? Math.abs(value) : increment))),
        },
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => paint(plot.ctx, this.frame(plot), this.picture.lines, this.look())],
        setCursor: [(plot) => this.onCursor(plot)],
        setSelect: [(plot) => this.onSelect(plot)],
      },
    };
  }

  private frame(plot: uPlot): Frame {
    const { left, top, width, height } = plot.bbox;
    return { left, top, width, height, ratio: uPlot.pxRatio, x: this.x, y: this.y, log: this.picture.log };
  }

  private look(): Look {
    return {
      ground: token(this.root, "--surface"),
      text: token(this.root, "--text-2"),
      font: `${10 * uPlot.pxRatio}px ${token(this.root, "--sans")}`,
      highlight: this.picture.highlight,
    };
  }

  private onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < ZOOM_PIXELS_MIN) return;
    const range = { min: plot.posToVal(left, "x"), max: plot.posToVal(left + width, "x") };
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onRelease();
    this.events.onZoom(range);
  }

  private onCursor(plot: uPlot): void {
    const { left = -1, top = -1 } = plot.cursor;
    if (left < 0 || top < 0) {
      if (this.inside) this.leave();
      return;
    }
    this.inside = true;
    const x = plot.posToVal(left, "x");
    this.showCrosshair(x);
    this.crosshair.publish(this.picture.axis, x, this);
    const frame = this.frame(plot);
    const reach = (REACH_PIXELS / (frame.width / frame.ratio)) * (this.x.max - this.x.min);
    const toPixel = (value: number): number => (pixelY(frame, value) - frame.top) / frame.ratio;
    const nearest = nearestRows(this.picture.lines, x, top, toPixel, reach);
    this.paintOverlay(plot, frame, nearest);
    const box = plot.over.getBoundingClientRect();
    this.events.onHover({ ...nearest, x, pageX: box.left + left, pageY: box.top + top });
  }

  private leave(): void {
    this.inside = false;
    this.showCrosshair(null);
    this.crosshair.publish(this.picture.axis, null, this);
    this.events.onHover(null);
    this.overlay?.getContext("2d")?.clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.show(this.picture);
  }

  private showCrosshair(x: number | null): void {
    const line = this.cursorLine;
    if (!line || !this.plot) return;
    const visible = x !== null && x >= this.x.min && x <= this.x.max;
    line.style.display = visible ? "block" : "none";
    if (visible) line.style.transform = `translateX(${this.plot.valToPos(x, "x")}px)`;
  }

  /** The nearest line once more, thicker, and a dot on every point that the tooltip names. */
  private paintOverlay(plot: uPlot, frame: Frame, nearest: Nearest): void {
    const canvas = this.overlay;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    if (canvas.width !== frame.width || canvas.height !== frame.height) {
      canvas.width = frame.width;
      canvas.height = frame.height;
      canvas.style.width = `${plot.over.clientWidth}px`;
      canvas.style.height = `${plot.over.clientHeight}px`;
    }
    context.clearRect(0, 0, canvas.width, canvas.height);
    const own: Frame = { ...frame, left: 0, top: 0 };
    const first = nearest.rows[0]?.line;
    if (first && this.picture.lines.length > 1) paintLine(context, own, first, first.smooth ?? first.columns.y, 1, 2.5);
    for (const { line, index, value } of nearest.rows) {
      if (!Number.isFinite(value)) continue;
      context.beginPath();
      context.arc(pixelX(own, line.columns.x[index] ?? 0), pixelY(own, value), 3 * frame.ratio, 0, 2 * Math.PI);
      context.fillStyle = line.colour;
      context.fill();
    }
  }
}

/** Whether new data may keep the ranges: same axis, zoom and lines. */
function sameView(one: Picture, two: Picture): boolean {
  return (
    one.axis === two.axis &&
    one.view?.min === two.view?.min &&
    one.view?.max === two.view?.max &&
    one.lines.length === two.lines.length
  );
}

/** The range of what cannot lie below `least.min`: air above only, and none above all of a share. */
function widened(seen: Range, least: Range): Range {
  const height = seen.max - least.min;
  const max = seen.max <= least.max * 1.07 ? least.max : seen.max + height * 0.04;
  return { min: least.min, max: max > least.min ? max : least.min + 1 };
}

function corners(x: Range, y: Range): uPlot.AlignedData {
  return [
    [x.min, x.max],
    [y.min, y.max],
  ];
}

function xTicks(kind: AxisKind): Pick<uPlot.Axis, "values" | "incrs"> {
  if (kind === "clock") return { values: (_plot, splits, _axis, _space, increment) => splits.map((value) => clockTick(value, increment)) };
  if (kind === "duration") {
    return { incrs: [0.001, 0.01, 0.1, ...DURATIONS], values: (_plot, splits) => splits.map((value) => durationTick(value)) };
  }
  const values: uPlot.Axis.DynamicValues = (_plot, splits, _axis, _space, increment) =>
    splits.map((value) => tick(value, increment));
  return kind === "step" ? { incrs: STEPS, values } : { values };
}

function token(root: HTMLElement, name: string): string {
  return getComputedStyle(root).getPropertyValue(name).trim();
}
