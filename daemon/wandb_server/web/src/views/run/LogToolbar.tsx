/** What can be done with the console: search it, go to a line, see times, follow, download. */

import { useState, type KeyboardEvent, type ReactElement, type Ref } from "react";
import type { FetchPage } from "../../api/log_pages";
import { downloadConsole, MATCHES_MAX, type LogScan } from "../../api/log_scan";
import { grouped } from "../../model/numbers";
import type { Search } from "../../model/search";
import { saveBlob } from "../../parts/download";
import { Icon } from "../../parts/icons";
import { SearchBox } from "../../parts/SearchBox";

interface LogToolbarProps {
  readonly total: number;
  readonly asked: string;
  readonly search: Search;
  readonly scan: LogScan | null;
  readonly current: number | null;
  readonly times: boolean;
  readonly following: boolean;
  readonly fetchPage: FetchPage;
  readonly field: Ref<HTMLInputElement>;
  /** What the downloaded file is called. */
  readonly name: string;
  readonly onSearch: (text: string) => void;
  readonly onMatch: (direction: 1 | -1) => void;
  readonly onLine: (line: number) => void;
  readonly onTimes: (times: boolean) => void;
  readonly onFollow: (following: boolean) => void;
}

export function LogToolbar(props: LogToolbarProps): ReactElement {
  const { total, asked, search, scan, times, following } = props;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter") props.onMatch(event.shiftKey ? -1 : 1);
  };
  return (
    <div className="toolbar" role="toolbar" aria-label="Console">
      <div className="logs-search" onKeyDown={onKey}>
        <SearchBox inputRef={props.field} value={asked} label="Search the console" problem={search.problem} onChange={props.onSearch} />
      </div>
      {scan && <Found scan={scan} total={total} current={props.current} onMatch={props.onMatch} />}
      <span className="toolbar-space" />
      <span className="faint logs-count">{grouped(total)} lines</span>
      <input
        className="logs-jump"
        type="text"
        inputMode="numeric"
        placeholder="Line"
        aria-label="Go to line"
        onKeyDown={(event) => {
          const line = Number(event.currentTarget.value.replace(/\D/g, ""));
          if (event.key === "Enter" && line > 0) props.onLine(line);
        }}
      />
      <button className={times ? "button pressed" : "button"} aria-pressed={times} onClick={() => props.onTimes(!times)}>
        Times
      </button>
      <button className={following ? "button pressed" : "button"} aria-pressed={following} onClick={() => props.onFollow(!following)}>
        <Icon name="down" size={13} /> Follow
      </button>
      <Download {...props} />
    </div>
  );
}

function Found(props: { scan: LogScan; total: number; current: number | null; onMatch: (direction: 1 | -1) => void }): ReactElement {
  const { scan, total, current, onMatch } = props;
  const count = scan.matches.length;
  const place = current === null ? -1 : scan.matches.indexOf(current);
  const scanning = scan.scanned < total && count < MATCHES_MAX;
  const most = count >= MATCHES_MAX ? "at least " : "";
  return (
    <span className="logs-found">
      <span role="status" className="number">
        {place >= 0 ? `${grouped(place + 1)} of ` : ""}
        {most}
        {grouped(count)} {count === 1 ? "line" : "lines"}
        {scanning ? ` · ${Math.floor((100 * scan.scanned) / Math.max(1, total))}%` : ""}
      </span>
      <button className="button square" disabled={count === 0} aria-label="Previous match" title="Previous match (shift enter)" onClick={() => onMatch(-1)}>
        <span className="turn up"><Icon name="chevron" size={12} /></span>
      </button>
      <button className="button square" disabled={count === 0} aria-label="Next match" title="Next match (enter)" onClick={() => onMatch(1)}>
        <span className="turn open"><Icon name="chevron" size={12} /></span>
      </button>
    </span>
  );
}

function Download({ fetchPage, total, times, name }: LogToolbarProps): ReactElement {
  const [share, setShare] = useState<number | null>(null);
  const [failed, setFailed] = useState(false);
  const load = async (): Promise<void> => {
    setFailed(false);
    setShare(0);
    try {
      saveBlob(await downloadConsole(fetchPage, total, times, setShare), name);
    } catch {
      setFailed(true);
    } finally {
      setShare(null);
    }
  };
  return (
    <button
      className={failed ? "button bad" : "button"}
      disabled={share !== null}
      title={failed ? "The download failed; try again" : `Download ${name}`}
      onClick={() => void load()}
    >
      {share !== null ? `${Math.floor(share * 100)}%` : failed ? "Try again" : "Download"}
    </button>
  );
}
