/** Toolbar, panels, full screen and the dialog for new panels: shared by the workspace and the page of one run. */

import { useMemo, useRef, useState, type ReactElement } from "react";
import { useDefinitions, useMetricKeys, type Live } from "../../api/live";
import { Crosshair } from "../../chart/crosshair";
import { definitionOf } from "../../model/metrics";
import { grouped } from "../../model/numbers";
import { parseSearch } from "../../model/search";
import { isShown } from "../../model/sections";
import { panelId, resolveAxis, type Workspace } from "../../model/workspace";
import { Dialog } from "../../parts/Dialog";
import { useKeys } from "../../parts/keyboard";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { useToast } from "../../parts/toast";
import { PanelCard, type PanelSetting, type ShownRun, type Stepper } from "./PanelCard";
import { axisOf, MediaPanel, PanelGrid, PanelTools, placePanels, type PlacedPanel } from "./PanelGrid";
import { PanelDialog } from "./PanelDialog";
import { Toolbar } from "./Toolbar";
import { useMediaPanels } from "./useMediaPanels";
import type { Change } from "./useWorkspace";

interface PanelsProps {
  readonly entity: string;
  readonly project: string;
  readonly runs: readonly ShownRun[];
  /** How many more runs have an open eye, but are too many to draw. */
  readonly left?: number;
  readonly live: Live;
  readonly workspace: Workspace;
  readonly highlight: string | null;
  readonly onChange: Change;
}

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function Panels(props: PanelsProps): ReactElement {
  const { entity, project, runs, left = 0, live, workspace, highlight, onChange } = props;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const metricKeys = useMetricKeys(entity, project, ids);
  const definitions = useDefinitions(entity, project, ids);
  const defined = useMemo(() => definitions.data ?? [], [definitions.data]);
  const search = useMemo(() => parseSearch(workspace.panelSearch), [workspace.panelSearch]);
  const crosshair = useMemo(() => new Crosshair(), []);
  const [editing, setEditing] = useState<number | "new" | null>(null);
  const toast = useToast();
  const hovered = useRef<string | null>(null);

  const logged = useMemo(
    () =>
      (metricKeys.data ?? [])
        .filter(({ key }) => isShown(key) && !definitionOf(key, defined)?.hidden)
        .sort((left, right) => natural.compare(left.key, right.key)),
    [metricKeys.data, defined],
  );
  const keys = useMemo(() => logged.filter(({ types }) => (types["number"] ?? 0) > 0).map(({ key }) => key), [logged]);
  const media = useMediaPanels(entity, project, ids, logged);
  const sections = useMemo(
    () => placePanels(keys, workspace.panels, (key) => search.matches(key), media),
    [keys, workspace.panels, search, media],
  );
  const steppers = useMemo(() => new Set<Stepper>(), []);
  const setting = useMemo<PanelSetting>(
    () => ({
      entity,
      project,
      runs,
      series: live.series,
      crosshair,
      smoothing: workspace.smoothing,
      highlight,
      zoom: workspace.zoom,
      onZoom: (zoom) => onChange({ zoom }, true),
      mediaStep: workspace.mediaStep,
      onMediaStep: (mediaStep) => onChange({ mediaStep }),
      steppers,
    }),
    [entity, project, runs, live.series, crosshair, workspace.smoothing, highlight, workspace.zoom, workspace.mediaStep, steppers, onChange],
  );

  const removePanel = (index: number): void => {
    const before = workspace.panels;
    onChange({ panels: before.filter((_, other) => other !== index), full: null }, true);
    toast("Panel removed", () => onChange({ panels: before }, true));
  };
  const savePanel = (chosen: readonly string[]): void => {
    onChange(
      ({ panels }) => ({
        panels: editing === "new" ? [...panels, { keys: chosen }] : panels.map((panel, index) => (index === editing ? { keys: chosen } : panel)),
        full: null,
      }),
      true,
    );
    setEditing(null);
  };
  useKeys({
    f: () => hovered.current !== null && onChange({ full: hovered.current }, true),
    "[": () => stepperOf(steppers, hovered.current)?.move(-1),
    "]": () => stepperOf(steppers, hovered.current)?.move(1),
  });

  const tools = { workspace, onChange, onEditPanel: setEditing, onRemovePanel: removePanel };
  const full = findPanel(workspace, media);
  return (
    <div
      className="panels-side"
      onMouseOver={(event) => {
        hovered.current = (event.target as Element).closest<HTMLElement>("[data-panel]")?.dataset["panel"] ?? null;
      }}
    >
      <Toolbar
        workspace={workspace}
        search={search}
        keys={keys}
        defined={defined.some((definition) => definition.stepMetric !== null)}
        onChange={onChange}
        onAddPanel={() => setEditing("new")}
      />
      {left > 0 && (
        <p className="panels-left">
          The first {runs.length} of {grouped(runs.length + left)} shown runs are drawn. Search or close eyes to choose others.
        </p>
      )}
      {metricKeys.isError && <Problem what="The metrics could not be loaded" error={metricKeys.error} onRetry={() => void metricKeys.refetch()} />}
      {metricKeys.isPending ? (
        <div className="panels-wait"><Skeleton rows={8} height={24} /></div>
      ) : keys.length + media.length === 0 && runs.length > 0 && !metricKeys.isError ? (
        <Empty title="No metrics yet" entity={entity} project={project}>
          The runs shown here have not logged a number. What they log appears within two seconds:
        </Empty>
      ) : keys.length + media.length === 0 && runs.length === 0 ? (
        <div className="empty"><h2>No run is shown</h2><p>Open an eye in the list of runs to draw its charts.</p></div>
      ) : sections.length === 0 && !metricKeys.isError ? (
        <div className="empty"><h2>No chart matches</h2><p>None of the {keys.length + media.length} panels matches “{workspace.panelSearch}”.</p></div>
      ) : (
        <PanelGrid sections={sections} setting={setting} definitions={defined} {...tools} />
      )}
      {full && (
        <Dialog wide label={full.keys.join(", ")} title="" onClose={() => onChange({ full: null }, true)}>
          {full.media ? (
            <MediaPanel large panel={full} setting={setting} onChange={onChange} />
          ) : <PanelCard
            large
            id={full.id}
            keys={full.keys}
            setting={setting}
            axis={axisOf(full, workspace.axis, defined)}
            usualAxis={resolveAxis(workspace.axis, null)}
            log={workspace.logScale !== workspace.flipped.includes(full.id)}
          >
            <PanelTools panel={full} full {...tools} />
          </PanelCard>}
        </Dialog>
      )}
      {editing !== null && (
        <PanelDialog
          keys={keys}
          chosen={editing === "new" ? [] : (workspace.panels[editing]?.keys ?? [])}
          onDone={savePanel}
          onClose={() => setEditing(null)}
        />
      )}
    </div>
  );
}

/** The panel that the address names as filling the screen: one of the user's, else the metric of that name. */
function findPanel({ full, panels }: Workspace, media: readonly PlacedPanel[]): PlacedPanel | null {
  if (full === null) return null;
  const shown = media.find((panel) => panel.id === full);
  if (shown) return shown;
  const own = panels.findIndex((panel) => panelId(panel, true) === full);
  const made = panels[own];
  if (made) return { id: full, keys: made.keys, own };
  if (full.startsWith("+") || full === "") return null;
  return { id: full, keys: splitOne(full), own: null };
}

/** The media panel under the pointer, else the topmost one. */
function stepperOf(steppers: ReadonlySet<Stepper>, hovered: string | null): Stepper | undefined {
  const all = [...steppers].filter((stepper) => stepper.element() !== null);
  const top = (stepper: Stepper): number => stepper.element()?.getBoundingClientRect().top ?? Infinity;
  return all.find((stepper) => stepper.element()?.dataset["panel"] === hovered) ?? all.sort((left, right) => top(left) - top(right))[0];
}

function splitOne(id: string): string[] {
  return [id.replace(/\\(.)/g, "$1")];
}
