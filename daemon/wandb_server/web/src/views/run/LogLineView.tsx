/** One line of the console: its number, when it was printed, its colours, what of it was searched for. */

import { memo, type ReactElement } from "react";
import type { LogLine } from "../../api/queries";
import { markSpans, parseAnsi, plainText, type MarkedSpan } from "../../model/ansi";
import { lineTime } from "../../model/numbers";
import type { Search } from "../../model/search";

export const LINE_HEIGHT = 18;

interface LogLineProps {
  readonly number: number;
  readonly top: number;
  readonly line: LogLine | null;
  readonly times: boolean;
  readonly search: Search | null;
  readonly current: boolean;
  readonly onMark: (line: number) => void;
}

export const LogLineView = memo(function LogLineView(props: LogLineProps): ReactElement {
  const { number, top, line, times, search, current, onMark } = props;
  const isError = line?.level === "error" || line?.level === "ERROR";
  const marks = line && search ? search.spans(plainText(line.line)) : [];
  const names = ["log-line", isError ? "error" : "", current ? "current" : ""].filter(Boolean).join(" ");
  return (
    <div className={names} style={{ transform: `translateY(${top}px)`, height: LINE_HEIGHT }}>
      <button className="log-number" tabIndex={-1} aria-label={`Line ${number + 1}`} title="Put this line into the address" onClick={() => onMark(number)}>
        {number + 1}
      </button>
      {isError && <span className="log-mark" title="written to stderr" aria-label="stderr">err</span>}
      {times && <span className="log-time">{line?.timestamp ? lineTime(line.timestamp) : ""}</span>}
      {line?.label && <span className="log-label">{line.label}</span>}
      <span className="log-text">
        {line ? markSpans(parseAnsi(line.line), marks).map((span, index) => <Piece key={index} {...span} />) : <span className="faint">…</span>}
      </span>
    </div>
  );
});

function Piece({ text, colour, bold, marked }: MarkedSpan): ReactElement {
  const names = [typeof colour === "number" ? `ansi-${colour}` : "", bold ? "ansi-bold" : ""].filter(Boolean).join(" ");
  const style = typeof colour === "string" ? { color: colour } : undefined;
  if (marked) return <mark className={names} style={style}>{text}</mark>;
  return names || style ? <span className={names} style={style}>{text}</span> : <>{text}</>;
}
