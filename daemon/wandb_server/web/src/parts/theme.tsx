/** Light, dark, or as the system has it. Kept in this browser. */

import { createContext, useContext, useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore, type ReactElement, type ReactNode } from "react";
import { readStored, store } from "./stored";

export type Choice = "system" | "light" | "dark";

interface Theme {
  readonly choice: Choice;
  /** What is shown. */
  readonly shown: "light" | "dark";
  readonly choose: (choice: Choice) => void;
}

const KEY = "theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const ThemeContext = createContext<Theme>({ choice: "system", shown: "light", choose: () => undefined });

export function useTheme(): Theme {
  return useContext(ThemeContext);
}

export function ThemeProvider({ children }: { children: ReactNode }): ReactElement {
  const [choice, choose] = useState<Choice>(() => {
    const kept = readStored(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  });
  const systemDark = useSyncExternalStore(
    (listener) => {
      dark.addEventListener("change", listener);
      return () => dark.removeEventListener("change", listener);
    },
    () => dark.matches,
  );
  const shown = choice === "system" ? (systemDark ? "dark" : "light") : choice;
  // A layout effect, for it comes before the children's effects: charts read the theme's colours when they repaint.
  useLayoutEffect(() => {
    document.documentElement.dataset["theme"] = shown;
  }, [shown]);
  useEffect(() => store(KEY, choice === "system" ? null : choice), [choice]);
  const theme = useMemo(() => ({ choice, shown, choose }) satisfies Theme, [choice, shown]);
  return <ThemeContext value={theme}>{children}</ThemeContext>;
}
