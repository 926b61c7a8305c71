/** What the machine did while the run ran: system metrics in groups, each in its unit, over the run's time. */

import { useEffect, useMemo, useState, type ReactElement } from "react";
import { useSeries } from "../../api/live";
import type { RunDetail } from "../../api/queries";
import { askServer, SeriesStore, type Want } from "../../api/series_store";
import { useSystemKeys } from "../../api/system_queries";
import { ChartView, Swatch } from "../../chart/ChartView";
import type { Measure, Picture } from "../../chart/chart";
import { Crosshair } from "../../chart/crosshair";
import type { Line } from "../../chart/nearness";
import { perSecond, scaled } from "../../chart/rates";
import type { Range } from "../../chart/scale";
import { lineColour, runColour } from "../../model/colours";
import { grouped } from "../../model/numbers";
import { systemGroups, unitRange, unitText, unitTick, type SystemChart } from "../../model/system";
import { Icon } from "../../parts/icons";
import { Problem, Skeleton } from "../../parts/messages";
import { useTheme } from "../../parts/theme";
import "../../styles/system.css";

interface SystemProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

const AXIS = "_runtime";
const BUCKETS = 300;
const LEGEND_MAX = 8;

export default function System({ entity, project, run }: SystemProps): ReactElement {
  const rows = run.eventsLineCount;
  const keys = useSystemKeys(entity, project, run.name, rows);
  const groups = useMemo(() => systemGroups(keys.data ?? []), [keys.data]);
  const series = useMemo(() => new SeriesStore(askServer(entity, project, "system")), [entity, project]);
  const crosshair = useMemo(() => new Crosshair(), []);
  const [zoom, setZoom] = useState<Range | null>(null);
  useEffect(() => {
    series.open();
    return () => series.close();
  }, [series]);
  useEffect(() => series.touch([run.name]), [series, run.name, rows]);
  return (
    <main className="system" aria-label="System metrics">
      {keys.isError && <Problem what="The system metrics could not be loaded" error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isPending && <Skeleton rows={8} height={24} />}
      {keys.data && groups.length === 0 && <NoMetrics running={run.state === "running"} />}
      {groups.length > 0 && (
        <div className="toolbar">
          <span className="faint">{grouped(rows)} samples over the run’s time</span>
          <span className="toolbar-space" />
          {zoom && (
            <button className="button zoom" onClick={() => setZoom(null)}>
              <Icon name="reset" size={13} /> Show everything
            </button>
          )}
        </div>
      )}
      {groups.map((group) => (
        <section key={group.title} aria-label={group.title}>
          <h2>{group.title}</h2>
          <div className="system-cards">
            {group.charts.map((chart) => (
              <SystemCard key={chart.title} chart={chart} run={run.name} series={series} crosshair={crosshair} zoom={zoom} onZoom={setZoom} />
            ))}
          </div>
        </section>
      ))}
    </main>
  );
}

function NoMetrics({ running }: { running: boolean }): ReactElement {
  return (
    <div className="empty">
      <h2>No system metrics{running ? " yet" : ""}</h2>
      <p>
        {running
          ? "The machine is sampled every 15 seconds; the first sample appears here on its own."
          : "This run ended before its first sample, or was started without them."}
      </p>
    </div>
  );
}

interface CardProps {
  readonly chart: SystemChart;
  readonly run: string;
  readonly series: SeriesStore;
  readonly crosshair: Crosshair;
  readonly zoom: Range | null;
  readonly onZoom: (range: Range | null) => void;
}

function SystemCard({ chart, run, series, crosshair, zoom, onZoom }: CardProps): ReactElement {
  const theme = useTheme();
  const want = useMemo<Want>(
    () => ({ runs: [run], keys: chart.lines.map((line) => line.key), axis: AXIS, range: zoom, buckets: BUCKETS }),
    [run, chart, zoom],
  );
  const answer = useSeries(series, want);
  const lines = useMemo(() => linesOf(chart, run, answer.columns.get(run)), [chart, run, answer]);
  const measure = useMemo<Measure>(
    () => ({
      tick: (value, increment) => unitTick(chart.unit, value, increment),
      text: (value) => unitText(chart.unit, value),
      range: unitRange(chart.unit),
    }),
    [chart.unit],
  );
  const picture = useMemo<Picture>(
    () => ({ lines, kind: "duration", axis: AXIS, view: zoom, log: false, highlight: null, measure }),
    [lines, zoom, measure],
  );
  const named = chart.lines.some((line) => line.label !== "");
  const last = lastValue(lines, chart);
  return (
    <section className="card system-card" aria-label={chart.title}>
      <header className="card-head">
        <h3>{chart.title}</h3>
        {last !== null && <span className="system-last number" title="The last value">{last}</span>}
      </header>
      <div className="card-chart">
        <ChartView picture={picture} crosshair={crosshair} theme={theme.shown} axisLabel="After" onZoom={onZoom} onReset={() => onZoom(null)} />
        {lines.length === 0 && (
          <div className="card-notice">
            {answer.problem ? `Could not be loaded: ${answer.problem}. Trying again…` : answer.complete ? "No points in this range" : <Skeleton rows={4} height={12} />}
          </div>
        )}
      </div>
      {named && <Legend lines={lines} />}
    </section>
  );
}

function Legend({ lines }: { lines: readonly Line[] }): ReactElement {
  return (
    <ul className="system-legend">
      {lines.slice(0, LEGEND_MAX).map((line) => (
        <li key={line.id}>
          <Swatch colour={line.colour} dash={line.dash} /> {line.label}
        </li>
      ))}
      {lines.length > LEGEND_MAX && <li className="faint">and {lines.length - LEGEND_MAX} more</li>}
    </ul>
  );
}

function linesOf(chart: SystemChart, run: string, columns: ReadonlyMap<string, Line["columns"]> | undefined): Line[] {
  if (!columns) return [];
  return chart.lines.flatMap(({ key, label }, index) => {
    const raw = columns.get(key);
    if (!raw) return [];
    const colour = chart.lines.length === 1 ? runColour(run) : lineColour(index);
    const own = chart.rate ? perSecond(raw, chart.factor) : scaled(raw, chart.factor);
    if (own.x.length === 0) return [];
    return [{ id: key, family: key, label: label || chart.title, colour, dash: [], columns: own, smooth: null }];
  });
}

function lastValue(lines: readonly Line[], chart: SystemChart): string | null {
  const [line] = lines;
  if (!line || lines.length > 1) return null;
  const value = line.columns.y.at(-1);
  return value === undefined || Number.isNaN(value) ? null : unitText(chart.unit, value);
}
