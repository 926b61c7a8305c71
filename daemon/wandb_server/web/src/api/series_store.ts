/**
 * The series that charts show: asked for together, kept fresh together.
 *
 *     chart comes into view ─► want(keys × runs) ─┐  one request for all that wait,
 *     run changed ───────────► stale cells ───────┴► at most four a second ─► columns ─► charts told
 *
 * A cell is one metric of one run over one axis, range and number of buckets. Cells that no chart wants are kept for a
 * while (going back is instant) and dropped, oldest first, beyond CELLS_MAX: memory stays flat over a day.
 */

import { toColumns, type Columns, type RawSeries } from "../chart/columns";
import { graphql } from "./client";

/** What one chart shows. */
export interface Want {
  readonly runs: readonly string[];
  readonly keys: readonly string[];
  readonly axis: string;
  /** null: the whole run. */
  readonly range: { readonly min: number; readonly max: number } | null;
  readonly buckets: number;
}

export interface Answer {
  /** Columns by run, then by key; a run or key without points is missing. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, Columns>>;
  /** Whether every cell has been answered at least once. */
  readonly complete: boolean;
  /** Why the last request failed; what is there stays. */
  readonly problem: string | null;
}

export const NOTHING: Answer = { columns: new Map(), complete: false, problem: null };

interface Cell {
  columns: Columns | null;
  answered: boolean;
  /** Asked anew when this is behind the run's version. */
  version: number;
  asking: boolean;
  usedAt: number;
}

interface Group {
  readonly want: Want;
  readonly runs: string[];
  readonly keys: string[];
}

interface Watcher {
  want: Want;
  answer: Answer;
  /** What the columns of `answer` show: they stay until there are others of the same. */
  subject: string;
  readonly tell: () => void;
}

type Raw = RawSeries & { readonly run: string; readonly key: string };

export const REFRESH_MS = 250;
const FIRST_MS = 15;
const RETRY_MS = 3000;
const CELLS_MAX = 4000;
const CELLS_PER_REQUEST = 1200;
const GROUPS_PER_REQUEST = 12;
const FIELDS = "run key x min max mean nanCount posInfCount negInfCount";

/** Asks for series; replaced by a fake in tests. */
export type Ask = (groups: readonly Group[]) => Promise<readonly (readonly Raw[])[]>;

export class SeriesStore {
  private readonly cells = new Map<string, Cell>();
  private readonly watchers = new Set<Watcher>();
  private readonly versions = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastAsked = 0;
  private asking = 0;
  private problem: string | null = null;
  private closed = false;

  constructor(private readonly ask: Ask) {}

  /** Keep `want` answered until `stop`; `tell` is called whenever the answer changed. */
  watch(want: Want, tell: () => void): { answer: () => Answer; change: (want: Want) => void; stop: () => void } {
    const watcher: Watcher = { want, answer: NOTHING, subject: "", tell };
    this.watchers.add(watcher);
    this.compose(watcher);
    this.plan(FIRST_MS);
    return {
      answer: () => watcher.answer,
      change: (next) => {
        watcher.want = next;
        this.compose(watcher);
        tell();
        this.plan(FIRST_MS);
      },
      stop: () => this.watchers.delete(watcher),
    };
  }

  /** Work again after `close`. */
  open(): void {
    this.closed = false;
    this.plan(FIRST_MS);
  }

  /** These runs have new rows; all of them when null. */
  touch(runs: readonly string[] | null): void {
    for (const run of runs ?? this.allRuns()) this.versions.set(run, this.versionOf(run) + 1);
    this.plan(Math.max(0, this.lastAsked + REFRESH_MS - Date.now()));
  }

  /** Ask again now for what failed. */
  retry(): void {
    this.problem = null;
    for (const watcher of this.watchers) this.compose(watcher);
    this.plan(0);
  }

  /** How many cells are kept. */
  get size(): number {
    return this.cells.size;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.cells.clear();
  }

  private plan(delayMs: number): void {
    if (this.closed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, delayMs);
  }

