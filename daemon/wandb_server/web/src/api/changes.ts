/**
 * Server-sent changes of a project, merged to at most four deliveries a second.
 *
 * The stream is closed while the page is hidden: a browser has only six connections per host, shared by all its tabs.
 * After every gap (hidden, connection lost) `onGap` says that changes may have been missed.
 */

export interface Change {
  readonly run: string;
  readonly lastStep: number | null;
  readonly state: string;
  readonly historyLineCount: number;
  readonly logLineCount: number;
}

export type LinkState = "connecting" | "live" | "lost";

export interface ChangeListener {
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onGap: () => void;
  readonly onLink: (state: LinkState) => void;
}

export const MERGE_MS = 250;
const RETRY_MS = 2000;

/** Listen until the returned function is called. */
export function listenForChanges(entity: string, project: string, listener: ChangeListener): () => void {
  const address = `/api/changes?entity=${encodeURIComponent(entity)}&project=${encodeURIComponent(project)}`;
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let delivery: ReturnType<typeof setTimeout> | undefined;
  let lastDelivery = 0;
  let hadGap = false;
  const waiting = new Map<string, Change>();

  const deliver = (): void => {
    delivery = undefined;
    lastDelivery = Date.now();
    const changes = [...waiting.values()];
    waiting.clear();
    listener.onChanges(changes);
  };
  const close = (): void => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const open = (): void => {
    close();
    listener.onLink("connecting");
    source = new EventSource(address);
    source.onopen = () => {
      listener.onLink("live");
      if (hadGap) listener.onGap();
      hadGap = false;
    };
    source.onerror = () => {
      hadGap = true;
      listener.onLink("lost");
      // A refused stream is closed for good by the browser, so it is opened anew by hand.
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    };
    source.onmessage = (message: MessageEvent<string>) => {
      const change = parseChange(message.data);
      if (!change) return;
      waiting.set(change.run, change);
      delivery ??= setTimeout(deliver, Math.max(0, lastDelivery + MERGE_MS - Date.now()));
    };
  };
  const onVisibility = (): void => {
    if (document.hidden) {
      hadGap = true;
      close();
    } else if (!source) open();
  };

  document.addEventListener("visibilitychange", onVisibility);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", onVisibility);
    clearTimeout(delivery);
    close();
  };
}

function parseChange(text: string): Change | null {
  try {
    const change = JSON.parse(text) as Change;
    return typeof change.run === "string" ? change : null;
  } catch {
    return null;
  }
}
