/** The tree of files: virtual, for a run may have ten thousand; arrows walk through it. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import type { ListedFile } from "../../api/files_queries";
import { fileKind, type FileKind } from "../../model/file_kind";
import { fileTree, treeRows, type TreeRow } from "../../model/file_tree";
import { bytes, grouped } from "../../model/numbers";
import { Icon } from "../../parts/icons";

const ROW_HEIGHT = 26;
/** Folders with more than so many files begin closed. */
const OPEN_FILES_MAX = 30;

interface FileTreeProps {
  readonly files: readonly ListedFile[];
  /** Everything unfolded: what was searched for must be seen. */
  readonly all: boolean;
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

export function FileTree({ files, all, chosen, onChoose }: FileTreeProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  const [turned, setTurned] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [at, setAt] = useState(0);
  const tree = useMemo(() => fileTree(files), [files]);
  const rows = useMemo(() => {
    const small = (path: string): boolean => sizeOf(tree, path) <= OPEN_FILES_MAX;
    return treeRows(tree, (path) => all || (turned.get(path) ?? (chosen?.startsWith(`${path}/`) === true || small(path))));
  }, [tree, turned, all, chosen]);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is read anew in every render here
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 12 });
  const here = Math.min(at, rows.length - 1);
  const act = (row: TreeRow<ListedFile>, open?: boolean): void => {
    if (row.kind === "file") onChoose(row.file.name);
    else setTurned(new Map(turned).set(row.folder.path, open ?? !row.open));
  };
  const move = (to: number): void => {
    const inside = Math.max(0, Math.min(rows.length - 1, to));
    setAt(inside);
    virtual.scrollToIndex(inside);
  };
  const onKey = (event: KeyboardEvent): void => {
    const row = rows[here];
    if (!row) return;
    if (event.key === "ArrowDown") move(here + 1);
    else if (event.key === "ArrowUp") move(here - 1);
    else if (event.key === "Home") move(0);
    else if (event.key === "End") move(rows.length - 1);
    else if (event.key === "Enter" || event.key === " ") act(row);
    else if (event.key === "ArrowRight" && row.kind === "folder") act(row, true);
    else if (event.key === "ArrowLeft" && row.kind === "folder") act(row, false);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="file-tree"
      ref={scroller}
      role="tree"
      aria-label="Files"
      tabIndex={0}
      aria-activedescendant={rows.length > 0 ? `file-row-${here}` : undefined}
      onKeyDown={onKey}
    >
      {rows.length === 0 && <p className="preview-note">No file matches.</p>}
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const isChosen = row.kind === "file" && row.file.name === chosen;
          const names = ["file-row", isChosen ? "chosen" : "", item.index === here ? "here" : ""].filter(Boolean).join(" ");
          return (
            <div
              key={item.key}
              id={`file-row-${item.index}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-selected={isChosen}
              aria-expanded={row.kind === "folder" ? row.open : undefined}
              className={names}
              style={{ height: ROW_HEIGHT, transform: `translateY(${item.start}px)`, paddingLeft: 8 + row.depth * 16 }}
              title={row.kind === "file" ? row.file.name : row.folder.path}
              onClick={() => {
                setAt(item.index);
                act(row);
              }}
            >
              <Row row={row} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Row({ row }: { row: TreeRow<ListedFile> }): ReactElement {
  if (row.kind === "folder") {
    return (
      <>
        <span className={row.open ? "turn open" : "turn"}><Icon name="chevron" size={11} /></span>
        <span className="file-name">{row.label}</span>
        <span className="file-count">{grouped(row.folder.fileCount)} {row.folder.fileCount === 1 ? "file" : "files"}</span>
        <span className="file-size">{bytes(row.folder.sizeBytes)}</span>
      </>
    );
  }
  return (
    <>
      <FileMark kind={fileKind(row.file.name, row.file.mimetype)} />
      <span className="file-name">{row.label}</span>
      <span className="file-size">{bytes(row.file.sizeBytes)}</span>
    </>
  );
}

const MARKS: Record<FileKind, string> = {
  image: "▦",
  frame: "◈",
  audio: "♪",
  video: "▸",
  table: "▤",
  json: "{}",
  diff: "±",
  text: "≡",
  unknown: "·",
};

/** A sign of what it is; the name says it too, so readers of screens do without. */
function FileMark({ kind }: { kind: FileKind }): ReactElement {
  return (
    <span className="file-mark" aria-hidden="true">
      {MARKS[kind]}
    </span>
  );
}

function sizeOf(tree: ReturnType<typeof fileTree<ListedFile>>, path: string): number {
  let at: typeof tree | undefined = tree;
  while (at && at.path !== path) at = at.folders.find((folder) => path === folder.path || path.startsWith(`${folder.path}/`));
  return at?.fileCount ?? 0;
}
