/** A Vega-Lite chart, interpreted (no code is made from text, as the page's policy asks), in the theme's colours. */

import { useEffect, useRef, useState, type ReactElement } from "react";
import { parse, View, Warn } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";
import { RUN_COLOURS } from "../model/colours";
import { useTheme } from "../parts/theme";

interface VegaViewProps {
  /** Without data and size. */
  readonly spec: Record<string, unknown>;
  readonly rows: readonly Record<string, unknown>[];
  readonly name: string;
}

/** More marks than this are too many elements. */
const SVG_ROWS_MAX = 3_000;

export default function VegaView({ spec, rows, name }: VegaViewProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let view: View | null = null;
    const draw = (): void => {
      view?.finalize();
      try {
        view = open(element, spec, rows);
        view.runAsync().then(() => setProblem(null), fail);
      } catch (error) {
        fail(error);
      }
    };
    const fail = (error: unknown): void => setProblem(error instanceof Error ? error.message : String(error));
    let drawn = { width: 0, height: 0 };
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width === 0 || (width === drawn.width && height === drawn.height)) return;
      drawn = { width, height };
      draw();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      view?.finalize();
    };
  }, [spec, rows, theme.shown]);
  return (
    <>
      <div className="vega-place" ref={place} role="img" aria-label={name} />
      {problem !== null && <p className="media-failed">The chart could not be drawn: {problem}</p>}
    </>
  );
}

function open(element: HTMLElement, spec: Record<string, unknown>, rows: readonly Record<string, unknown>[]): View {
  const style = getComputedStyle(element);
  const whole = {
    ...spec,
    ...sizesOf(spec, element),
    data: { values: rows },
    params: [
      { name: "plainText", value: style.getPropertyValue("--text-1").trim() },
      { name: "accentText", value: style.getPropertyValue("--accent-text").trim() },
    ],
    config: configOf(style),
  } as unknown as TopLevelSpec;
  const runtime = parse(compile(whole).spec, undefined, { ast: true });
  return new View(runtime, {
    expr: expressionInterpreter,
    container: element,
    renderer: rows.length > SVG_ROWS_MAX ? "canvas" : "svg",
    hover: true,
    logLevel: Warn,
  });
}

/** Room for the axes of charts beside each other, which do not fit themselves. */
const FACET_MARGIN = { left: 84, between: 24, height: 100 } as const;
const FACET_MIN = 90;

function sizesOf(spec: Record<string, unknown>, element: HTMLElement): Record<string, unknown> {
  const { clientWidth: width, clientHeight: height } = element;
  if (!("facet" in spec)) return { width, height, autosize: { type: "fit", contains: "padding" } };
  const { facets = 1 } = (spec["usermeta"] ?? {}) as { facets?: number };
  const each = {
    width: Math.max(FACET_MIN, (width - FACET_MARGIN.left) / facets - FACET_MARGIN.between),
    height: Math.max(FACET_MIN, height - FACET_MARGIN.height),
  };
  return { spec: { ...(spec["spec"] as object), ...each } };
}

function configOf(style: CSSStyleDeclaration): Record<string, unknown> {
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const text = { labelColor: colour("--text-3"), titleColor: colour("--text-2"), labelFontSize: 11, titleFontSize: 11, titleFontWeight: 500 };
  return {
    background: "transparent",
    font: style.fontFamily,
    padding: 6,
    view: { stroke: null },
    title: { color: colour("--text-1"), fontSize: 13, fontWeight: 600, anchor: "start" },
    axis: { ...text, gridColor: colour("--chart-grid"), domainColor: colour("--border-strong"), tickColor: colour("--border-strong") },
    legend: { ...text, symbolStrokeWidth: 2, orient: "bottom", columns: 4 },
    header: text,
    range: { category: [...RUN_COLOURS], heatmap: [colour("--surface"), colour("--accent")], ramp: [colour("--surface"), colour("--accent")] },
    mark: { color: colour("--accent") },
  };
}
