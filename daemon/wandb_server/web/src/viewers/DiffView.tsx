/** A diff: both line numbers, what was added and removed in colour and with a sign. */

import { useMemo, type ReactElement } from "react";
import { parseDiff, type DiffKind } from "../model/diff";
import { grouped } from "../model/numbers";

const SIGNS: Record<DiffKind, string> = { added: "+", removed: "−", same: "", hunk: "", file: "", note: "" };
const CHUNK_ROWS = 200;

export function DiffView({ text, name }: { text: string; name: string }): ReactElement {
  const diff = useMemo(() => parseDiff(text), [text]);
  const chunks = useMemo(
    () => Array.from({ length: Math.ceil(diff.rows.length / CHUNK_ROWS) }, (_, chunk) => diff.rows.slice(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS)),
    [diff],
  );
  return (
    <div className="diff" role="region" aria-label={`Changes of ${name}`} tabIndex={0}>
      <p className="diff-head">
        {grouped(diff.fileCount)} {diff.fileCount === 1 ? "file" : "files"} · <span className="diff-plus">+{grouped(diff.added)}</span>{" "}
        <span className="diff-minus">−{grouped(diff.removed)}</span>
      </p>
      {chunks.map((rows, chunk) => (
        <div key={chunk} className="code-chunk" style={{ containIntrinsicSize: `auto ${rows.length * 18}px` }}>
          {rows.map((row, index) => (
            <div key={index} className={`diff-row diff-${row.kind}`}>
              <span className="diff-number">{row.before ?? ""}</span>
              <span className="diff-number">{row.after ?? ""}</span>
              <span className="diff-sign" aria-label={row.kind === "added" || row.kind === "removed" ? row.kind : undefined}>{SIGNS[row.kind]}</span>
              <span className="diff-text">{row.text || " "}</span>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
