/** Text with line numbers and colours. All of it is in the page, so that the browser's own search and selection work. */

import { useMemo, type ReactElement } from "react";
import { highlight, type Token } from "../model/highlight";

const CHUNK_LINES = 200;
export const CODE_LINE_HEIGHT = 18;

export function CodeView({ text, name }: { text: string; name: string }): ReactElement {
  const chunks = useMemo(() => inChunks(highlight(text.replace(/\r\n?/g, "\n").replace(/\n$/, ""), name)), [text, name]);
  return (
    <div className="code" role="region" aria-label={`Text of ${name}`} tabIndex={0}>
      {chunks.map((lines, chunk) => (
        // Chunks out of view are laid out only when they come into it.
        <div key={chunk} className="code-chunk" style={{ containIntrinsicSize: `auto ${lines.length * CODE_LINE_HEIGHT}px` }}>
          {lines.map((line, index) => (
            <div className="code-line" key={index} data-number={chunk * CHUNK_LINES + index + 1}>
              {line.map((token, place) => (token.kind === "plain" ? token.text : <span key={place} className={`token-${token.kind}`}>{token.text}</span>))}
              {"\n"}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

function inChunks(lines: readonly Token[][]): Token[][][] {
  const chunks: Token[][][] = [];
  for (let first = 0; first < lines.length; first += CHUNK_LINES) chunks.push(lines.slice(first, first + CHUNK_LINES));
  return chunks;
}
