/** What a run is: state, times, where it ran, its config and its summary. */

import { useMemo, useRef, useState, type ReactElement, type ReactNode } from "react";
import type { RunDetail } from "../../api/queries";
import { parseObject, type Json } from "../../model/json";
import { duration, grouped, moment, since } from "../../model/numbers";
import { environmentOf, ownSummary, unwrapConfig } from "../../model/run";
import { parseSearch } from "../../model/search";
import { useKeys } from "../../parts/keyboard";
import { Snippet } from "../../parts/messages";
import { JsonTree } from "../../parts/JsonTree";
import { useNow } from "../../parts/now";
import { RunState } from "../../parts/RunState";
import { SearchBox } from "../../parts/SearchBox";

export function Overview({ run }: { run: RunDetail }): ReactElement {
  const [text, setText] = useState("");
  const search = useMemo(() => parseSearch(text), [text]);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  const config = useMemo(() => parseObject(run.config), [run.config]);
  const summary = useMemo(() => ownSummary(parseObject(run.summaryMetrics)), [run.summaryMetrics]);
  const own = useMemo(() => unwrapConfig(config), [config]);
  return (
    <main className="page overview">
      <Facts run={run} config={config} />
      <div className="overview-data">
        <SearchBox inputRef={field} value={text} label="Search config and summary" problem={search.problem} onChange={setText} />
        <div className="overview-trees">
          <Tree title="Config" value={own} matches={search.matches} empty="This run was started without a config." />
          <Tree title="Summary" value={summary} matches={search.matches} empty="Nothing was logged yet." />
        </div>
      </div>
    </main>
  );
}

function Tree(props: { title: string; value: Record<string, Json>; matches: (text: string) => boolean; empty: string }): ReactElement {
  const { title, value, matches, empty } = props;
  const count = Object.keys(value).length;
  return (
    <section className="card tree-card">
      <header className="card-head">
        <h3>
          {title} <span className="count">{count}</span>
        </h3>
      </header>
      {count === 0 ? <p className="faint">{empty}</p> : <JsonTree value={value} matches={matches} />}
    </section>
  );
}

function Facts({ run, config }: { run: RunDetail; config: Record<string, Json> }): ReactElement {
  const environment = useMemo(() => environmentOf(config), [config]);
  const now = useNow();
  const started = Date.parse(run.createdAt);
  const seconds = secondsOf(run, now);
  const facts: [string, ReactNode][] = [
    ["State", <span key="state"><RunState state={run.state} />{run.exitCode !== null && run.exitCode !== 0 && <span className="faint"> exit code {run.exitCode}</span>}</span>],
    ["Run id", <code key="id">{run.name}</code>],
    ["Started", <time key="started" dateTime={run.createdAt} title={moment(started)}>{moment(started)} <span className="faint">({since(started, now)})</span></time>],
    ["Duration", <span key="duration" title={`${seconds} s`}>{duration(seconds)}</span>],
    ["Rows", `${grouped(run.historyLineCount)}${run.lastStep === null ? "" : `, last step ${grouped(run.lastStep)}`}`],
    ["Refused rows", run.refusedRows ? <span key="refused" className="bad">{grouped(run.refusedRows)} (their step was below the run's)</span> : null],
    ["User", run.user?.name],
    ["Host", run.host ?? environment.host],
    ["System", environment.os],
    ["Python", environment.python],
    ["CPU", environment.cpu],
    ["GPU", environment.gpu],
    ["Group", run.group],
    ["Kind", run.jobType],
    ["Tags", run.tags.length > 0 ? run.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>) : null],
    ["Git", gitText(run.repo ?? environment.gitRemote, run.commit ?? environment.gitCommit)],
    ["Client", environment.version],
  ];
  const command = environment.command ?? (run.program ? `python ${run.program}` : null);
  return (
    <section className="facts" aria-label="Facts">
      <dl>
        {facts
          .filter(([, value]) => value !== null && value !== undefined && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {run.notes && (
        <>
          <h3>Notes</h3>
          <p className="notes">{run.notes}</p>
        </>
      )}
      {command && (
        <>
          <h3>Command</h3>
          <Snippet text={command} />
        </>
      )}
    </section>
  );
}

/** How long it ran: what the run itself says, for a resumed one was not running all the time. */
function secondsOf(run: RunDetail, now: number): number {
  const started = Date.parse(run.createdAt);
  if (run.state === "running") return Math.max(0, Math.round((now - started) / 1000));
  const own = parseObject(run.summaryMetrics)["_runtime"];
  if (typeof own === "number" && Number.isFinite(own)) return own;
  return Math.max(0, (Date.parse(run.finishedAt ?? run.heartbeatAt ?? run.createdAt) - started) / 1000);
}

function gitText(remote: string | null, commit: string | null): ReactNode {
  if (!remote && !commit) return null;
  return (
    <>
      {remote && <code>{remote}</code>} {commit && <code title={commit}>{commit.slice(0, 10)}</code>}
    </>
  );
}