  private async flush(): Promise<void> {
    // Two at a time: a zoom does not wait behind a slow refresh.
    if (this.asking >= 2) return;
    const groups = this.missing();
    if (groups.length === 0) return;
    this.asking += 1;
    this.lastAsked = Date.now();
    const asked = groups.map((group) => this.mark(group));
    try {
      const answers = await this.ask(groups);
      groups.forEach((group, index) => this.accept(group, answers[index] ?? [], asked[index] ?? new Map()));
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      for (const group of groups) this.release(group);
    } finally {
      this.asking -= 1;
    }
    if (this.closed) return;
    this.tellAbout(groups);
    this.drop();
    // What did not fit, or changed meanwhile. After a failure only after a pause.
    this.plan(this.problem ? RETRY_MS : Math.max(0, this.lastAsked + REFRESH_MS - Date.now()));
  }

  /** Wanted cells that are absent or stale, grouped so that a request asks for rectangles of runs × keys. */
  private missing(): Group[] {
    const groups: Group[] = [];
    let count = 0;
    for (const want of this.wants()) {
      const byRuns = new Map<string, Group>();
      for (const key of want.keys) {
        const runs = want.runs.filter((run) => this.isDue(want, run, key));
        if (runs.length === 0) continue;
        const id = runs.join("\n");
        const group = byRuns.get(id);
        if (group) group.keys.push(key);
        else byRuns.set(id, { want, runs, keys: [key] });
        count += runs.length;
        if (count >= CELLS_PER_REQUEST) break;
      }
      groups.push(...byRuns.values());
      if (count >= CELLS_PER_REQUEST || groups.length >= GROUPS_PER_REQUEST) break;
    }
    return groups.slice(0, GROUPS_PER_REQUEST);
  }

  /** What is wanted, charts over the same axis and range as one. */
  private wants(): Want[] {
    const merged = new Map<string, { want: Want; runs: Set<string>; keys: Set<string> }>();
    for (const { want } of this.watchers) {
      const id = `${viewId(want)}\n${want.runs.length}\n${want.runs.join(",")}`;
      const entry = merged.get(id) ?? { want, runs: new Set<string>(), keys: new Set<string>() };
      want.runs.forEach((run) => entry.runs.add(run));
      want.keys.forEach((key) => entry.keys.add(key));
      merged.set(id, entry);
    }
    return [...merged.values()].map(({ want, runs, keys }) => ({ ...want, runs: [...runs], keys: [...keys] }));
  }

  private isDue(want: Want, run: string, key: string): boolean {
    const cell = this.cells.get(cellId(want, run, key));
    return !cell || (!cell.asking && (!cell.answered || cell.version < this.versionOf(run)));
  }

  /** Take the cells of a group as asked for; the versions that the answer will have. */
  private mark(group: Group): Map<string, number> {
    const versions = new Map(group.runs.map((run) => [run, this.versionOf(run)]));
    for (const [, cell] of this.cellsOf(group)) cell.asking = true;
    return versions;
  }

  private release(group: Group): void {
    for (const [, cell] of this.cellsOf(group)) cell.asking = false;
  }

  private accept(group: Group, answers: readonly Raw[], versions: ReadonlyMap<string, number>): void {
    const found = new Map(answers.map((raw) => [`${raw.run}\n${raw.key}`, raw]));
    for (const [id, cell, run] of this.cellsOf(group)) {
      const raw = found.get(id);
      cell.columns = raw && raw.x.length > 0 ? toColumns(raw) : null;
      cell.answered = true;
      cell.asking = false;
      cell.version = versions.get(run) ?? 0;
    }
  }

  private *cellsOf(group: Group): Generator<[string, Cell, string]> {
    for (const run of group.runs) {
      for (const key of group.keys) {
        const id = cellId(group.want, run, key);
        let cell = this.cells.get(id);
        if (!cell) {
          cell = { columns: null, answered: false, version: 0, asking: false, usedAt: 0 };
          this.cells.set(id, cell);
        }
        cell.usedAt = Date.now();
        yield [`${run}\n${key}`, cell, run];
      }
    }
  }

