/** The classes of masks and boxes: what colour is what, and a switch for each. */

import { useQueries } from "@tanstack/react-query";
import { useMemo, type ReactElement } from "react";
import { fetchJsonFile } from "../../api/media_queries";
import { classLabels, readBoxes } from "../../model/boxes";
import { classColour } from "../../model/classes";
import { fileAddress, type ClassNames, type MediaItem } from "../../model/media";
import { toggleMember } from "../../model/workspace";
import type { Layers } from "../../viewers/MediaView";
import type { ShownRun } from "./PanelCard";

interface ClassLegendProps {
  readonly items: readonly MediaItem[];
  readonly layers: Layers;
  readonly sources: readonly { readonly run: ShownRun; readonly items: readonly MediaItem[] }[];
  readonly place: { readonly entity: string; readonly project: string };
  readonly hidden: ReadonlySet<string>;
  readonly onHide: (hidden: ReadonlySet<string>) => void;
}

const FILES_READ_MAX = 20;
const natural = new Intl.Collator(undefined, { numeric: true });

export function ClassLegend({ items, layers, sources, place, hidden, onHide }: ClassLegendProps): ReactElement {
  const fromFiles = useBoxClasses(sources, place);
  const names = useMemo(() => {
    const merged = new Map<string, ClassNames>(fromFiles);
    const known = [...layers.maskNames, ...layers.boxNames];
    for (const [layer, own] of known) merged.set(layer, { ...merged.get(layer), ...own });
    // A mask without names still can be switched off as a whole.
    for (const layer of items.flatMap((item) => item.masks)) if (!merged.has(layer.name)) merged.set(layer.name, {});
    return merged;
  }, [items, layers, fromFiles]);
  return (
    <div className="legend" aria-label="Classes">
      {[...names].map(([layer, classes]) => (
        <span key={layer} className="legend-layer">
          <button className="legend-name" onClick={() => onHide(withAll(hidden, layer, classes))} title="Switch all classes of this layer">
            {layer}
          </button>
          {Object.entries(classes)
            .sort(([left], [right]) => natural.compare(left, right))
            .map(([id, name]) => (
              <button
                key={id}
                className="legend-class"
                aria-pressed={!hidden.has(`${layer}\n${id}`)}
                onClick={() => onHide(new Set(toggleMember([...hidden], `${layer}\n${id}`)))}
              >
                <i style={{ background: classColour(id) }} /> {name}
              </button>
            ))}
        </span>
      ))}
    </div>
  );
}

const IDS_COUNT = 256;

function withAll(hidden: ReadonlySet<string>, layer: string, classes: ClassNames): ReadonlySet<string> {
  const named = Object.keys(classes);
  const ids = named.length > 0 ? named : Array.from({ length: IDS_COUNT }, (_, id) => String(id));
  const all = ids.map((id) => `${layer}\n${id}`);
  const off = all.every((one) => hidden.has(one));
  return off ? new Set([...hidden].filter((one) => !all.includes(one))) : new Set([...hidden, ...all]);
}

/** Classes that box files name, or only use. */
function useBoxClasses(
  sources: ClassLegendProps["sources"],
  place: ClassLegendProps["place"],
): ReadonlyMap<string, ClassNames> {
  const files = sources
    .flatMap(({ run, items }) => items.flatMap((item) => item.boxes.map((layer) => ({ layer: layer.name, address: fileAddress({ ...place, run: run.id }, layer.path) }))))
    .slice(0, FILES_READ_MAX);
  const answers = useQueries({
    queries: files.map(({ address }) => ({
      queryKey: ["json-file", address],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchJsonFile(address, signal),
      staleTime: Infinity,
    })),
  });
  const found = new Map<string, ClassNames>();
  answers.forEach(({ data }, index) => {
    const layer = files[index]?.layer;
    if (data === undefined || layer === undefined) return;
    const used = Object.fromEntries(readBoxes(data, 1, 1).map((box) => [box.classId, `class_${box.classId}`]));
    const all: Record<string, string> = { ...used, ...found.get(layer), ...classLabels(data) };
    // Only classes that are there: label lists may be long.
    found.set(layer, Object.fromEntries(Object.entries(all).filter(([id]) => id in used || (found.get(layer) ?? {})[id] !== undefined)));
  });
  return found;
}
