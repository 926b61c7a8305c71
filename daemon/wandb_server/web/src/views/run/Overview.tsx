/** What a run is: state, times, where it ran, its config and its summary, what it told. */

import { useMemo, useRef, type ReactElement } from "react";
import { useRunRecord } from "../../api/run_changes";
import type { RunDetail } from "../../api/queries";
import { parseObject, type Json } from "../../model/json";
import { environmentsOf, ownSummary, unwrapConfig } from "../../model/run";
import { parseSearch } from "../../model/search";
import { useKeys } from "../../parts/keyboard";
import { JsonTree } from "../../parts/JsonTree";
import { useParameter } from "../../parts/parameter";
import { SearchBox } from "../../parts/SearchBox";
import { AlertList } from "./AlertList";
import { Facts } from "./Facts";

interface OverviewProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

export function Overview({ entity, project, run }: OverviewProps): ReactElement {
  const [text, setText] = useParameter("q");
  const search = useMemo(() => parseSearch(text), [text]);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  const record = useRunRecord(entity, project, run.name, run.state === "running");
  const config = useMemo(() => parseObject(run.config), [run.config]);
  const summary = useMemo(() => ownSummary(parseObject(run.summaryMetrics)), [run.summaryMetrics]);
  const own = useMemo(() => unwrapConfig(config), [config]);
  const environments = useMemo(() => environmentsOf(config), [config]);
  return (
    <main className="page overview" aria-label="Overview">
      <Facts entity={entity} project={project} run={run} config={config} record={record.data ?? null} />
      <div className="overview-data">
        {record.data?.alerts && record.data.alerts.length > 0 && <AlertList alerts={record.data.alerts} />}
        <SearchBox inputRef={field} value={text} label="Search config and summary" problem={search.problem} onChange={setText} />
        <div className="overview-trees">
          <Tree title="Config" value={own} matches={search.matches} empty="This run was started without a config." />
          <div className="overview-column">
            <Tree title="Summary" value={summary} matches={search.matches} empty="Nothing was logged yet." />
            {Object.keys(environments).length > 0 && <Tree title="Environment" value={environments} matches={search.matches} empty="" />}
          </div>
        </div>
      </div>
    </main>
  );
}

function Tree(props: { title: string; value: Record<string, Json>; matches: (text: string) => boolean; empty: string }): ReactElement {
  const { title, value, matches, empty } = props;
  const count = Object.keys(value).length;
  return (
    <section className="card tree-card" aria-label={title}>
      <header className="card-head">
        <h3>
          {title} <span className="count">{count}</span>
        </h3>
      </header>
      {count === 0 ? <p className="faint">{empty}</p> : <JsonTree value={value} matches={matches} />}
    </section>
  );
}
