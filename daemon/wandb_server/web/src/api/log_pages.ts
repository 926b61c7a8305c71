/** The console lines of a run, fetched in pages as they come into view. */

import { fetchLogLines, type LogLine, type LogPage } from "./queries";

export const LOG_PAGE_LINES = 500;
const PAGES_MAX = 60;
const RETRY_MS = 3000;

export type FetchPage = (firstLine: number, count: number) => Promise<LogPage>;

/** Pages of lines; the last, unfilled one is fetched again when the run has grown. */
export class LogPages {
  total: number;
  problem: string | null = null;
  /** Counts up with every change, for those who compare. */
  revision = 0;
  private readonly pages = new Map<number, LogPage>();
  private readonly asking = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private failedAt = 0;

  constructor(
    private readonly fetchPage: FetchPage,
    total: number,
  ) {
    this.total = total;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  line(number: number): LogLine | null {
    const page = this.pages.get(Math.floor(number / LOG_PAGE_LINES));
    return page?.lines[number % LOG_PAGE_LINES] ?? null;
  }

  /** Fetch what is missing of these lines. */
  want(first: number, end: number): void {
    for (let page = Math.floor(first / LOG_PAGE_LINES); page * LOG_PAGE_LINES < end; page += 1) {
      const known = this.pages.get(page)?.lines.length ?? 0;
      const due = Math.min(LOG_PAGE_LINES, this.total - page * LOG_PAGE_LINES);
      if (known < due) void this.load(page);
    }
  }

  /** The run has this many lines now; the window of rewritten lines (progress bars) is fetched anew. */
  grow(total: number): void {
    if (total === this.total) return;
    this.total = total;
    void this.load(Math.max(0, Math.floor((total - 1) / LOG_PAGE_LINES)));
    this.tell();
  }

  retry(): void {
    this.problem = null;
    this.failedAt = 0;
    this.tell();
  }

  private async load(page: number): Promise<void> {
    if (this.asking.has(page) || Date.now() - this.failedAt < RETRY_MS) return;
    this.asking.add(page);
    try {
      const answer = await this.fetchPage(page * LOG_PAGE_LINES, LOG_PAGE_LINES);
      this.pages.delete(page);
      this.pages.set(page, answer);
      this.total = Math.max(this.total, answer.total);
      this.problem = null;
      this.drop();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.failedAt = Date.now();
    } finally {
      this.asking.delete(page);
    }
    this.tell();
  }

  private drop(): void {
    for (const page of this.pages.keys()) {
      if (this.pages.size <= PAGES_MAX) return;
      this.pages.delete(page);
    }
  }

  private tell(): void {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}

export function logPagesOf(entity: string, project: string, run: string, total: number): LogPages {
  return new LogPages((first, count) => fetchLogLines(entity, project, run, first, count), total);
}
