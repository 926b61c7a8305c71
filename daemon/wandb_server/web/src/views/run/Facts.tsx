/** The facts about a run; name, tags and notes are changed where they stand. */

import { useMemo, type ReactElement, type ReactNode } from "react";
import { useRunChanges, type RunRecord } from "../../api/run_changes";
import type { RunDetail } from "../../api/queries";
import { parseObject, type Json } from "../../model/json";
import { bytes, duration, grouped, moment, since } from "../../model/numbers";
import { environmentOf } from "../../model/run";
import type { RunTab } from "../../model/route";
import { EditableText } from "../../parts/EditableText";
import { Link } from "../../parts/location";
import { Snippet } from "../../parts/messages";
import { useNow } from "../../parts/now";
import { RunState } from "../../parts/RunState";
import { TagList } from "../../parts/TagList";
import { GitLine } from "./GitLine";

interface FactsProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
  readonly config: Record<string, Json>;
  /** null while it is not known. */
  readonly record: RunRecord | null;
}

type Fact = readonly [string, ReactNode];

export function Facts({ entity, project, run, config, record }: FactsProps): ReactElement {
  const environment = useMemo(() => environmentOf(config), [config]);
  const now = useNow();
  const changes = useRunChanges(entity, project, run.name, run.id);
  const tab = (name: RunTab, text: string): ReactElement => <Link to={{ view: "run", entity, project, run: run.name, tab: name }}>{text}</Link>;
  const count = (found: { readonly totalCount: number | null } | null | undefined): string => grouped(found?.totalCount ?? 0);
  const facts: readonly Fact[] = [
    ["State", <span key="state"><RunState state={run.state} />{run.exitCode !== null && <span className={run.exitCode === 0 ? "faint" : "bad"}> exit code {run.exitCode}</span>}</span>],
    ["Name", <EditableText key="name" short what="name" value={run.displayName} onSave={(displayName) => changes.edit({ displayName })} />],
    ["Run id", <code key="id">{run.name}</code>],
    ["Tags", <TagList key="tags" what="tag" tags={run.tags} onAdd={(tag) => changes.edit({ tags: [...run.tags, tag] })} onRemove={(tag) => changes.edit({ tags: run.tags.filter((other) => other !== tag) })} />],
    ["Group", run.group],
    ["Kind", run.jobType],
    ["User", run.user?.name],
    ...timeFacts(run, now),
    ["Rows", `${grouped(run.historyLineCount)}${run.lastStep === null ? "" : `, last step ${grouped(run.lastStep)}`}`],
    ["Refused rows", run.refusedRows ? <span key="refused" className="bad">{grouped(run.refusedRows)} (their step was below the run's)</span> : null],
    ["Files", record?.fileCount ? tab("files", grouped(record.fileCount)) : null],
    ["Artifacts", record ? tab("artifacts", `${count(record.inputs)} in, ${count(record.outputs)} out`) : null],
    ["Storage", record?.sizeBytes ? <span key="storage" title={`${record.sizeBytes} bytes go when this run is deleted`}>{bytes(record.sizeBytes)}</span> : null],
    ["Host", run.host ?? environment.host],
    ["Directory", environment.directory && <code key="directory">{environment.directory}</code>],
    ["System", environment.os],
    ["Python", environment.python],
    ["Executable", environment.executable && <code key="executable">{environment.executable}</code>],
    ["CPU", environment.cpu],
    ["Memory", environment.memory],
    ["GPU", environment.gpu],
    ["Git", <GitLine key="git" remote={run.repo ?? environment.gitRemote} commit={run.commit ?? environment.gitCommit} />],
    ["Client", environment.version && `wandb ${environment.version}`],
  ];
  const command = environment.command ?? (run.program ? `python ${run.program}` : null);
  const hasGit = Boolean(run.repo ?? environment.gitRemote ?? run.commit ?? environment.gitCommit);
  return (
    <section className="facts" aria-label="Facts">
      <dl>
        {facts
          .filter(([name, value]) => value !== null && value !== undefined && value !== "" && (name !== "Git" || hasGit))
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <h3>Notes</h3>
      <EditableText what="notes" value={run.notes ?? ""} onSave={(notes) => changes.edit({ notes })} />
      {command && (
        <>
          <h3>Command</h3>
          <Snippet text={command} />
        </>
      )}
    </section>
  );
}

function timeFacts(run: RunDetail, now: number): Fact[] {
  const started = Date.parse(run.createdAt);
  const finished = run.finishedAt === null ? NaN : Date.parse(run.finishedAt);
  const heard = run.heartbeatAt === null ? NaN : Date.parse(run.heartbeatAt);
  const seconds = secondsOf(run, now);
  return [
    ["Started", <time key="started" dateTime={run.createdAt} title={moment(started)}>{moment(started)} <span className="faint">({since(started, now)})</span></time>],
    ["Ended", Number.isNaN(finished) ? null : <time key="ended" title={moment(finished)}>{moment(finished)}</time>],
    ["Last heard", Number.isNaN(heard) || run.state === "finished" ? null : <time key="heard" title={moment(heard)}>{since(heard, now)}</time>],
    ["Duration", <span key="duration" title={`${seconds} s`}>{duration(seconds)}</span>],
  ];
}

/** How long it ran: what the run itself says, for a resumed one was not running all the time. */
function secondsOf(run: RunDetail, now: number): number {
  const started = Date.parse(run.createdAt);
  if (run.state === "running") return Math.max(0, Math.round((now - started) / 1000));
  const own = parseObject(run.summaryMetrics)["_runtime"];
  if (typeof own === "number" && Number.isFinite(own)) return own;
  return Math.max(0, (Date.parse(run.finishedAt ?? run.heartbeatAt ?? run.createdAt) - started) / 1000);
}
