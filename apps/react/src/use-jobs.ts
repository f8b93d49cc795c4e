import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { ApiError } from "./api";
import { useHeadway } from "./provider";
import { isObject, readSnapshot } from "./snapshot";
import { type ListedJob, together } from "./together";
import { useQuestion } from "./use-question";
import type { Snapshot, Status } from "./wire";

/** Which jobs to list; what is left out does not matter. */
export interface JobFilter {
  /** One of these. */
  readonly status?: readonly Status[];
  readonly task?: string;
  readonly queue?: string;
  readonly owner?: string;
  /** How many jobs at most, newest first: 1 to 200; default 50. */
  readonly limit?: number;
}

export interface UseJobsOptions {
  /** Milliseconds between two looks for jobs that a filter finds; default 5000, 0 means once. */
  readonly refreshMs?: number;
}

/** Several jobs, each followed live. */
export interface Jobs {
  /** In the order of the ids given, or newest first. */
  readonly jobs: readonly ListedJob[];
  /** Whether a filter's first answer is still to come. */
  readonly isLoading: boolean;
  /** Why the list could not be asked for; null if it could. */
  readonly error: ApiError | null;
}

const REFRESH_MS = 5000;
const NOTHING: readonly ListedJob[] = [];

/** What several jobs are doing now: those with the ids given, or those that a filter finds. */
export function useJobs(
  which: readonly string[] | JobFilter,
  { refreshMs = REFRESH_MS }: UseJobsOptions = {},
): Jobs {
  const headway = useHeadway();
  const ids = isIds(which) ? which : null;
  const { data, error } = useQuestion(ids ? null : listPath(which as JobFilter), refreshMs, readList);
  const jobIds = ids ?? data?.map(({ job_id }) => job_id) ?? [];
  const key = jobIds.join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what tells lists of ids apart
  const store = useMemo(
    () => together(headway, jobIds, new Map(data?.map((snapshot) => [snapshot.job_id, snapshot]))),
    [headway, key],
  );
  useEffect(() => {
    for (const snapshot of data ?? []) headway.offer(snapshot);
  }, [headway, data]);
  const jobs = useSyncExternalStore(store.subscribe, store.get, () => NOTHING);
  return { jobs, isLoading: !(ids || data || error), error };
}

function isIds(which: readonly string[] | JobFilter): which is readonly string[] {
  return Array.isArray(which);
}

function listPath(filter: JobFilter): string {
  const query = Object.entries(filter).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => [name, String(one)]),
  );
  return `/jobs?${new URLSearchParams(query)}`;
}

function readList(body: unknown): readonly Snapshot[] {
  const jobs = isObject(body) && Array.isArray(body.jobs) ? body.jobs : [];
  return jobs.map(readSnapshot).filter((snapshot) => snapshot !== null);
}
