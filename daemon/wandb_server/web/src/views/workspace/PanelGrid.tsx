/** All panels in sections, as rows of a virtual list: only what is near the view exists, of ten thousand metrics. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type ReactElement } from "react";
import type { MetricDefinition } from "../../model/metrics";
import { definitionOf } from "../../model/metrics";
import type { MediaKind } from "../../model/media";
import { groupSections } from "../../model/sections";
import type { CustomChart } from "../../model/visualize";
import { panelId, resolveAxis, toggleMember, type Panel, type Workspace } from "../../model/workspace";
import { Icon } from "../../parts/icons";
import { CustomChartCard } from "./CustomChartCard";
import { MediaCard } from "./MediaCard";
import { PanelCard, PanelTool, type PanelSetting } from "./PanelCard";
import type { Change } from "./useWorkspace";

/** A panel with its place: `own` is its index among those the user made. */
export interface PlacedPanel {
  readonly id: string;
  readonly keys: readonly string[];
  readonly own: number | null;
  /** Not a chart of numbers but media, or a custom chart. */
  readonly media?: MediaKind;
  readonly custom?: CustomChart;
}

export interface PanelSection {
  readonly path: string;
  readonly title: string;
  readonly panels: readonly PlacedPanel[];
}

interface PanelGridProps {
  readonly sections: readonly PanelSection[];
  readonly setting: PanelSetting;
  readonly workspace: Workspace;
  readonly definitions: readonly MetricDefinition[];
  readonly onChange: Change;
  readonly onEditPanel: (index: number) => void;
  readonly onRemovePanel: (index: number) => void;
}

type Row =
  | { readonly kind: "section"; readonly section: PanelSection; readonly open: boolean }
  | { readonly kind: RowKind; readonly id: string; readonly panels: readonly PlacedPanel[] };

/** Charts of numbers; media, which need more height; tables, which need all the width. */
type RowKind = "cards" | "media" | "wide";

const CARD_WIDTH_MIN = 320;
const CARD_HEIGHTS: Readonly<Record<RowKind, number>> = { cards: 236, media: 324, wide: 400 };
const SECTION_HEIGHT = 36;
const GAP = 8;
/** Sections of the user's own panels. */
export const OWN_SECTION = "+";

/** The panels of a workspace: the user's first, then one per metric and per key of media, grouped by path. */
export function placePanels(
  keys: readonly string[],
  panels: readonly Panel[],
  matches: (key: string) => boolean,
  media: readonly PlacedPanel[] = [],
): PanelSection[] {
  const own = panels
    .map((panel, index) => ({ id: panelId(panel, true), keys: panel.keys, own: index }))
    .filter((panel) => panel.keys.some(matches));
  const charted = new Set(keys.filter(matches));
  const found = media.filter((panel) => panel.keys.some(matches));
  const sections: PanelSection[] = groupSections([...new Set([...charted, ...found.flatMap((panel) => panel.keys)])]).map((section) => ({
    path: section.path,
    title: section.title,
    panels: section.keys.flatMap((key) => [
      ...(charted.has(key) ? [{ id: panelId({ keys: [key] }, false), keys: [key], own: null }] : []),
      ...found.filter((panel) => panel.keys[0] === key),
    ]),
  }));
  return own.length > 0 ? [{ path: OWN_SECTION, title: "My panels", panels: own }, ...sections] : sections;
}

