/** Histograms: bars of one step, for several runs over each other, and all steps of a run as a heat map. */

import { useEffect, useMemo, useRef, type ReactElement } from "react";
import { resample, total, valueRange, type Histogram } from "../model/histogram";
import { grouped, short } from "../model/numbers";
import { useTheme } from "../parts/theme";

interface BarsProps {
  readonly histograms: readonly { readonly id: string; readonly name: string; readonly colour: string; readonly histogram: Histogram }[];
}

const WIDTH = 320;
const HEIGHT = 100;

/** Every histogram as an outline in its run's colour, filled when it is the only one. */
export function HistogramBars({ histograms }: BarsProps): ReactElement | null {
  const range = useMemo(() => valueRange(histograms.map((one) => one.histogram)), [histograms]);
  if (!range) return null;
  const x = (value: number): number => ((value - range.min) / (range.max - range.min)) * WIDTH;
  const tallest = Math.max(...histograms.map(({ histogram }) => Math.max(0, ...densities(histogram)))) || 1;
  const names = histograms.map(({ name, histogram }) => `${name}: ${grouped(total(histogram))} values`).join(", ");
  return (
    <div className="histogram-bars">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={names}>
        {histograms.map(({ id, name, colour, histogram }) => (
          <path
            key={id}
            d={outline(histogram, x, tallest)}
            stroke={colour}
            fill={colour}
            fillOpacity={histograms.length === 1 ? 0.35 : 0.08}
            vectorEffect="non-scaling-stroke"
            data-run={id}
          >
            <title>{`${name}: ${grouped(total(histogram))} values`}</title>
          </path>
        ))}
      </svg>
      <div className="histogram-axis number">
        <span>{short(range.min)}</span>
        <span>{short((range.min + range.max) / 2)}</span>
        <span>{short(range.max)}</span>
      </div>
    </div>
  );
}

/** Counts by width of their bins: bins need not be equally wide. */
function densities({ counts, edges }: Histogram): number[] {
  return counts.map((count, index) => {
    const width = (edges[index + 1] ?? 0) - (edges[index] ?? 0);
    return width > 0 ? count / width : 0;
  });
}

function outline(histogram: Histogram, x: (value: number) => number, tallest: number): string {
  const heights = densities(histogram);
  const y = (index: number): string => (HEIGHT - ((heights[index] ?? 0) / tallest) * (HEIGHT - 4)).toFixed(2);
  const steps = histogram.edges.slice(0, -1).map((edge, index) => `L${x(edge).toFixed(2)} ${y(index)}H${x(histogram.edges[index + 1] ?? edge).toFixed(2)}`);
  const left = x(histogram.edges[0] ?? 0).toFixed(2);
  return `M${left} ${HEIGHT}${steps.join("")}V${HEIGHT}Z`;
}

interface HeatProps {
  readonly rows: readonly { readonly step: number; readonly histogram: Histogram }[];
  readonly step: number | null;
  readonly name: string;
  readonly onStep: (step: number) => void;
}

const BINS = 64;

/** Columns are steps, rows are values, darkness is the share of the values. A click chooses the step. */
export function HistogramHeat({ rows, step, name, onStep }: HeatProps): ReactElement | null {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const range = useMemo(() => valueRange(rows.map((row) => row.histogram)), [rows]);
  const first = rows[0]?.step ?? 0;
  const last = rows.at(-1)?.step ?? first;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !range) return;
    element.width = rows.length;
    element.height = BINS;
    const picture = context.createImageData(rows.length, BINS);
    const colour = accentOf(element);
    rows.forEach(({ histogram }, column) => {
      const parts = resample(histogram, range, BINS);
      const most = Math.max(...parts) || 1;
      parts.forEach((part, bin) => {
        const at = ((BINS - 1 - bin) * rows.length + column) * 4;
        picture.data.set(colour, at);
        picture.data[at + 3] = Math.round(255 * Math.sqrt(part / most));
      });
    });
    context.putImageData(picture, 0, 0);
  }, [rows, range, theme.shown]);
  if (!range || rows.length === 0) return null;
  const column = rows.findIndex((row) => row.step === step);
  const place = column < 0 ? null : ((column + 0.5) / rows.length) * 100;
  return (
    <div className="histogram-heat">
      <div
        className="histogram-picture"
        role="img"
        aria-label={`${name}: values from ${short(range.min)} to ${short(range.max)} over steps ${first} to ${last}`}
        onClick={({ currentTarget, clientX }) => {
          const box = currentTarget.getBoundingClientRect();
          const clicked = rows[Math.floor(((clientX - box.left) / box.width) * rows.length)];
          if (clicked) onStep(clicked.step);
        }}
      >
        <canvas ref={canvas} />
        {place !== null && <i style={{ left: `${place}%` }} />}
        <span className="number">{short(range.max)}</span>
        <span className="number">{short(range.min)}</span>
      </div>
      <div className="histogram-axis number">
        <span>{grouped(first)}</span>
        <span>{grouped(last)}</span>
      </div>
    </div>
  );
}

function accentOf(element: HTMLElement): [number, number, number] {
  const value = Number.parseInt(getComputedStyle(element).getPropertyValue("--accent").trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
