/** Files by their paths as a tree of folders, and the rows of it that are unfolded. */

export interface FileEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface Folder<F extends FileEntry> {
  readonly path: string;
  readonly folders: readonly Folder<F>[];
  readonly files: readonly F[];
  /** With all that lies below it. */
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export type TreeRow<F extends FileEntry> =
  | { readonly kind: "folder"; readonly depth: number; readonly folder: Folder<F>; readonly label: string; readonly open: boolean }
  | { readonly kind: "file"; readonly depth: number; readonly file: F; readonly label: string };

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function leafOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Folders before files, both in natural order. */
export function fileTree<F extends FileEntry>(files: readonly F[]): Folder<F> {
  interface Made { path: string; folders: Map<string, Made>; files: F[] }
  const root: Made = { path: "", folders: new Map(), files: [] };
  for (const file of files) {
    let at = root;
    const parts = file.name.split("/");
    for (const part of parts.slice(0, -1)) {
      const path = at.path === "" ? part : `${at.path}/${part}`;
      let next = at.folders.get(part);
      if (!next) at.folders.set(part, (next = { path, folders: new Map(), files: [] }));
      at = next;
    }
    at.files.push(file);
  }
  const finish = (made: Made): Folder<F> => {
    const folders = [...made.folders.values()].map(finish).sort((left, right) => natural.compare(left.path, right.path));
    const own = made.files.sort((left, right) => natural.compare(left.name, right.name));
    return {
      path: made.path,
      folders,
      files: own,
      fileCount: folders.reduce((sum, folder) => sum + folder.fileCount, own.length),
      sizeBytes: folders.reduce((sum, folder) => sum + folder.sizeBytes, 0) + own.reduce((sum, file) => sum + file.sizeBytes, 0),
    };
  };
  return finish(root);
}

/** What is to be seen of the tree. A folder with nothing but one folder in it shares that one's row. */
export function treeRows<F extends FileEntry>(root: Folder<F>, isOpen: (path: string) => boolean): TreeRow<F>[] {
  const rows: TreeRow<F>[] = [];
  const walk = (folder: Folder<F>, depth: number): void => {
    for (const child of folder.folders) {
      let inner = child;
      while (inner.files.length === 0 && inner.folders.length === 1 && inner.folders[0]) inner = inner.folders[0];
      const label = folder.path === "" ? inner.path : inner.path.slice(folder.path.length + 1);
      const open = isOpen(inner.path);
      rows.push({ kind: "folder", depth, folder: inner, label, open });
      if (open) walk(inner, depth + 1);
    }
    for (const file of folder.files) rows.push({ kind: "file", depth, file, label: leafOf(file.name) });
  };
  walk(root, 0);
  return rows;
}
