/** Histograms of the shown runs: bars at the step, and below them each run's heat map over all steps. */

import { useMemo, type ReactElement } from "react";
import { useMediaRows } from "../../api/media";
import { Swatch } from "../../chart/ChartView";
import { runColour } from "../../model/colours";
import { readHistogram } from "../../model/histogram";
import { HistogramBars, HistogramHeat } from "../../viewers/HistogramView";
import type { BodyProps } from "./MediaCard";
import type { PanelSetting, ShownRun } from "./PanelCard";

const HEATS_SHOWN = { card: 3, large: 12 } as const;
const ROWS_COUNT = { card: 120, large: 400 } as const;

export function HistogramBody({ setting, mediaKey, values, shown, large = false }: BodyProps): ReactElement {
  const size = large ? "large" : "card";
  const histograms = useMemo(
    () =>
      shown.runs.flatMap((run) => {
        const histogram = readHistogram(values.get(run.id)?.value);
        return histogram ? [{ id: run.id, name: run.name, colour: runColour(run.id), histogram }] : [];
      }),
    [shown.runs, values],
  );
  const steps = new Map(shown.places);
  return (
    <div className="histogram">
      <HistogramBars histograms={histograms} />
      {shown.all.length > 1 &&
        shown.runs.slice(0, HEATS_SHOWN[size]).map((run) => (
          <RunHeat
            key={run.id}
            setting={setting}
            mediaKey={mediaKey}
            run={run}
            step={steps.get(run.id) ?? null}
            lastStep={shown.all.at(-1) ?? 0}
            count={ROWS_COUNT[size]}
          />
        ))}
    </div>
  );
}

interface RunHeatProps {
  readonly setting: PanelSetting;
  readonly mediaKey: string;
  readonly run: ShownRun;
  readonly step: number | null;
  readonly lastStep: number;
  readonly count: number;
}

function RunHeat({ setting, mediaKey, run, step, lastStep, count }: RunHeatProps): ReactElement | null {
  const answer = useMediaRows(setting.entity, setting.project, mediaKey, run.id, count, lastStep);
  const rows = useMemo(
    () =>
      (answer.data ?? []).flatMap((row) => {
        const histogram = readHistogram(row.value);
        return histogram ? [{ step: row.step, histogram }] : [];
      }),
    [answer.data],
  );
  if (rows.length < 2) return null;
  return (
    <div className="histogram-run" data-run={run.id}>
      {setting.runs.length > 1 && (
        <div className="gallery-name">
          <Swatch colour={runColour(run.id)} dash={run.dash} />
          <span title={run.name}>{run.name}</span>
        </div>
      )}
      <HistogramHeat rows={rows} step={step} name={run.name} onStep={setting.onMediaStep} />
    </div>
  );
}
