/** A unified diff as rows with the line numbers of both sides. */

export type DiffKind = "file" | "hunk" | "added" | "removed" | "same" | "note";

export interface DiffRow {
  readonly kind: DiffKind;
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

export interface Diff {
  readonly rows: readonly DiffRow[];
  readonly added: number;
  readonly removed: number;
  readonly fileCount: number;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

export function parseDiff(text: string): Diff {
  const rows: DiffRow[] = [];
  let [before, after, added, removed, fileCount] = [0, 0, 0, 0, 0];
  // Lines that the hunk still has on each side: a removed line may itself begin with "--".
  let [beforeLeft, afterLeft] = [0, 0];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const hunk = beforeLeft + afterLeft > 0 ? null : HUNK.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[3])];
      [beforeLeft, afterLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      rows.push({ kind: "hunk", before: null, after: null, text: line });
    } else if (beforeLeft + afterLeft > 0 && line.startsWith("+")) {
      rows.push({ kind: "added", before: null, after, text: line.slice(1) });
      [after, afterLeft, added] = [after + 1, afterLeft - 1, added + 1];
    } else if (beforeLeft + afterLeft > 0 && line.startsWith("-")) {
      rows.push({ kind: "removed", before, after: null, text: line.slice(1) });
      [before, beforeLeft, removed] = [before + 1, beforeLeft - 1, removed + 1];
    } else if (beforeLeft + afterLeft > 0 && !line.startsWith("\\")) {
      rows.push({ kind: "same", before, after, text: line.slice(1) });
      [before, after, beforeLeft, afterLeft] = [before + 1, after + 1, beforeLeft - 1, afterLeft - 1];
    } else if (line.startsWith("diff ") || (line.startsWith("--- ") && rows.at(-1)?.kind !== "note" && rows.at(-1)?.kind !== "file")) {
      rows.push({ kind: "file", before: null, after: null, text: nameOf(line) });
      fileCount += 1;
    } else if (line !== "" && !line.startsWith("--- ") && !line.startsWith("+++ ") && !line.startsWith("index ")) {
      rows.push({ kind: "note", before: null, after: null, text: line });
    }
  }
  return { rows, added, removed, fileCount };
}

/** `diff --git a/x.py b/x.py` and `--- a/x.py` are about x.py. */
function nameOf(line: string): string {
  const git = /^diff --git a\/(.*) b\/\1$/.exec(line);
  return git?.[1] ?? line.replace(/^diff (?:--\S+ )*/, "").replace(/^--- (?:a\/)?/, "").replace(/\t.*$/, "");
}
