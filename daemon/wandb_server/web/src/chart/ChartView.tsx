/** A chart as a component: a picture in, zoom and hover out. */

import { useEffect, useLayoutEffect, useRef, useState, type ReactElement } from "react";
import { createPortal } from "react-dom";
import { Chart, type AxisKind, type Hover, type Picture } from "./chart";
import type { Crosshair } from "./crosshair";
import type { TooltipRow } from "./nearness";
import type { Range } from "./scale";
import { clock, duration, exact, grouped, short } from "../model/numbers";

export interface ChartViewProps {
  readonly picture: Picture;
  readonly crosshair: Crosshair;
  readonly theme: string;
  readonly axisLabel: string;
  readonly onZoom: (range: Range) => void;
  readonly onReset: () => void;
}

export function ChartView(props: ChartViewProps): ReactElement {
  const root = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const latest = useRef(props);
  const [hover, setHover] = useState<{ at: Hover; host: Element } | null>(null);
  useLayoutEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!root.current) return;
    const made = new Chart(root.current, latest.current.picture, latest.current.crosshair, {
      // A dialog lies above everything outside it: its tooltip lies inside.
      onHover: (at) => setHover(at && { at, host: root.current?.closest("dialog") ?? document.body }),
      onZoom: (range) => latest.current.onZoom(range),
      onReset: () => latest.current.onReset(),
    });
    chart.current = made;
    return () => {
      made.destroy();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.show(props.picture), [props.picture]);
  useEffect(() => chart.current?.repaint(), [props.theme]);

  return (
    <>
      <div className="chart" ref={root} />
      {hover && hover.at.rows.length > 0 && createPortal(<Tooltip hover={hover.at} {...props} />, hover.host)}
    </>
  );
}

function Tooltip({ hover, picture, axisLabel }: ChartViewProps & { hover: Hover }): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    const right = hover.pageX + 16;
    const left = right + width > window.innerWidth - 8 ? Math.max(8, hover.pageX - width - 16) : right;
    const top = Math.min(hover.pageY + 12, window.innerHeight - height - 8);
    element.style.transform = `translate(${left}px, ${Math.max(8, top)}px)`;
  });
  const first = hover.rows[0];
  const at = first ? (first.line.columns.x[first.index] ?? hover.x) : hover.x;
  return (
    <div className="tooltip" role="tooltip" ref={box}>
      <div className="tooltip-head">
        {axisLabel} <b>{formatX(picture.kind, at)}</b>
      </div>
      <table>
        <tbody>
          {hover.rows.map((row, index) => (
            <Row key={row.line.id} row={row} nearest={index === 0} text={picture.measure?.text ?? short} />
          ))}
        </tbody>
      </table>
      {hover.rest > 0 && <div className="tooltip-rest">and {hover.rest} more</div>}
    </div>
  );
}

function Row({ row, nearest, text }: { row: TooltipRow; nearest: boolean; text: (value: number) => string }): ReactElement {
  const { line, index, value } = row;
  const { low, high } = line.columns;
  const bottom = low[index] ?? NaN;
  const top = high[index] ?? NaN;
  return (
    <tr className={nearest ? "nearest" : ""}>
      <td>
        <Swatch colour={line.colour} dash={line.dash} />
      </td>
      <td className="tooltip-name">{line.label}</td>
      <td className="tooltip-value" title={exact(value)}>
        {Number.isFinite(value) ? text(value) : "–"}
      </td>
      <td className="tooltip-band">{top > bottom ? `${text(bottom)} … ${text(top)}` : ""}</td>
      <td className="tooltip-marks">{marksOf(row)}</td>
    </tr>
  );
}

/** "2 NaN, 1 +∞": what of this bucket is not on the line. */
function marksOf({ line, index }: TooltipRow): string {
  const { marks } = line.columns;
  if (!marks) return "";
  const counts: [number, string][] = [
    [marks.nan[index] ?? 0, "NaN"],
    [marks.above[index] ?? 0, "+∞"],
    [marks.below[index] ?? 0, "−∞"],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, name]) => (count > 1 ? `${count} × ${name}` : name))
    .join(", ");
}

export function formatX(kind: AxisKind, value: number): string {
  if (kind === "clock") return clock(value);
  if (kind === "duration") return duration(value);
  return Number.isInteger(value) ? grouped(value) : short(value);
}

/** A short stroke in the colour and dash of a line. */
export function Swatch({ colour, dash }: { colour: string; dash: readonly number[] }): ReactElement {
  return (
    <svg className="swatch" width="16" height="8" aria-hidden="true">
      <line
        x1="1"
        x2="15"
        y1="4"
        y2="4"
        stroke={colour}
        strokeWidth="2.5"
        strokeDasharray={dash.length > 0 ? dash.map((length) => length * 0.55).join(" ") : undefined}
      />
    </svg>
  );
}
