/** A Plotly figure; the library (cartesian traces, no WebGL: those need code from text) is loaded with this file. */

import Plotly from "plotly.js-cartesian-dist-min";
import { useEffect, useRef, useState, type ReactElement } from "react";
import { useJsonFile } from "../api/media";
import { isObject, type Json } from "../model/json";
import { Skeleton } from "../parts/messages";
import { useTheme } from "../parts/theme";

export default function PlotlyView({ address, name }: { address: string; name: string }): ReactElement {
  const file = useJsonFile(address);
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [problem, setProblem] = useState<string | null>(null);
  const figure = isObject(file.data) ? file.data : null;
  useEffect(() => {
    const element = place.current;
    if (!element || !figure) return;
    const data = Array.isArray(figure["data"]) ? figure["data"] : [];
    Plotly.newPlot(element, structuredClone(data), layoutOf(figure["layout"], element), OPTIONS).then(
      () => setProblem(unknownTraces(data)),
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
    const observer = new ResizeObserver(() => Plotly.Plots.resize(element));
    observer.observe(element);
    return () => {
      observer.disconnect();
      Plotly.purge(element);
    };
  }, [figure, theme.shown]);
  if (file.isError) return <p className="media-failed">The figure could not be loaded: {file.error.message}.</p>;
  return (
    <>
      {file.isPending && <Skeleton rows={4} />}
      {file.isSuccess && !figure && <p className="media-failed">The file is not a figure.</p>}
      <div className="plotly-place" ref={place} role="img" aria-label={name} />
      {problem && <p className="media-failed">{problem}</p>}
    </>
  );
}

const OPTIONS = { displaylogo: false, responsive: false, displayModeBar: "hover" } as const;
const MARGIN = { l: 44, r: 12, t: 28, b: 36 };
const KNOWN = new Set([
  "scatter", "bar", "pie", "box", "violin", "histogram", "histogram2d", "histogram2dcontour", "heatmap", "contour",
  "contourcarpet", "carpet", "scattercarpet", "scatterternary", "image", "candlestick", "ohlc", "waterfall", "funnel",
]);

/** The figure's own layout on the theme's ground. */
function layoutOf(layout: Json | undefined, element: HTMLElement): Record<string, unknown> {
  const given = isObject(layout) ? structuredClone(layout) : {};
  const style = getComputedStyle(element);
  const text = style.getPropertyValue("--text-2");
  const grid = style.getPropertyValue("--border");
  const axes = Object.fromEntries(
    ["xaxis", "yaxis", ...Object.keys(given).filter((key) => /^[xy]axis\d+$/.test(key))].map((key) => {
      const axis = isObject(given[key]) ? given[key] : {};
      return [key, { gridcolor: grid, linecolor: grid, zerolinecolor: grid, automargin: true, ...axis }];
    }),
  );
  return {
    ...given,
    ...axes,
    autosize: true,
    width: undefined,
    height: undefined,
    template: undefined,
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    margin: isObject(given["title"]) || typeof given["title"] === "string" ? { ...MARGIN, t: 44 } : MARGIN,
    font: { family: style.fontFamily, size: 12, color: text },
  };
}

function unknownTraces(data: readonly Json[]): string | null {
  const types = data.map((trace) => (isObject(trace) && typeof trace["type"] === "string" ? trace["type"] : "scatter"));
  const unknown = [...new Set(types.filter((type) => !KNOWN.has(type)))];
  return unknown.length > 0 ? `This page cannot draw traces of type ${unknown.join(", ")}; open the file with plotly.` : null;
}
