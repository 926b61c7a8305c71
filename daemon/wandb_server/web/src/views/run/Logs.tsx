/** The console of a run, as it was printed: virtual, searched, errors marked, following the end while it is in view. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactElement } from "react";
import { LogScan } from "../../api/log_scan";
import { logPagesOf } from "../../api/log_pages";
import { fetchLogLines, type RunDetail } from "../../api/queries";
import { parseSearch, type Search } from "../../model/search";
import { useKeys } from "../../parts/keyboard";
import { Empty, Problem } from "../../parts/messages";
import { useParameter } from "../../parts/parameter";
import { LINE_HEIGHT, LogLineView } from "./LogLineView";
import { LogToolbar } from "./LogToolbar";

interface LogsProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

const END_PIXELS = 40;
const SEARCH_WAIT_MS = 200;

export function Logs({ entity, project, run }: LogsProps): ReactElement {
  const [pages] = useState(() => logPagesOf(entity, project, run.name, run.logLineCount ?? 0));
  const [asked, setAsked] = useParameter("q");
  const [marked, setMarked] = useParameter("line");
  const [following, setFollowing] = useState(marked === "");
  const [times, setTimes] = useState(false);
  const [current, setCurrent] = useState<number | null>(() => (/^\d+$/.test(marked) ? Number(marked) - 1 : null));
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  useSyncExternalStore(
    useMemo(() => (listener: () => void) => pages.subscribe(listener), [pages]),
    () => pages.revision,
  );
  const total = pages.total;
  const grown = run.logLineCount ?? 0;
  const fetchPage = useCallback(
    (first: number, count: number) => fetchLogLines(entity, project, run.name, first, count),
    [entity, project, run.name],
  );
  const search = useMemo(() => parseSearch(asked), [asked]);
  const scan = useScan(fetchPage, asked, search, total, pages);
  // A progress bar rewrites its last lines without adding any: every change of the run is looked after.
  useEffect(() => pages.grow(grown), [pages, grown]);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const end = (items.at(-1)?.index ?? -1) + 1;
  useEffect(() => pages.want(first, end), [pages, first, end, total]);
  useEffect(() => {
    if (following && total > 0) virtual.scrollToIndex(total - 1, { align: "end" });
  }, [virtual, following, total]);
  const shown = useRef(false);
  useEffect(() => {
    if (shown.current || current === null || total === 0) return;
    shown.current = true;
    virtual.scrollToIndex(Math.min(current, total - 1), { align: "center" });
  }, [virtual, current, total]);
  useKeys({ "/": () => field.current?.focus() });

  /** Show a line: of a match, or one that was asked for. */
  const goTo = (line: number): void => {
    const inside = Math.max(0, Math.min(line, total - 1));
    setFollowing(false);
    setCurrent(inside);
    setMarked(String(inside + 1));
    shown.current = true;
    virtual.scrollToIndex(inside, { align: "center" });
  };
  const goToMatch = (direction: 1 | -1): void => {
    const matches = scan?.matches ?? [];
    const next = nextMatch(matches, current ?? (direction > 0 ? first - 1 : end), direction);
    if (next !== null) goTo(next);
  };

  if (total === 0) {
    return (
      <Empty title="No console output" entity={entity} project={project} body={'print("hello from the console")'}>
        {run.state === "running" ? "What the script prints appears here as it does:" : "This run printed nothing, or its console was not captured. What a script prints is kept:"}
      </Empty>
    );
  }
  return (
    <main className="logs" aria-label="Console">
      <LogToolbar
        {...{ total, asked, search, scan, times, following, fetchPage, field, current }}
        name={`${run.name}-output.log`}
        onSearch={(text) => {
          setAsked(text);
          setCurrent(null);
        }}
        onMatch={goToMatch}
        onLine={(line) => goTo(line - 1)}
        onTimes={setTimes}
        onFollow={setFollowing}
      />
      {pages.problem && <Problem what="Some lines could not be loaded" error={pages.problem} onRetry={() => { pages.retry(); pages.want(first, end); }} />}
      {scan?.problem && <Problem what="The search stopped" error={scan.problem} onRetry={() => scan.cover(total)} />}
      <div
        className="logs-list"
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-label="Lines"
        aria-live="off"
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          const atEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
          if (following !== atEnd) setFollowing(atEnd);
        }}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => (
            <LogLineView
              key={item.key}
              number={item.index}
              top={item.start}
              line={pages.line(item.index)}
              times={times}
              search={asked === "" ? null : search}
              current={item.index === current}
              onMark={goTo}
            />
          ))}
        </div>
      </div>
    </main>
  );
}

/** The match after (or before) a line, from the other end when there is none. */
export function nextMatch(matches: readonly number[], line: number, direction: 1 | -1): number | null {
  if (direction > 0) return matches.find((match) => match > line) ?? matches[0] ?? null;
  return matches.findLast((match) => match < line) ?? matches.at(-1) ?? null;
}

/** The scan for what is typed, a moment after the last key. */
function useScan(
  fetchPage: (first: number, count: number) => ReturnType<typeof fetchLogLines>,
  asked: string,
  search: Search,
  total: number,
  pages: { readonly revision: number },
): LogScan | null {
  const [scan, setScan] = useState<LogScan | null>(null);
  useEffect(() => {
    const wanted = asked.trim() !== "" && asked.trim() !== "/" && search.problem === null;
    let made: LogScan | null = null;
    const timer = setTimeout(
      () => {
        made = wanted ? new LogScan(fetchPage, search) : null;
        setScan(made);
      },
      wanted ? SEARCH_WAIT_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      made?.stop();
    };
  }, [fetchPage, asked, search]);
  useSyncExternalStore(
    useMemo(() => (listener: () => void) => scan?.subscribe(listener) ?? (() => undefined), [scan]),
    () => scan?.revision ?? 0,
  );
  const revision = pages.revision;
  useEffect(() => scan?.cover(total), [scan, total, revision]);
  return scan;
}
