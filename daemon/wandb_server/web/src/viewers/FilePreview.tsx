/** What is in a file, as far as it can be shown: decided by its kind; large ones from their beginning. */

import { lazy, Suspense, useMemo, useState, type ComponentType, type ReactElement } from "react";
import { frameAddress, PREVIEW_BYTES, useFileText } from "../api/file_texts";
import { fileKind } from "../model/file_kind";
import { isObject, parseJson, type Json } from "../model/json";
import { bytes } from "../model/numbers";
import { JsonTree } from "../parts/JsonTree";
import { Problem, Skeleton } from "../parts/messages";
import { CodeView } from "./CodeView";
import { DiffView } from "./DiffView";

export interface PreviewFile {
  readonly name: string;
  /** On this server, with what it needs to be read. */
  readonly url: string;
  readonly sizeBytes: number;
  readonly mimetype: string | null;
  /** Changes when the content does. */
  readonly version: string;
}

type TableViewer = { default: ComponentType<{ url: string }> };
const tableViewers = import.meta.glob<TableViewer>("./TableFile.tsx");
const TableFile = lazy<TableViewer["default"]>(tableViewers["./TableFile.tsx"] ?? (() => Promise.reject(new Error("there is no viewer for tables"))));

export function FilePreview({ file }: { file: PreviewFile }): ReactElement {
  if (!file.url.startsWith("/")) {
    return (
      <p className="preview-note">
        Only a reference is kept; the bytes lie elsewhere: <code>{file.url || "nowhere known"}</code>
      </p>
    );
  }
  const kind = fileKind(file.name, file.mimetype);
  switch (kind) {
    case "image":
      return <Picture file={file} />;
    case "frame":
      return <Framed file={file} />;
    case "audio":
      return <div className="preview-media"><audio controls preload="metadata" src={file.url} aria-label={file.name} /></div>;
    case "video":
      return <div className="preview-media"><video controls preload="metadata" src={file.url} aria-label={file.name} /></div>;
    case "table":
      return <Suspense fallback={<Skeleton rows={6} />}><div className="preview-table"><TableFile url={file.url} /></div></Suspense>;
    default:
      return <Written key={file.name} file={file} kind={kind} />;
  }
}

function Picture({ file }: { file: PreviewFile }): ReactElement {
  const [size, setSize] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  if (failed) return <p className="preview-note">This picture cannot be shown: it is damaged, or of a kind that this browser does not know.</p>;
  return (
    <div className="preview-picture">
      <img
        src={file.url}
        alt={file.name}
        onLoad={({ currentTarget: image }) => setSize(`${image.naturalWidth} × ${image.naturalHeight}`)}
        onError={() => setFailed(true)}
      />
      <p className="faint number">{size ?? " "}</p>
    </div>
  );
}

/** It may carry script: it gets an origin of its own and reaches nobody. */
function Framed({ file }: { file: PreviewFile }): ReactElement {
  const [source, setSource] = useState(false);
  return (
    <div className="preview-frame">
      <div className="preview-switch">
        <button className={source ? "button small" : "button small pressed"} aria-pressed={!source} onClick={() => setSource(false)}>Page</button>
        <button className={source ? "button small pressed" : "button small"} aria-pressed={source} onClick={() => setSource(true)}>Source</button>
      </div>
      {source ? <Written file={file} kind="text" /> : <iframe title={file.name} sandbox="allow-scripts" src={frameAddress(file.url)} />}
    </div>
  );
}

function Written({ file, kind }: { file: PreviewFile; kind: "json" | "diff" | "text" | "unknown" }): ReactElement {
  const content = useFileText(file.url, file.version);
  const value = useMemo(() => (kind === "json" && content.data && !content.data.cut ? parsed(content.data.text) : undefined), [kind, content.data]);
  if (content.isError) return <Problem what={`${file.name} could not be loaded`} error={content.error} onRetry={() => void content.refetch()} />;
  if (!content.data) return <Skeleton rows={8} />;
  const { text, cut, binary } = content.data;
  if (binary) return <p className="preview-note">There is no preview for this kind of file ({bytes(file.sizeBytes)}). Download it to look inside.</p>;
  if (text === "") return <p className="preview-note">This file is empty.</p>;
  return (
    <>
      {cut && (
        <p className="preview-note" role="note">
          The first {bytes(PREVIEW_BYTES)} of {bytes(file.sizeBytes)} are shown. Download the file to see the rest.
        </p>
      )}
      {value !== undefined ? (
        <div className="preview-json"><JsonTree value={isObject(value) ? value : { "": value }} matches={() => true} /></div>
      ) : kind === "diff" ? (
        <DiffView text={text} name={file.name} />
      ) : (
        <CodeView text={text} name={file.name} />
      )}
    </>
  );
}

/** undefined for what is not JSON after all. */
function parsed(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