export function PanelGrid(props: PanelGridProps): ReactElement {
  const { sections, setting, workspace, definitions, onChange } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useColumns(scroller);
  const rows = useMemo(() => rowsOf(sections, workspace.closed, columns), [sections, workspace.closed, columns]);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(rows[index]),
    getItemKey: (index) => rowKey(rows[index], index),
    overscan: 1,
  });
  useEffect(() => virtual.measure(), [virtual, rows]);

  const usualAxis = resolveAxis(workspace.axis, null);
  const card = (panel: PlacedPanel): ReactElement => {
    if (panel.media) return <MediaPanel key={panel.id} panel={panel} setting={setting} onChange={onChange} />;
    const axis = axisOf(panel, workspace.axis, definitions);
    return (
      <PanelCard
        key={panel.id}
        id={panel.id}
        keys={panel.keys}
        setting={setting}
        axis={axis}
        usualAxis={usualAxis}
        log={workspace.logScale !== workspace.flipped.includes(panel.id)}
      >
        <PanelTools panel={panel} {...props} />
      </PanelCard>
    );
  };

  return (
    <div className="panels" ref={scroller}>
      <div className="panels-inner" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div key={item.key} className={`panels-row ${row.kind}`} style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
              {row.kind === "section" ? (
                <button
                  className="section-head"
                  aria-expanded={row.open}
                  onClick={() => onChange({ closed: toggleMember(workspace.closed, row.section.path) })}
                >
                  <Icon name="chevron" size={12} /> {row.section.title} <span className="count">{row.section.panels.length}</span>
                </button>
              ) : (
                <div className="cards" style={{ gridTemplateColumns: `repeat(${row.kind === "wide" ? 1 : columns}, minmax(0, 1fr))` }}>
                  {row.panels.map(card)}
                </div>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The axis of a panel; a panel of several metrics follows the first. */
export function axisOf(panel: { readonly keys: readonly string[] }, axis: string, definitions: readonly MetricDefinition[]): string {
  const definition = definitionOf(panel.keys[0] ?? "", definitions);
  return resolveAxis(axis, definition?.stepMetric ?? null);
}

/** What can be done with a panel; without its own full-screen button when it fills the screen. */
export function PanelTools(
  props: Omit<PanelGridProps, "sections" | "setting" | "definitions"> & { readonly panel: PlacedPanel; readonly full?: boolean },
): ReactElement {
  const { panel, workspace, onChange, full = false } = props;
  const { own, id } = panel;
  const flipped = workspace.flipped.includes(id);
  const log = workspace.logScale !== flipped;
  return (
    <>
      <button
        className={`button quiet small ${log ? "pressed" : ""} ${flipped ? "kept" : ""}`}
        aria-pressed={log}
        title="Logarithmic y axis"
        onClick={() => onChange({ flipped: toggleMember(workspace.flipped, id) })}
      >
        log
      </button>
      {own !== null && <PanelTool icon="edit" label="Change the metrics" onClick={() => props.onEditPanel(own)} />}
      {own !== null && <PanelTool icon="close" label="Remove the panel" onClick={() => props.onRemovePanel(own)} />}
      {!full && <PanelTool icon="expand" label="Full screen (f)" onClick={() => onChange({ full: id }, true)} />}
    </>
  );
}

function rowsOf(sections: readonly PanelSection[], closed: readonly string[], columns: number): Row[] {
  const rows: Row[] = [];
  for (const section of sections) {
    const open = !closed.includes(section.path);
    rows.push({ kind: "section", section, open });
    if (!open) continue;
    for (const kind of ["cards", "media", "wide"] as const) {
      const members = section.panels.filter((panel) => rowKindOf(panel) === kind);
      const across = kind === "wide" ? 1 : columns;
      for (let index = 0; index < members.length; index += across) {
        const panels = members.slice(index, index + across);
        rows.push({ kind, id: panels.map((panel) => panel.id).join("\n"), panels });
      }
    }
  }
  return rows;
}

function rowKindOf({ media, custom }: PlacedPanel): RowKind {
  if (!media) return "cards";
  return media === "table" && !custom ? "wide" : "media";
}

function heightOf(row: Row | undefined): number {
  return !row || row.kind === "section" ? SECTION_HEIGHT : CARD_HEIGHTS[row.kind] + GAP;
}

/** A panel of media, or a custom chart. */
export function MediaPanel(props: {
  panel: PlacedPanel;
  setting: PanelSetting;
  onChange: Change;
  large?: boolean;
}): ReactElement {
  const { panel, setting, onChange, large = false } = props;
  const given = { id: panel.id, mediaKey: panel.keys[0] ?? "", kind: panel.media ?? "other", setting, large };
  const tools = large ? null : <PanelTool icon="expand" label="Full screen (f)" onClick={() => onChange({ full: panel.id }, true)} />;
  return panel.custom ? (
    <CustomChartCard {...given} chart={panel.custom}>{tools}</CustomChartCard>
  ) : (
    <MediaCard {...given}>{tools}</MediaCard>
  );
}

function rowKey(row: Row | undefined, index: number): string | number {
  if (!row) return index;
  return row.kind === "section" ? `section\n${row.section.path}` : `cards\n${row.id}`;
}

function useColumns(scroller: { readonly current: HTMLDivElement | null }): number {
  const [columns, setColumns] = useState(1);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = (): void => setColumns(Math.max(1, Math.floor((element.clientWidth - GAP) / (CARD_WIDTH_MIN + GAP))));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return columns;
}
