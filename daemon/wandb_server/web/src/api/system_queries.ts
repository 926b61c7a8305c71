/** The system metrics that a run has. */

import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { graphql } from "./client";

const KEYS = `query PageSystemKeys($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { metricKeys(runs: [$run], stream: "system") { key types } }
}`;

interface Found {
  readonly project: { readonly metricKeys: readonly { readonly key: string; readonly types: Readonly<Record<string, number>> }[] } | null;
}

/** Keys such as `system.cpu`; asked anew while the run grows. */
export function useSystemKeys(entity: string, project: string, run: string, rows: number): UseQueryResult<readonly string[]> {
  return useQuery({
    queryKey: ["system-keys", entity, project, run, rows],
    queryFn: async ({ signal }) => {
      const data = await graphql<Found>("PageSystemKeys", KEYS, { entity, project, run }, signal);
      return (data.project?.metricKeys ?? []).filter((metric) => (metric.types["number"] ?? 0) > 0).map((metric) => metric.key);
    },
    placeholderData: keepPreviousData,
  });
}
