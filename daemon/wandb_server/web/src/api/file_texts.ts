/** The beginning of a file as text: what a preview needs, however large the file is. */

import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { RequestFailed } from "./client";

export const PREVIEW_BYTES = 256 * 1024;

export interface FileText {
  readonly text: string;
  /** Whether there is more than was read. */
  readonly cut: boolean;
  /** Whether it holds bytes that no text has. */
  readonly binary: boolean;
}

/**
 * An address of the server, wherever the server thinks that it is: the page may have been opened by another name, and
 * may ask only where it came from.
 */
export function ownAddress(url: string): string {
  try {
    const parsed = new URL(url, window.location.origin);
    return /^\/(files|artifact)/.test(parsed.pathname) ? parsed.pathname + parsed.search : url;
  } catch {
    return url;
  }
}

/** The address of an html or svg file for a sandboxed frame. */
export function frameAddress(url: string): string {
  return url + (url.includes("?") ? "&" : "?") + "view=frame";
}

export async function fetchFileText(url: string, signal?: AbortSignal, bytesMax = PREVIEW_BYTES): Promise<FileText> {
  const answer = await fetch(url, {
    credentials: "same-origin",
    headers: { Range: `bytes=0-${bytesMax - 1}` },
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new RequestFailed("the server cannot be reached", 0);
  });
  // An empty file has no first byte to ask for.
  if (answer.status === 416) return { text: "", cut: false, binary: false };
  if (!answer.ok || !answer.body) throw new RequestFailed(`the server answered with status ${answer.status}`, answer.status);
  const { bytes, cut } = await readStart(answer.body, bytesMax);
  const total = Number(/\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1] ?? bytes.length);
  // A character may have been cut in two at the end: as a stream, its first half is left out.
  const text = new TextDecoder().decode(bytes, { stream: true });
  return { text, cut: cut || total > bytes.length, binary: bytes.subarray(0, 4096).includes(0) };
}

async function readStart(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<{ bytes: Uint8Array; cut: boolean }> {
  const bytes = new Uint8Array(bytesMax);
  const reader = body.getReader();
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: bytes.subarray(0, length), cut: false };
    const part = value.subarray(0, bytesMax - length);
    bytes.set(part, length);
    length += part.length;
    if (part.length < value.length) {
      await reader.cancel();
      return { bytes, cut: true };
    }
  }
}

/** `version` changes when the file does. */
export function useFileText(url: string, version: string): UseQueryResult<FileText> {
  // The signature in the address changes with time; the file does not.
  return useQuery({ queryKey: ["file-text", url.split("?")[0], version], queryFn: ({ signal }) => fetchFileText(url, signal) });
}
