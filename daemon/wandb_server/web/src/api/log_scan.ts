/** Looking through the whole console of a run: what matches a search, or all of it as a file. */

import { plainText } from "../model/ansi";
import type { Search } from "../model/search";
import type { FetchPage } from "./log_pages";

/** As many as the server hands out at once. */
export const SCAN_LINES = 10_000;
export const MATCHES_MAX = 100_000;
/** Lines that a progress bar may have rewritten since they were looked at. */
const REWRITTEN_LINES = 64;

/** Numbers of the lines that match, found from the first on; goes on when the console grows. */
export class LogScan {
  /** Ascending, at most MATCHES_MAX. */
  matches: readonly number[] = [];
  /** How many lines have been looked at. */
  scanned = 0;
  problem: string | null = null;
  revision = 0;
  private wanted = 0;
  private running = false;
  private stopped = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly fetchPage: FetchPage,
    private readonly search: Search,
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The console has so many lines: look through those that are new. */
  cover(total: number): void {
    const known = this.wanted;
    this.wanted = total;
    if (known > 0 && total > known) this.forgetFrom(Math.max(0, Math.min(this.scanned, known) - REWRITTEN_LINES));
    void this.go();
  }

  stop(): void {
    this.stopped = true;
  }

  private forgetFrom(line: number): void {
    this.scanned = Math.min(this.scanned, line);
    this.matches = this.matches.filter((match) => match < this.scanned);
  }

  private async go(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.stopped && this.scanned < this.wanted && this.matches.length < MATCHES_MAX) await this.step();
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.running = false;
      this.tell();
    }
  }

  private async step(): Promise<void> {
    const first = this.scanned;
    const page = await this.fetchPage(first, SCAN_LINES);
    // Somebody may have asked for an earlier line meanwhile.
    if (this.stopped || this.scanned !== first) return;
    const found = page.lines.filter((line) => this.search.matches(plainText(line.line))).map((line) => line.number);
    this.matches = [...this.matches, ...found].slice(0, MATCHES_MAX);
    this.scanned = Math.max(first + 1, (page.lines.at(-1)?.number ?? this.wanted - 1) + 1);
    this.tell();
  }

  private tell(): void {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}

/** The whole console as text; `onShare` hears how much of it is there, from 0 to 1. */
export async function downloadConsole(
  fetchPage: FetchPage,
  total: number,
  times: boolean,
  onShare: (share: number) => void,
): Promise<Blob> {
  const parts: string[] = [];
  for (let first = 0; first < total; ) {
    const page = await fetchPage(first, SCAN_LINES);
    if (page.lines.length === 0) break;
    for (const { timestamp, line } of page.lines) parts.push(times && timestamp ? `${timestamp} ${line}\n` : `${line}\n`);
    first = (page.lines.at(-1)?.number ?? total) + 1;
    onShare(Math.min(1, first / total));
  }
  return new Blob(parts, { type: "text/plain" });
}
