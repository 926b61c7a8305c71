/** What the views ask for, kept fresh by server-sent changes. */

import { keepPreviousData, useQuery, useQueryClient, type QueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { MetricDefinition } from "../model/metrics";
import { listenForChanges, type Change, type LinkState } from "./changes";
import {
  fetchDefinitions,
  fetchMetricKeys,
  fetchNewestRuns,
  fetchProjects,
  fetchRun,
  fetchRuns,
  fetchSession,
  type MetricKey,
  type ProjectSummary,
  type RunDetail,
  type RunEntry,
  type Session,
} from "./queries";
import { askServer, NOTHING, SeriesStore, type Answer, type Want } from "./series_store";

/** New metrics, changed definitions and the open run are looked for at most this often. */
const DETAILS_MS = 1000;
const PROJECTS_MS = 15_000;

const keyOf = {
  runs: (entity: string, project: string) => ["runs", entity, project] as const,
  keys: (entity: string, project: string) => ["keys", entity, project] as const,
  definitions: (entity: string, project: string) => ["definitions", entity, project] as const,
  media: (entity: string, project: string) => ["media", entity, project] as const,
  run: (entity: string, project: string, run: string) => ["run", entity, project, run] as const,
};

export function useSession(): UseQueryResult<Session> {
  return useQuery({ queryKey: ["session"], queryFn: ({ signal }) => fetchSession(signal) });
}

export function useProjects(entity: string): UseQueryResult<ProjectSummary[]> {
  return useQuery({
    queryKey: ["projects", entity],
    queryFn: ({ signal }) => fetchProjects(entity, signal),
    refetchInterval: PROJECTS_MS,
  });
}

/** All runs, newest first; null if the project does not exist. Grows while pages arrive. */
export function useRuns(entity: string, project: string): UseQueryResult<readonly RunEntry[] | null> {
  const client = useQueryClient();
  return useQuery({
    queryKey: keyOf.runs(entity, project),
    queryFn: ({ signal }) =>
      fetchRuns(
        entity,
        project,
        // Only while there is nothing yet: a list that is there must not shrink to grow again.
        (runs) =>
          client.setQueryData<readonly RunEntry[] | null>(keyOf.runs(entity, project), (known) =>
            (known?.length ?? 0) < runs.length ? runs : known,
          ),
        signal,
      ),
  });
}

export function useRun(entity: string, project: string, run: string): UseQueryResult<RunDetail | null> {
  return useQuery({
    queryKey: keyOf.run(entity, project, run),
    queryFn: ({ signal }) => fetchRun(entity, project, run, signal),
  });
}

export function useMetricKeys(entity: string, project: string, runs: readonly string[]): UseQueryResult<readonly MetricKey[]> {
  return useQuery({
    queryKey: [...keyOf.keys(entity, project), [...runs].sort()],
    queryFn: ({ signal }) => fetchMetricKeys(entity, project, runs, signal),
    placeholderData: keepPreviousData,
  });
}

export function useDefinitions(
  entity: string,
  project: string,
  runs: readonly string[],
): UseQueryResult<readonly MetricDefinition[]> {
  return useQuery({
    queryKey: [...keyOf.definitions(entity, project), [...runs].sort()],
    queryFn: ({ signal }) => fetchDefinitions(entity, project, runs, signal),
    placeholderData: keepPreviousData,
  });
}

export interface Live {
  readonly link: LinkState;
  readonly series: SeriesStore;
}

/** Listen to a project while mounted: run list, metrics, series and the open run follow. */
export function useLive(entity: string, project: string): Live {
  const client = useQueryClient();
  const [link, setLink] = useState<LinkState>("connecting");
  const series = useMemo(() => new SeriesStore(askServer(entity, project)), [entity, project]);
  useEffect(() => {
    series.open();
    const freshen = new Freshener(client, entity, project, series);
    const stop = listenForChanges(entity, project, {
      onChanges: (changes) => freshen.take(changes),
      onGap: () => freshen.takeAll(),
      onLink: setLink,
    });
    return () => {
      stop();
      freshen.stop();
      series.close();
    };
  }, [client, entity, project, series]);
  return { link, series };
}

/** Turns changes into fresh data. */
class Freshener {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private askedAt = 0;
  private readonly changed = new Set<string>();
  private listing = false;
  private stopped = false;
  private readonly lines = new Map<string, number>();

  constructor(
    private readonly client: QueryClient,
    private readonly entity: string,
    private readonly project: string,
    private readonly series: SeriesStore,
  ) {}

  take(changes: readonly Change[]): void {
    const runs = this.client.getQueryData<readonly RunEntry[] | null>(keyOf.runs(this.entity, this.project)) ?? [];
    const byName = new Map(runs.map((run) => [run.name, run]));
    const changed = new Map(changes.filter((change) => byName.get(change.run)?.state !== change.state).map((c) => [c.run, c]));
    if (changed.size > 0) {
      this.client.setQueryData<readonly RunEntry[] | null>(keyOf.runs(this.entity, this.project), (list) =>
        list?.map((run) => ({ ...run, state: changed.get(run.name)?.state ?? run.state })),
      );
    }
    if (changes.some((change) => !byName.has(change.run))) void this.listNewest();
    const grown = changes.filter((change) => this.lines.get(change.run) !== change.historyLineCount);
    for (const change of grown) this.lines.set(change.run, change.historyLineCount);
    if (grown.length > 0) this.series.touch(grown.map((change) => change.run));
    for (const { run } of changes) this.changed.add(run);
    this.plan();
  }

  /** Something may have been missed: everything is asked anew. */
  takeAll(): void {
    this.series.touch(null);
    this.invalidate(["run", this.entity, this.project]);
    void this.listNewest();
    this.plan();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Ask for what changes less often than rows: metrics, definitions, the open run. */
  private plan(): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.askedAt = Date.now();
        this.invalidate(keyOf.keys(this.entity, this.project));
        this.invalidate(keyOf.definitions(this.entity, this.project));
        this.invalidate(keyOf.media(this.entity, this.project));
        for (const run of this.changed) this.invalidate(keyOf.run(this.entity, this.project, run));
        this.changed.clear();
      },
      Math.max(0, this.askedAt + DETAILS_MS - Date.now()),
    );
  }

  /** A request under way is waited for: cancelled by every change, none would ever end. */
  private invalidate(queryKey: readonly string[]): void {
    void this.client.invalidateQueries({ queryKey }, { cancelRefetch: false });
  }

  /** Fetch the newest page and put it before what is known. */
  private async listNewest(): Promise<void> {
    if (this.listing || this.stopped) return;
    this.listing = true;
    try {
      const newest = await fetchNewestRuns(this.entity, this.project);
      if (newest.length === 0) return;
      const fresh = new Set(newest.map((run) => run.name));
      this.client.setQueryData<readonly RunEntry[] | null>(keyOf.runs(this.entity, this.project), (list) => [
        ...newest,
        ...(list ?? []).filter((run) => !fresh.has(run.name)),
      ]);
    } catch {
      // The next change tries again; what is on the screen stays.
    } finally {
      this.listing = false;
    }
  }
}

/** The series that a chart wants, kept fresh while mounted. */
export function useSeries(store: SeriesStore, want: Want): Answer {
  const watch = useRef<ReturnType<SeriesStore["watch"]> | null>(null);
  const latest = useRef(want);
  const [subscribe, snapshot] = useMemo(() => {
    const follow = (tell: () => void): (() => void) => {
      const made = store.watch(latest.current, tell);
      watch.current = made;
      return () => {
        made.stop();
        watch.current = null;
      };
    };
    return [follow, () => watch.current?.answer() ?? NOTHING] as const;
  }, [store]);
  const answer = useSyncExternalStore(subscribe, snapshot);
  useEffect(() => {
    if (latest.current === want) return;
    latest.current = want;
    watch.current?.change(want);
  }, [want]);
  return answer;
}
