/** What may be changed about a run from its page, and what its page asks beside the run itself. */

import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { graphql } from "./client";

export interface Alert {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly severity: "INFO" | "WARN" | "ERROR";
  readonly createdAt: string;
}

/** What belongs to a run and is counted or listed on its overview. */
export interface RunRecord {
  readonly id: string;
  readonly fileCount: number | null;
  /** What deleting the run frees. */
  readonly sizeBytes: number | null;
  readonly inputs: { readonly totalCount: number | null } | null;
  readonly outputs: { readonly totalCount: number | null } | null;
  readonly alerts: readonly Alert[] | null;
}

const RECORD = `query PageRunRecord($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      id fileCount sizeBytes
      inputs: inputArtifacts(first: 1) { totalCount }
      outputs: outputArtifacts(first: 1) { totalCount }
      alerts { id title text severity createdAt }
    }
  }
}`;

const REFRESH_MS = 5000;

export function useRunRecord(entity: string, project: string, run: string, running: boolean): UseQueryResult<RunRecord | null> {
  return useQuery({
    queryKey: ["run-record", entity, project, run],
    queryFn: async ({ signal }) => {
      const data = await graphql<{ project: { run: RunRecord | null } | null }>("PageRunRecord", RECORD, { entity, project, run }, signal);
      return data.project?.run ?? null;
    },
    refetchInterval: running ? REFRESH_MS : false,
  });
}

export interface RunEdit {
  readonly displayName?: string;
  readonly notes?: string;
  readonly tags?: readonly string[];
}

// By id alone: a name beside it would mean that the run begins again.
const EDIT = "mutation PageEditRun($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }";
const STOP = "mutation PageStopRun($input: StopRunInput!) { stopRun(input: $input) { success } }";

/** Changes of one run; what shows it is asked anew afterwards. */
export function useRunChanges(entity: string, project: string, run: string, id: string): { edit: (edit: RunEdit) => Promise<void>; stop: () => Promise<void> } {
  const client = useQueryClient();
  const refresh = async (): Promise<void> => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ["run", entity, project, run] }),
      client.invalidateQueries({ queryKey: ["runs", entity, project] }),
    ]);
  };
  return {
    edit: async (edit) => {
      await graphql("PageEditRun", EDIT, { input: { id, ...edit } });
      await refresh();
    },
    stop: async () => {
      await graphql("PageStopRun", STOP, { input: { id } });
      await refresh();
    },
  };
}
