/** The table's state: in the address; columns are remembered in this browser too. */

import { useCallback, useEffect, useState } from "react";
import { formatRunTable, parseRunTable, type RunTable } from "../../model/run_table";
import { readStored, store } from "../../parts/stored";

export type ChangeTable = (patch: Partial<RunTable>) => void;

export function useRunTable(name: string): [RunTable, ChangeTable] {
  const [table, setTable] = useState<RunTable>(() => initial(name));
  const change = useCallback<ChangeTable>(
    (patch) =>
      setTable((before) => {
        const after = { ...before, ...patch };
        const query = formatRunTable(after);
        window.history.replaceState(null, "", window.location.pathname + (query ? `?${query}` : ""));
        store(`table:${name}`, formatRunTable({ ...after, search: "", filters: [] }));
        return after;
      }),
    [name],
  );
  useEffect(() => {
    const onBack = (): void => setTable(parseRunTable(window.location.search));
    window.addEventListener("popstate", onBack);
    return () => window.removeEventListener("popstate", onBack);
  }, []);
  return [table, change];
}

/** The address decides; without a query, what was remembered. */
function initial(name: string): RunTable {
  const query = window.location.search;
  return parseRunTable(query.length > 1 ? query : (readStored(`table:${name}`) ?? ""));
}
