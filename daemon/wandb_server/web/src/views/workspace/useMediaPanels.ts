/** The panels of media: one per key, and one per custom chart in place of its table. */

import { useMemo } from "react";
import { useMediaConfigs } from "../../api/media";
import type { MetricKey } from "../../api/queries";
import { mediaKind } from "../../model/media";
import { customCharts, type CustomChart } from "../../model/visualize";
import { panelId } from "../../model/workspace";
import type { PlacedPanel } from "./PanelGrid";

export function useMediaPanels(
  entity: string,
  project: string,
  runs: readonly string[],
  logged: readonly MetricKey[],
): readonly PlacedPanel[] {
  const found = useMemo(
    () =>
      logged.flatMap(({ key, types }) => {
        const kind = mediaKind(types);
        return kind === null ? [] : [{ key, kind }];
      }),
    [logged],
  );
  const tables = useMemo(() => new Set(found.filter(({ kind }) => kind === "table").map(({ key }) => key)), [found]);
  const configs = useMediaConfigs(entity, project, runs, tables.size > 0);
  return useMemo(() => {
    const charts = new Map<string, CustomChart>();
    for (const config of configs.data?.values() ?? []) {
      for (const chart of customCharts(config["visualize"])) if (tables.has(chart.tableKey)) charts.set(chart.key, chart);
    }
    const drawn = new Set([...charts.values()].map((chart) => chart.tableKey));
    return [
      ...[...charts.values()].map((chart): PlacedPanel => ({ id: mediaId(chart.key), keys: [chart.key], own: null, media: "table", custom: chart })),
      ...found
        .filter(({ key }) => !drawn.has(key))
        .map(({ key, kind }): PlacedPanel => ({ id: mediaId(key), keys: [key], own: null, media: kind })),
    ];
  }, [configs.data, found, tables]);
}

/** Apart from the chart of the same key: a key may have held numbers before. */
function mediaId(key: string): string {
  return `~${panelId({ keys: [key] }, false)}`;
}
