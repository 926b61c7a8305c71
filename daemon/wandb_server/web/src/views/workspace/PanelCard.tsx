/** One panel: a chart of one or several metrics over all visible runs. */

import { memo, useMemo, type ReactElement, type ReactNode } from "react";
import { useSeries } from "../../api/live";
import type { Answer, SeriesStore, Want } from "../../api/series_store";
import { ChartView, Swatch } from "../../chart/ChartView";
import type { AxisKind, Picture } from "../../chart/chart";
import type { Crosshair } from "../../chart/crosshair";
import type { Line } from "../../chart/nearness";
import { xRange } from "../../chart/scale";
import { dashOf, lineColour, runColour } from "../../model/colours";
import { sectionLeaf } from "../../model/sections";
import { smooth } from "../../model/smoothing";
import { X_RELATIVE, X_STEP, X_WALL, type XAxis, type Zoom } from "../../model/workspace";
import { Icon, type IconName } from "../../parts/icons";
import { Skeleton } from "../../parts/messages";
import { useTheme } from "../../parts/theme";

/** A run as charts need it. */
export interface ShownRun {
  readonly id: string;
  readonly name: string;
  readonly dash: readonly number[];
}

/** Something that the keys for steps move. */
export interface Stepper {
  readonly element: () => HTMLElement | null;
  readonly move: (by: number) => void;
}

/** What all panels of a view share. */
export interface PanelSetting {
  readonly entity: string;
  readonly project: string;
  readonly runs: readonly ShownRun[];
  readonly series: SeriesStore;
  readonly crosshair: Crosshair;
  readonly smoothing: number;
  readonly highlight: string | null;
  readonly zoom: Zoom | null;
  readonly onZoom: (zoom: Zoom | null) => void;
  /** The step that media panels show; null: the newest of each. */
  readonly mediaStep: number | null;
  readonly onMediaStep: (step: number | null) => void;
  /** The media panels that are there. */
  readonly steppers: Set<Stepper>;
}

interface PanelCardProps {
  readonly setting: PanelSetting;
  readonly id: string;
  readonly keys: readonly string[];
  readonly axis: XAxis;
  /** The axis of the toolbar: only another one is named on the card. */
  readonly usualAxis: XAxis;
  readonly log: boolean;
  readonly large?: boolean;
  readonly children?: ReactNode;
}

const BUCKETS_MAX = { card: 300, large: 1200 } as const;
const BUCKETS_MIN = 60;
const POINTS_MAX = { card: 4000, large: 60_000 } as const;

/** Fewer buckets for more lines: what is drawn and sent stays about the same. */
function bucketsFor(lineCount: number, large: boolean): number {
  const size = large ? "large" : "card";
  const share = POINTS_MAX[size] / Math.max(1, lineCount);
  // In coarse steps: a run more or less must not make every series be asked anew.
  const coarse = 2 ** Math.floor(Math.log2(share / BUCKETS_MIN)) * BUCKETS_MIN;
  return Math.max(BUCKETS_MIN, Math.min(BUCKETS_MAX[size], coarse));
}

export function axisLabel(axis: XAxis): string {
  if (axis === X_STEP) return "Step";
  if (axis === X_RELATIVE) return "Relative time";
  if (axis === X_WALL) return "Wall time";
  return axis;
}

function kindOf(axis: XAxis): AxisKind {
  if (axis === X_STEP) return "step";
  if (axis === X_RELATIVE) return "duration";
  return axis === X_WALL ? "clock" : "number";
}

