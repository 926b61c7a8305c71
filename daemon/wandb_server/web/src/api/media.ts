/** Media for views, kept fresh: steps follow the live changes, values follow the steps. */

import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Json } from "../model/json";
import { fileAddress, isReference, type MediaSource } from "../model/media";
import {
  fetchArtifactEntry,
  fetchJsonFile,
  fetchMediaAt,
  fetchMediaConfigs,
  fetchMediaRows,
  fetchMediaSteps,
  type MediaValue,
} from "./media_queries";

export const MEDIA_RUNS_MAX = 200;

export function useMediaSteps(
  entity: string,
  project: string,
  key: string,
  runs: readonly string[],
): UseQueryResult<ReadonlyMap<string, readonly number[]>> {
  const asked = useMemo(() => runs.slice(0, MEDIA_RUNS_MAX), [runs]);
  return useQuery({
    queryKey: ["media", entity, project, key, asked],
    queryFn: ({ signal }) => fetchMediaSteps(entity, project, key, asked, signal),
    placeholderData: keepPreviousData,
  });
}

/** Values at the given steps: (run, step) pairs as they were resolved from the steps. */
export function useMediaAt(
  entity: string,
  project: string,
  key: string,
  places: readonly (readonly [run: string, step: number])[],
): UseQueryResult<ReadonlyMap<string, MediaValue>> {
  const step = Math.max(0, ...places.map(([, at]) => at));
  return useQuery({
    queryKey: ["media-at", entity, project, key, places],
    queryFn: ({ signal }) => fetchMediaAt(entity, project, key, places.map(([run]) => run), step, signal),
    enabled: places.length > 0,
    // What was logged at a step stays as it is.
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

/** Values over all steps of a run, at most `count`; `lastStep` makes it ask anew. */
export function useMediaRows(
  entity: string,
  project: string,
  key: string,
  run: string,
  count: number,
  lastStep: number,
): UseQueryResult<readonly MediaValue[]> {
  return useQuery({
    queryKey: ["media-rows", entity, project, key, run, count, lastStep],
    queryFn: ({ signal }) => fetchMediaRows(entity, project, key, run, count, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

export function useMediaConfigs(
  entity: string,
  project: string,
  runs: readonly string[],
  enabled: boolean,
): UseQueryResult<ReadonlyMap<string, Record<string, Json>>> {
  const asked = useMemo(() => runs.slice(0, MEDIA_RUNS_MAX), [runs]);
  return useQuery({
    queryKey: ["definitions", entity, project, "media", asked],
    queryFn: ({ signal }) => fetchMediaConfigs(entity, project, asked, signal),
    enabled,
    placeholderData: keepPreviousData,
  });
}

export interface Address {
  /** Null while it is looked up, or when there is none. */
  readonly address: string | null;
  readonly problem: string | null;
}

/** Where a file of a source can be loaded from. */
export function useAddress(source: MediaSource, path: string): Address {
  const inArtifact = source.kind === "artifact" && !isReference(path);
  const uri = inArtifact ? `${source.root}/${path}` : "";
  const entry = useQuery({
    queryKey: ["artifact-entry", uri],
    queryFn: () => fetchArtifactEntry(uri),
    enabled: inArtifact && path !== "",
    staleTime: 600_000,
  });
  if (path === "") return { address: null, problem: "the file has no path" };
  if (isReference(path)) return { address: null, problem: `a reference to ${path}` };
  if (source.kind === "run") return { address: fileAddress(source, path), problem: null };
  if (entry.isError) return { address: null, problem: entry.error.message };
  if (entry.data === null) return { address: null, problem: "not in the artifact" };
  return { address: entry.data?.address ?? null, problem: null };
}

/** A JSON file of a source, once its address is known. */
export function useJsonFile(address: string | null): UseQueryResult<Json> {
  return useQuery({
    queryKey: ["json-file", address],
    queryFn: ({ signal }) => fetchJsonFile(address ?? "", signal),
    enabled: address !== null,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}
