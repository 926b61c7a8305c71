/** Files as a tree on the left, the chosen one on the right. */

import { useMemo, useRef, useState, type ReactElement } from "react";
import type { ListedFile } from "../../api/files_queries";
import { leafOf } from "../../model/file_tree";
import { bytes, grouped, moment, since } from "../../model/numbers";
import { parseSearch } from "../../model/search";
import { typeName } from "../../model/file_kind";
import { Icon } from "../../parts/icons";
import { useKeys } from "../../parts/keyboard";
import { CopyButton } from "../../parts/messages";
import { useNow } from "../../parts/now";
import { useParameter } from "../../parts/parameter";
import { SearchBox } from "../../parts/SearchBox";
import { FilePreview } from "../../viewers/FilePreview";
import { FileTree } from "./FileTree";
import "../../styles/files.css";

interface FileBrowserProps {
  readonly files: readonly ListedFile[];
  /** The file that is shown while none is chosen. */
  readonly first?: string | undefined;
}

export function FileBrowser({ files, first }: FileBrowserProps): ReactElement {
  const [chosen, choose] = useParameter("file");
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const search = useMemo(() => parseSearch(text), [text]);
  const found = useMemo(() => files.filter((file) => search.matches(file.name)), [files, search]);
  const shown = useMemo(() => files.find((file) => file.name === (chosen || first)) ?? null, [files, chosen, first]);
  const total = useMemo(() => files.reduce((sum, file) => sum + file.sizeBytes, 0), [files]);
  useKeys({ "/": () => field.current?.focus() });
  return (
    <div className={shown ? "browser has-file" : "browser"}>
      <section className="browser-list" aria-label="Files">
        <div className="browser-head">
          <SearchBox inputRef={field} value={text} label="Search files" problem={search.problem} onChange={setText} />
          <p className="faint number" title={`${total} bytes`}>
            {found.length < files.length ? `${grouped(found.length)} of ` : ""}
            {grouped(files.length)} {files.length === 1 ? "file" : "files"} · {bytes(total)}
          </p>
        </div>
        <FileTree files={found} all={text !== ""} chosen={shown?.name ?? null} onChoose={(name) => choose(name, true)} />
      </section>
      <section className="browser-file" aria-label="Preview">
        {shown ? <Shown file={shown} onClose={() => choose("")} /> : <NoneShown chosen={chosen} />}
      </section>
    </div>
  );
}

function NoneShown({ chosen }: { chosen: string }): ReactElement {
  return (
    <p className="preview-note">{chosen ? `There is no file ${chosen} here (any more).` : "Choose a file to look inside."}</p>
  );
}

function Shown({ file, onClose }: { file: ListedFile; onClose: () => void }): ReactElement {
  const now = useNow();
  const changed = file.updatedAt === null ? NaN : Date.parse(file.updatedAt);
  return (
    <>
      <header className="file-head">
        <button className="button quiet square file-back" aria-label="All files" onClick={onClose}>
          <Icon name="close" size={13} />
        </button>
        <h2 title={file.name}>{leafOf(file.name)}</h2>
        <span className="faint number" title={`${file.sizeBytes} bytes`}>
          {typeName(file.name)} · {bytes(file.sizeBytes)}
          {Number.isNaN(changed) ? "" : <time title={moment(changed)}> · {since(changed, now)}</time>}
        </span>
        <span className="toolbar-space" />
        <CopyButton text={file.name} label="Copy path" />
        <a className="button" href={file.url} download={leafOf(file.name)}>
          <Icon name="down" size={13} /> Download
        </a>
      </header>
      <div className="file-body">
        <FilePreview key={file.name} file={file} />
      </div>
    </>
  );
}
