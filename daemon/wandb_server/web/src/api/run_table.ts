/** The table of runs, kept fresh; and deleting runs with a way back. */

import { keepPreviousData, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { bytes, grouped } from "../model/numbers";
import { useToast } from "../parts/toast";
import { listenForChanges, type LinkState } from "./changes";
import { fetchRunColumns, fetchTableRuns, removeRuns, restoreRuns, type RunColumn, type TableQuestion, type TableRuns } from "./run_table_queries";

export function useRunColumns(entity: string, project: string): UseQueryResult<readonly RunColumn[] | null> {
  return useQuery({ queryKey: ["run-columns", entity, project], queryFn: ({ signal }) => fetchRunColumns(entity, project, signal) });
}

/** All matching runs; grows while pages arrive. Asks nothing before the columns are known. */
export function useTableRuns(question: TableQuestion | null): UseQueryResult<TableRuns> {
  const client = useQueryClient();
  const queryKey = ["run-table", question?.entity, question?.project, question];
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      if (!question) throw new Error("nothing is asked");
      const onPart = (part: TableRuns): void => {
        client.setQueryData<TableRuns>(queryKey, (known) => ((known?.runs.length ?? 0) < part.runs.length ? part : known));
      };
      return fetchTableRuns(question, onPart, signal);
    },
    enabled: question !== null,
    placeholderData: keepPreviousData,
  });
}

const REFRESH_MS = 3000;
/** A table that takes long to load is loaded less often. */
const REFRESH_SHARE = 20;

/** Load the table anew when runs change, but not all the time. */
export function useTableChanges(entity: string, project: string): LinkState {
  const client = useQueryClient();
  const [link, setLink] = useState<LinkState>("connecting");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let took = 0;
    const refresh = async (): Promise<void> => {
      const began = performance.now();
      await client.invalidateQueries({ queryKey: ["run-table", entity, project] }, { cancelRefetch: false });
      await client.invalidateQueries({ queryKey: ["run-columns", entity, project] }, { cancelRefetch: false });
      took = performance.now() - began;
      timer = undefined;
    };
    const plan = (): void => {
      timer ??= setTimeout(() => void refresh(), Math.max(REFRESH_MS, took * REFRESH_SHARE));
    };
    const stop = listenForChanges(entity, project, { onChanges: plan, onGap: plan, onLink: setLink });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, entity, project]);
  return link;
}

interface Removable {
  readonly storageId: string;
  readonly name: string;
}

export interface Removal {
  /** Runs that are being deleted: hidden before the server has answered. */
  readonly hidden: ReadonlySet<string>;
  readonly problem: string | null;
  /** True when it worked. */
  readonly remove: (runs: readonly Removable[]) => Promise<boolean>;
}

/** Deletes runs at once on the screen, then on the server, which waits for second thoughts. */
export function useRemoval(entity: string, project: string): Removal {
  const client = useQueryClient();
  const toast = useToast();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<string | null>(null);
  const freshen = useCallback(async () => {
    for (const key of ["run-table", "run-columns", "runs"]) await client.invalidateQueries({ queryKey: [key, entity, project] });
  }, [client, entity, project]);
  const remove = useCallback(
    async (runs: readonly Removable[]): Promise<boolean> => {
      const ids = runs.map((run) => run.storageId);
      const show = (): void => setHidden((before) => new Set([...before].filter((id) => !ids.includes(id))));
      setHidden((before) => new Set([...before, ...ids]));
      setProblem(null);
      try {
        const { removed, bytesFreed } = await removeRuns(ids);
        const what = removed === 1 ? (runs[0]?.name ?? "1 run") : `${grouped(removed)} runs`;
        toast(`Deleted ${what}, freeing ${bytes(bytesFreed)}`, () => {
          restoreRuns(ids).then(
            (restored) => {
              show();
              // Told where everybody sees it: the view that deleted may be left by now.
              if (restored < ids.length) toast(`${grouped(ids.length - restored)} of the runs could not be restored`, null);
              return freshen();
            },
            (error: unknown) => toast(`The runs could not be restored: ${textOf(error)}`, null),
          );
        });
        await freshen();
        return true;
      } catch (error) {
        show();
        setProblem(`The runs could not be deleted: ${textOf(error)}`);
        return false;
      }
    },
    [toast, freshen],
  );
  return { hidden, problem, remove };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
