/** Deleting that can be taken back: hidden at once, done after ten seconds unless undone. */

import { useCallback, useSyncExternalStore } from "react";
import { useToast } from "./toast";

const UNDO_MS = 10_000;

/** What is hidden meanwhile. It outlives views: whoever goes elsewhere still deletes; whoever closes the page does not. */
let pending: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function change(next: ReadonlySet<string>): void {
  pending = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ids of what is about to be deleted: lists leave it out. */
export function usePendingDeletes(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => pending);
}

/** `delete(id, text, act)`: `act` answers what is told afterwards; when it fails, the thing is shown again. */
export function useUndoableDelete(): (id: string, text: string, act: () => Promise<string>) => void {
  const toast = useToast();
  return useCallback(
    (id, text, act) => {
      const without = (): void => change(new Set([...pending].filter((other) => other !== id)));
      change(new Set([...pending, id]));
      const timer = setTimeout(() => {
        act()
          .then((told) => toast(told, null))
          .catch((error: unknown) => toast(`Not deleted: ${error instanceof Error ? error.message : String(error)}`, null))
          .finally(without);
      }, UNDO_MS);
      toast(text, () => {
        clearTimeout(timer);
        without();
      });
    },
    [toast],
  );
}
