/** A panel of media: what each shown run has under a key at a step, and a slider over the steps. */

import { memo, useEffect, useMemo, useRef, useState, type CSSProperties, type ReactElement, type ReactNode } from "react";
import { useMediaAt, useMediaConfigs, useMediaSteps } from "../../api/media";
import type { MediaValue } from "../../api/media_queries";
import { Swatch } from "../../chart/ChartView";
import { runColour } from "../../model/colours";
import { classNames, mediaItems, stepAt, unionSteps, type ClassNames, type MediaKind } from "../../model/media";
import { sectionLeaf } from "../../model/sections";
import { Skeleton } from "../../parts/messages";
import type { Layers } from "../../viewers/MediaView";
import { MediaView } from "../../viewers/MediaView";
import { ClassLegend } from "./ClassLegend";
import { HistogramBody } from "./HistogramBody";
import type { PanelSetting, ShownRun } from "./PanelCard";
import { StepSlider } from "./StepSlider";
import { TableBody } from "./TableBody";

export interface MediaCardProps {
  readonly setting: PanelSetting;
  readonly id: string;
  readonly mediaKey: string;
  readonly kind: MediaKind;
  readonly large?: boolean;
  readonly children?: ReactNode;
}

/** More runs than this beside each other show nothing of any. */
const RUNS_SHOWN = { card: 12, large: 60 } as const;

export const MediaCard = memo(function MediaCard(props: MediaCardProps): ReactElement {
  const { setting, mediaKey, kind, large = false, id } = props;
  const { entity, project, runs } = setting;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const steps = useMediaSteps(entity, project, mediaKey, ids);
  const found = useShownSteps(steps.data, runs, setting.mediaStep, large);
  const values = useMediaAt(entity, project, mediaKey, found.places);
  const card = useRef<HTMLElement>(null);
  useStepper(setting, card, found, large);

  const body = (): ReactElement => {
    if (runs.length === 0) return <div className="card-notice">No run is shown</div>;
    if (steps.isError) return <div className="card-notice">Could not be loaded: {steps.error.message}</div>;
    if (steps.isPending || (values.isPending && found.places.length > 0)) return <Skeleton rows={5} />;
    if (found.all.length === 0) return <div className="card-notice">None of the shown runs has any</div>;
    if (found.places.length === 0) return <div className="card-notice">Nothing was logged up to step {setting.mediaStep}</div>;
    if (values.isError) return <div className="card-notice">Could not be loaded: {values.error.message}</div>;
    const given = { ...props, values: values.data ?? new Map<string, MediaValue>(), shown: found };
    if (kind === "histogram") return <HistogramBody {...given} />;
    if (kind === "table") return <TableBody {...given} />;
    return <Gallery {...given} />;
  };
  return (
    <section ref={card} className={`card media-card ${large ? "large" : ""}`} data-panel={id} data-kind={kind} aria-label={mediaKey} tabIndex={-1}>
      <header className="card-head">
        <h3 title={mediaKey}>{large ? mediaKey : sectionLeaf(mediaKey)}</h3>
        {found.left > 0 && <span className="card-axis">{found.left} more runs</span>}
        <span className="card-tools">{props.children}</span>
      </header>
      <div className="media-body">{body()}</div>
      {found.all.length > 0 && <StepSlider steps={found.all} step={found.step} chosen={setting.mediaStep !== null} onStep={setting.onMediaStep} />}
    </section>
  );
});

/** What a card shows: the step, and of each run the last step up to it. */
export interface ShownSteps {
  readonly all: readonly number[];
  readonly step: number | null;
  readonly places: readonly (readonly [run: string, step: number])[];
  readonly runs: readonly ShownRun[];
  readonly left: number;
}

export function useShownSteps(
  steps: ReadonlyMap<string, readonly number[]> | undefined,
  runs: readonly ShownRun[],
  wanted: number | null,
  large: boolean,
): ShownSteps {
  return useMemo(() => {
    const having = runs.filter((run) => (steps?.get(run.id)?.length ?? 0) > 0);
    const shown = having.slice(0, RUNS_SHOWN[large ? "large" : "card"]);
    const all = unionSteps(shown.map((run) => steps?.get(run.id) ?? []));
    const last = all.at(-1);
    const step = wanted ?? last ?? null;
    const places = shown.flatMap((run) => {
      const at = step === null ? null : stepAt(steps?.get(run.id) ?? [], step);
      return at === null ? [] : [[run.id, at] as const];
    });
    return { all, step, places, runs: shown, left: having.length - shown.length };
  }, [steps, runs, wanted, large]);
}

