/** A chart of `wandb.plot`: the tables of the shown runs in one picture, or as a table. */

import { lazy, memo, Suspense, useMemo, useRef, useState, type ReactElement } from "react";
import { useMediaAt, useMediaSteps } from "../../api/media";
import type { MediaValue } from "../../api/media_queries";
import { runColour } from "../../model/colours";
import { cellText, type TableData } from "../../model/table";
import { isKnownPreset, RUN_FIELD, specOf } from "../../model/vega_specs";
import type { CustomChart } from "../../model/visualize";
import { sectionLeaf } from "../../model/sections";
import { Skeleton } from "../../parts/messages";
import { useShownSteps, useStepper, type BodyProps, type MediaCardProps } from "./MediaCard";
import { StepSlider } from "./StepSlider";
import { TableBody, useShownTables } from "./TableBody";

const VegaView = lazy(() => import("../../viewers/VegaView"));

type CustomChartCardProps = MediaCardProps & { readonly chart: CustomChart };

export const CustomChartCard = memo(function CustomChartCard(props: CustomChartCardProps): ReactElement {
  const { setting, chart, id, large = false } = props;
  const { entity, project, runs } = setting;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const steps = useMediaSteps(entity, project, chart.tableKey, ids);
  const shown = useShownSteps(steps.data, runs, setting.mediaStep, large);
  const values = useMediaAt(entity, project, chart.tableKey, shown.places);
  const [asTable, setAsTable] = useState(false);
  const card = useRef<HTMLElement>(null);
  useStepper(setting, card, shown, large);

  const body = (): ReactElement => {
    if (steps.isError) return <div className="card-notice">Could not be loaded: {steps.error.message}</div>;
    if (steps.isPending || (values.isPending && shown.places.length > 0)) return <Skeleton rows={5} />;
    if (shown.places.length === 0) return <div className="card-notice">{shown.all.length > 0 ? `Nothing was logged up to step ${setting.mediaStep}` : "None of the shown runs has any"}</div>;
    const given = { ...props, mediaKey: chart.tableKey, values: values.data ?? new Map<string, MediaValue>(), shown };
    return asTable ? <TableBody {...given} /> : <Picture {...given} />;
  };
  return (
    <section ref={card} className={`card media-card ${large ? "large" : ""}`} data-panel={id} data-kind="vega" aria-label={chart.key} tabIndex={-1}>
      <header className="card-head">
        <h3 title={chart.key}>{chart.strings["title"] || (large ? chart.key : sectionLeaf(chart.key))}</h3>
        <span className="card-tools">
          <button className={`button quiet small ${asTable ? "pressed" : ""}`} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            table
          </button>
          {props.children}
        </span>
      </header>
      <div className="media-body">{body()}</div>
      {shown.all.length > 1 && <StepSlider steps={shown.all} step={shown.step} chosen={setting.mediaStep !== null} onStep={setting.onMediaStep} />}
    </section>
  );
});

function Picture(props: BodyProps & { readonly chart: CustomChart }): ReactElement {
  const { setting, chart, values, shown } = props;
  const tables = useShownTables(setting, values, shown.runs);
  const drawn = useMemo(() => {
    const columns = [...new Set(tables.loaded.flatMap(({ loaded }) => loaded.table.columns.map((column) => column.name)))];
    const runs = tables.loaded.map(({ run }) => ({ name: run.name, colour: runColour(run.id) }));
    const rows = tables.loaded.flatMap(({ run, loaded }) => rowsOf(loaded.table, run.name));
    return { spec: specOf(chart, columns, runs), rows, columns };
  }, [tables.loaded, chart]);
  if (tables.loaded.length === 0) {
    return tables.pending ? <Skeleton rows={5} /> : <div className="card-notice">{tables.problems.join("; ") || "No table"}</div>;
  }
  if (drawn.spec === null) {
    return (
      <>
        <p className="media-failed">
          {isKnownPreset(chart.preset)
            ? `The table lacks a column that ${chart.preset} needs; it has ${drawn.columns.join(", ")}.`
            : `The chart ${chart.preset} is not known to this page: here is its table.`}
        </p>
        <TableBody {...props} mediaKey={chart.tableKey} />
      </>
    );
  }
  return (
    <Suspense fallback={<Skeleton rows={5} />}>
      <VegaView spec={drawn.spec} rows={drawn.rows} name={chart.strings["title"] ?? chart.key} />
    </Suspense>
  );
}

function rowsOf(table: TableData, run: string): Record<string, unknown>[] {
  return table.rows.map((row) => {
    const record: Record<string, unknown> = { [RUN_FIELD]: run };
    table.columns.forEach((column, index) => {
      const cell = row[index];
      record[column.name] = typeof cell === "object" && cell !== null ? cellText(cell, column.type) : cell;
    });
    return record;
  });
}