export const PanelCard = memo(function PanelCard(props: PanelCardProps): ReactElement {
  const { setting, keys, axis, usualAxis, log, large = false, id } = props;
  const { runs, series, zoom, smoothing, highlight } = setting;
  const theme = useTheme();
  const view = useMemo(() => (zoom?.axis === axis ? { min: zoom.min, max: zoom.max } : null), [zoom, axis]);
  const want = useMemo<Want>(
    () => ({ runs: runs.map((run) => run.id), keys, axis, range: view, buckets: bucketsFor(runs.length * keys.length, large) }),
    [runs, keys, axis, view, large],
  );
  const answer = useSeries(series, want);
  const lines = useMemo(() => linesOf(answer, runs, keys), [answer, runs, keys]);
  const smoothed = useMemo(() => smoothLines(lines, smoothing, view), [lines, smoothing, view]);
  const picture = useMemo<Picture>(
    () => ({ lines: smoothed, kind: kindOf(axis), axis, view, log, highlight }),
    [smoothed, axis, view, log, highlight],
  );

  return (
    <section className={large ? "card large" : "card"} data-panel={id} aria-label={keys.join(", ")} tabIndex={-1}>
      <header className="card-head">
        <PanelTitle keys={keys} plain={runs.length > 1} large={large} />
        {axis !== usualAxis && <span className="card-axis">over {axisLabel(axis)}</span>}
        <span className="card-tools">{props.children}</span>
      </header>
      <div className="card-chart">
        <ChartView
          picture={picture}
          crosshair={setting.crosshair}
          theme={theme.shown}
          axisLabel={axisLabel(axis)}
          onZoom={(range) => setting.onZoom({ axis, ...range })}
          onReset={() => setting.onZoom(null)}
        />
        <Notice answer={answer} empty={lines.length === 0} axis={axis} zoomed={view !== null} noRuns={runs.length === 0} />
      </div>
    </section>
  );
});

function PanelTitle({ keys, plain, large }: { keys: readonly string[]; plain: boolean; large: boolean }): ReactElement {
  const first = keys[0] ?? "";
  if (keys.length === 1) return <h3 title={first}>{large ? first : sectionLeaf(first)}</h3>;
  return (
    <h3 title={keys.join(", ")}>
      {keys.map((key, index) => (
        <span className="card-metric" key={key}>
          <Swatch colour={plain ? "currentColor" : lineColour(index)} dash={plain ? dashOf(index) : []} /> {key}
        </span>
      ))}
    </h3>
  );
}

interface NoticeProps {
  readonly answer: Answer;
  readonly empty: boolean;
  readonly axis: XAxis;
  readonly zoomed: boolean;
  readonly noRuns: boolean;
}

function Notice({ answer, empty, axis, zoomed, noRuns }: NoticeProps): ReactElement | null {
  if (empty && noRuns) return <div className="card-notice">No run is shown</div>;
  if (empty && answer.problem) return <div className="card-notice">Could not be loaded: {answer.problem}. Trying again…</div>;
  if (!empty) return answer.problem ? <div className="card-flag" title={answer.problem}>not up to date</div> : null;
  if (!answer.complete) return <div className="card-notice"><Skeleton rows={4} height={12} /></div>;
  return <div className="card-notice">{zoomed ? "No points in this range" : `No points over ${axisLabel(axis).toLowerCase()}`}</div>;
}

/** A line per run and metric. One metric: the run's colour and dash; several: the metric's. */
function linesOf(answer: Answer, runs: readonly ShownRun[], keys: readonly string[]): Line[] {
  const several = keys.length > 1;
  const lines: Line[] = [];
  for (const run of runs) {
    const own = answer.columns.get(run.id);
    if (!own) continue;
    keys.forEach((key, index) => {
      const columns = own.get(key);
      if (!columns) return;
      lines.push({
        id: `${run.id}\n${key}`,
        family: run.id,
        label: !several ? run.name : runs.length > 1 ? `${run.name} · ${key}` : key,
        colour: several && runs.length === 1 ? lineColour(index) : runColour(run.id),
        dash: several && runs.length > 1 ? dashOf(index) : several ? [] : run.dash,
        columns,
        smooth: null,
      });
    });
  }
  return lines;
}

function smoothLines(lines: readonly Line[], strength: number, view: { min: number; max: number } | null): readonly Line[] {
  if (strength <= 0) return lines;
  const range = view ?? xRange(lines.map((line) => line.columns));
  const span = range ? range.max - range.min : 0;
  return lines.map((line) => ({ ...line, smooth: smooth(line.columns.x, line.columns.y, strength, span) }));
}

/** A small button in a panel's corner. */
export function PanelTool(props: { icon: IconName; label: string; onClick: () => void }): ReactElement {
  return (
    <button className="button quiet square small" aria-label={props.label} title={props.label} onClick={props.onClick}>
      <Icon name={props.icon} size={13} />
    </button>
  );
}
