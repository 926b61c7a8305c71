/** The console of a run, as it was printed: virtual, errors marked, following the end while it is in view. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactElement } from "react";
import { logPagesOf } from "../../api/log_pages";
import type { LogLine, RunDetail } from "../../api/queries";
import { parseAnsi } from "../../model/ansi";
import { grouped, lineTime } from "../../model/numbers";
import { Icon } from "../../parts/icons";
import { Problem } from "../../parts/messages";

interface LogsProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

const LINE_HEIGHT = 18;
const END_PIXELS = 40;

export function Logs({ entity, project, run }: LogsProps): ReactElement {
  const [pages] = useState(() => logPagesOf(entity, project, run.name, run.logLineCount ?? 0));
  const [following, setFollowing] = useState(true);
  const [times, setTimes] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  useSyncExternalStore(
    useMemo(() => (listener: () => void) => pages.subscribe(listener), [pages]),
    () => pages.revision,
  );
  const total = pages.total;
  const grown = run.logLineCount ?? 0;
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

  if (total === 0) {
    return (
      <div className="empty">
        <h2>No console output</h2>
        <p>{run.state === "running" ? "What the script prints appears here as it does." : "This run printed nothing, or its console was not captured."}</p>
      </div>
    );
  }
  return (
    <main className="logs">
      <div className="toolbar">
        <span className="faint">{grouped(total)} lines</span>
        <span className="toolbar-space" />
        <button className={times ? "button pressed" : "button"} aria-pressed={times} onClick={() => setTimes(!times)}>
          Times
        </button>
        <button className={following ? "button pressed" : "button"} aria-pressed={following} onClick={() => setFollowing(!following)}>
          <Icon name="down" size={13} /> Follow
        </button>
      </div>
      {pages.problem && <Problem what="Some lines could not be loaded" error={pages.problem} onRetry={() => { pages.retry(); pages.want(first, end); }} />}
      <div
        className="logs-list"
        ref={scroller}
        tabIndex={0}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          const atEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
          if (atEnd !== following) setFollowing(atEnd);
        }}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => (
            <Line key={item.key} number={item.index} top={item.start} line={pages.line(item.index)} times={times} />
          ))}
        </div>
      </div>
    </main>
  );
}

function Line(props: { number: number; top: number; line: LogLine | null; times: boolean }): ReactElement {
  const { number, top, line, times } = props;
  const isError = line?.level === "error" || line?.level === "ERROR";
  return (
    <div className={isError ? "log-line error" : "log-line"} style={{ transform: `translateY(${top}px)`, height: LINE_HEIGHT }}>
      <span className="log-number">{number + 1}</span>
      {isError && <span className="log-mark" title="written to stderr" aria-label="stderr">err</span>}
      {times && <span className="log-time">{line?.timestamp ? lineTime(line.timestamp) : ""}</span>}
      {line?.label && <span className="log-label">{line.label}</span>}
      <span className="log-text">
        {line ? parseAnsi(line.line).map((span, index) => <AnsiSpan key={index} {...span} />) : <span className="faint">…</span>}
      </span>
    </div>
  );
}

function AnsiSpan({ text, colour, bold }: { text: string; colour: number | null; bold: boolean }): ReactElement {
  const names = [colour === null ? "" : `ansi-${colour}`, bold ? "ansi-bold" : ""].filter(Boolean).join(" ");
  return names ? <span className={names}>{text}</span> : <>{text}</>;
}