  private tellAbout(groups: readonly Group[]): void {
    const views = new Set(groups.map((group) => viewId(group.want)));
    for (const watcher of this.watchers) {
      if (!views.has(viewId(watcher.want)) && watcher.answer.problem === this.problem) continue;
      this.compose(watcher);
      watcher.tell();
    }
  }

  private compose(watcher: Watcher): void {
    const columns = new Map<string, Map<string, Columns>>();
    let complete = true;
    for (const run of watcher.want.runs) {
      const own = new Map<string, Columns>();
      for (const key of watcher.want.keys) {
        const cell = this.cells.get(cellId(watcher.want, run, key));
        if (cell) cell.usedAt = Date.now();
        if (!cell?.answered) complete = false;
        if (cell?.columns) own.set(key, cell.columns);
      }
      if (own.size > 0) columns.set(run, own);
    }
    const subject = `${watcher.want.axis}\n${watcher.want.keys.join("\n")}`;
    const waits = columns.size === 0 && !complete && subject === watcher.subject;
    watcher.answer = { columns: waits ? watcher.answer.columns : columns, complete, problem: this.problem };
    watcher.subject = subject;
  }

  private drop(): void {
    if (this.cells.size <= CELLS_MAX) return;
    const wanted = new Set<string>();
    for (const { want } of this.watchers) {
      for (const run of want.runs) for (const key of want.keys) wanted.add(cellId(want, run, key));
    }
    const oldest = [...this.cells].filter(([id, cell]) => !wanted.has(id) && !cell.asking);
    oldest.sort(([, left], [, right]) => left.usedAt - right.usedAt);
    for (const [id] of oldest.slice(0, this.cells.size - CELLS_MAX)) this.cells.delete(id);
  }

  private allRuns(): Set<string> {
    const runs = new Set<string>();
    for (const { want } of this.watchers) want.runs.forEach((run) => runs.add(run));
    for (const run of this.versions.keys()) runs.add(run);
    return runs;
  }

  private versionOf(run: string): number {
    return this.versions.get(run) ?? 0;
  }
}

function viewId(want: Want): string {
  return `${want.axis}\n${want.range ? `${want.range.min}~${want.range.max}` : ""}\n${want.buckets}`;
}

function cellId(want: Want, run: string, key: string): string {
  return `${viewId(want)}\n${run}\n${key}`;
}

/** What is drawn: the rows that a run logged, or those about its machine. */
export type Stream = "history" | "system";

/** Ask the server: all groups in one request, an alias for each. */
export function askServer(entity: string, project: string, stream: Stream = "history"): Ask {
  const chosen = stream === "history" ? "" : `, stream: ${JSON.stringify(stream)}`;
  return async (groups) => {
    const declared: string[] = [];
    const selected: string[] = [];
    const variables: Record<string, unknown> = { entity, project };
    groups.forEach(({ want, runs, keys }, index) => {
      declared.push(`$runs${index}: [String!]!, $keys${index}: [String!]!, $axis${index}: String, $buckets${index}: Int`);
      declared.push(`$min${index}: Float, $max${index}: Float`);
      selected.push(
        `part${index}: historySeries(runs: $runs${index}, keys: $keys${index}, xAxis: $axis${index}, ` +
          `xMin: $min${index}, xMax: $max${index}, buckets: $buckets${index}${chosen}) { ${FIELDS} }`,
      );
      Object.assign(variables, {
        [`runs${index}`]: runs,
        [`keys${index}`]: keys,
        [`axis${index}`]: want.axis,
        [`buckets${index}`]: want.buckets,
        [`min${index}`]: want.range?.min ?? null,
        [`max${index}`]: want.range?.max ?? null,
      });
    });
    const query =
      `query PageSeries($entity: String!, $project: String!, ${declared.join(", ")}) {\n` +
      `  project(name: $project, entityName: $entity) {\n    ${selected.join("\n    ")}\n  }\n}`;
    const data = await graphql<{ project: Record<string, Raw[]> | null }>("PageSeries", query, variables);
    return groups.map((_, index) => data.project?.[`part${index}`] ?? []);
  };
}
