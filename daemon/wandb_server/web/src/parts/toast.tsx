/** A line at the bottom that says what was done and takes it back for ten seconds. */

import { createContext, useCallback, useContext, useEffect, useState, type ReactElement, type ReactNode } from "react";

/** `undo` null: there is nothing to take back. */
type Show = (text: string, undo: (() => void) | null) => void;

const UNDO_MS = 10_000;
const ToastContext = createContext<Show>(() => undefined);

export function useToast(): Show {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }): ReactElement {
  const [toast, setToast] = useState<{ text: string; undo: (() => void) | null } | null>(null);
  const show = useCallback<Show>((text, undo) => setToast({ text, undo }), []);
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(() => setToast(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <ToastContext value={show}>
      {children}
      {toast && (
        <div className="toast" role="status">
          {toast.text}
          {toast.undo && (
            <button
              className="button quiet"
              onClick={() => {
                toast.undo?.();
                setToast(null);
              }}
            >
              Undo
            </button>
          )}
        </div>
      )}
    </ToastContext>
  );
}