/** The keys `[` and `]` reach this card: when it is under the pointer, or fills the screen. */
export function useStepper(setting: PanelSetting, card: { readonly current: HTMLElement | null }, { all, step }: ShownSteps, large: boolean): void {
  const { steppers, onMediaStep } = setting;
  useEffect(() => {
    const stepper = {
      element: () => card.current,
      move: (by: number): void => {
        const at = all.findLastIndex((one) => one <= (step ?? -Infinity));
        const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
        if (next !== undefined) onMediaStep(next);
      },
    };
    if (!large) {
      steppers.add(stepper);
      return () => void steppers.delete(stepper);
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "[" || event.key === "]") stepper.move(event.key === "[" ? -1 : 1);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [steppers, onMediaStep, card, all, step, large]);
}

export interface BodyProps extends MediaCardProps {
  readonly values: ReadonlyMap<string, MediaValue>;
  readonly shown: ShownSteps;
}

const TILE_MIN = 80;
const TILE_START = { card: 104, large: 260 } as const;

/** The media of all runs as tiles; one item of one run takes all the room. */
function Gallery({ setting, mediaKey, values, shown, large = false }: BodyProps): ReactElement {
  const { entity, project } = setting;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [tile, setTile] = useState<number>(TILE_START[large ? "large" : "card"]);
  const groups = shown.runs.map((run) => ({ run, value: values.get(run.id), items: mediaItems(values.get(run.id)?.value) }));
  const items = groups.flatMap((group) => group.items);
  const layered = items.some((item) => item.masks.length + item.boxes.length > 0);
  const layers = useLayers(setting, mediaKey, layered, hidden);
  const alone = items.length === 1;
  // One thing per run: the runs beside each other are easier to compare than below each other.
  const beside = !alone && groups.every((group) => group.items.length <= 1);
  return (
    <>
      {large && !alone && (
        <label className="field media-size">
          Size
          <input type="range" min={TILE_MIN} max={640} value={tile} aria-label="Size of the tiles" onChange={(event) => setTile(Number(event.target.value))} />
        </label>
      )}
      <div className={`gallery ${alone ? "alone" : beside ? "beside" : ""}`} style={{ ["--tile"]: `${tile}px` } as CSSProperties}>
        {groups.map(({ run, value, items: own }) => (
          <RunMedia key={run.id} run={run} named={setting.runs.length > 1} note={noteOf(value, shown.step)} empty={own.length === 0}>
            {own.map((item, index) => (
              <MediaView key={`${item.path}\n${index}`} item={item} source={{ kind: "run", entity, project, run: run.id }} layers={layers} large={large || alone} />
            ))}
          </RunMedia>
        ))}
      </div>
      {layered && <ClassLegend items={items} layers={layers} sources={groups} place={{ entity, project }} hidden={hidden} onHide={setHidden} />}
    </>
  );
}

function noteOf(value: MediaValue | undefined, step: number | null): string | null {
  if (!value) return null;
  return value.step === step ? null : `step ${value.step}`;
}

function RunMedia(props: { run: ShownRun; named: boolean; note: string | null; empty: boolean; children: ReactNode }): ReactElement {
  const { run, named, note, empty, children } = props;
  return (
    <div className="gallery-run" data-run={run.id}>
      {(named || note !== null) && (
        <div className="gallery-name">
          {named && <Swatch colour={runColour(run.id)} dash={run.dash} />}
          {named && <span title={run.name}>{run.name}</span>}
          {note !== null && <span className="faint">{note}</span>}
        </div>
      )}
      <div className="gallery-items">{empty ? <p className="faint">nothing up to this step</p> : children}</div>
    </div>
  );
}

function useLayers(setting: PanelSetting, mediaKey: string, wanted: boolean, hidden: ReadonlySet<string>): Layers {
  const ids = useMemo(() => setting.runs.map((run) => run.id), [setting.runs]);
  const configs = useMediaConfigs(setting.entity, setting.project, ids, wanted);
  return useMemo(() => {
    const names = (of: "mask" | "boxes"): Map<string, ClassNames> => {
      const merged = new Map<string, ClassNames>();
      for (const config of configs.data?.values() ?? []) {
        for (const [layer, own] of classNames(config, mediaKey, of)) merged.set(layer, { ...merged.get(layer), ...own });
      }
      return merged;
    };
    return { maskNames: names("mask"), boxNames: names("boxes"), hidden };
  }, [configs.data, mediaKey, hidden]);
}

