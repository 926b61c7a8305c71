/** The workspace's state: in the address, and remembered for the next visit. */

import { useCallback, useEffect, useRef, useState } from "react";
import { DEFAULT_WORKSPACE, formatWorkspace, parseWorkspace, type Workspace } from "../../model/workspace";
import { readStored, store } from "../../parts/stored";

export type Patch = Partial<Workspace> | ((workspace: Workspace) => Partial<Workspace>);

/** Change some of it. `step` makes it a step of the browser's history, so that Back undoes it. */
export type Change = (patch: Patch, step?: boolean) => void;

const WRITE_MS = 200;
/** What belongs to the moment, and is not there again at the next visit. */
const PASSING = { zoom: null, full: null, mediaStep: null, runSearch: "", panelSearch: "" } as const;
/** Servers refuse longer request lines; what does not fit is only remembered in this browser. */
const QUERY_MAX = 6000;

export function useWorkspace(name: string): [Workspace, Change] {
  const [workspace, setWorkspace] = useState<Workspace>(() => initial(name));
  const current = useRef(workspace);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const write = useCallback(
    (step: boolean) => {
      clearTimeout(timer.current);
      const query = formatWorkspace(current.current);
      store(`workspace:${name}`, formatWorkspace({ ...current.current, ...PASSING }));
      const fitting = query.length <= QUERY_MAX ? query : formatWorkspace({ ...current.current, eyes: DEFAULT_WORKSPACE.eyes });
      const address = window.location.pathname + (fitting ? `?${fitting}` : "");
      if (step) window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    },
    [name],
  );

  const change = useCallback<Change>(
    (patch, step = false) => {
      const before = current.current;
      const changed = typeof patch === "function" ? patch(before) : patch;
      const names = Object.keys(changed) as (keyof Workspace)[];
      if (names.every((name) => changed[name] === before[name])) return;
      current.current = { ...before, ...changed };
      setWorkspace(current.current);
      clearTimeout(timer.current);
      if (step) write(true);
      else timer.current = setTimeout(() => write(false), WRITE_MS);
    },
    [write],
  );

  useEffect(() => {
    const onBack = (): void => {
      current.current = parseWorkspace(window.location.search);
      setWorkspace(current.current);
    };
    window.addEventListener("popstate", onBack);
    return () => {
      window.removeEventListener("popstate", onBack);
      clearTimeout(timer.current);
    };
  }, []);

  return [workspace, change];
}

/** The address decides; without a query, what was remembered. */
function initial(name: string): Workspace {
  const query = window.location.search;
  return parseWorkspace(query.length > 1 ? query : (readStored(`workspace:${name}`) ?? ""));
}
