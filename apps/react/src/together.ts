import type { Headway } from "./headway";
import type { JobView } from "./job";
import type { Snapshot } from "./wire";

/** One of several jobs. */
export interface ListedJob extends JobView {
  readonly jobId: string;
}

/** Several jobs as one value, for `useSyncExternalStore`. */
export interface Together {
  subscribe(listener: () => void): () => void;
  /** The same object until any job changes; in it, each job that has not changed is the same object too. */
  get(): readonly ListedJob[];
}

/** Follow these jobs; `known` are snapshots that are there already. */
export function together(
  headway: Headway,
  jobIds: readonly string[],
  known: ReadonlyMap<string, Snapshot>,
): Together {
  const ids = [...new Set(jobIds)];
  let views: readonly JobView[] = [];
  let jobs: readonly ListedJob[] = [];
  return {
    subscribe(listener) {
      const leave = ids.map((jobId) => headway.subscribe(jobId, listener, known.get(jobId)));
      return () => {
        for (const undo of leave) undo();
      };
    },
    get() {
      const now = ids.map((jobId) => headway.view(jobId));
      if (now.some((view, i) => view !== views[i])) {
        jobs = now.map((view, i) => {
          const same = view === views[i] ? jobs[i] : undefined;
          return same ?? { ...view, jobId: ids[i] ?? "" };
        });
        views = now;
      }
      return jobs;
    },
  };
}
