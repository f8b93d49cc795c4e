import type { Headway } from "./headway";
import type { JobView } from "./job";
import type { Snapshot } from "./wire";

/** One of several jobs. */
export interface ListedJob extends JobView {
  readonly jobId: string;
}

/** Several jobs as one value, which is the same object until any of them changes. */
export class Together {
  readonly #headway: Headway;
  readonly #jobIds: readonly string[];
  readonly #known: ReadonlyMap<string, Snapshot>;
  readonly #last = new Map<string, { view: JobView; job: ListedJob }>();
  #jobs: readonly ListedJob[] | null = null;

  constructor(headway: Headway, jobIds: readonly string[], known: ReadonlyMap<string, Snapshot>) {
    this.#headway = headway;
    this.#jobIds = [...new Set(jobIds)];
    this.#known = known;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const leave = this.#jobIds.map((jobId) =>
      this.#headway.subscribe(jobId, listener, this.#known.get(jobId)),
    );
    return () => {
      for (const undo of leave) undo();
    };
  };

  readonly get = (): readonly ListedJob[] => {
    const jobs = this.#jobIds.map((jobId) => this.#listed(jobId, this.#headway.view(jobId)));
    if (this.#jobs === null || jobs.some((job, i) => job !== this.#jobs?.[i])) this.#jobs = jobs;
    return this.#jobs;
  };

  // A job that has not changed stays the same object, so that what draws it need not draw again.
  #listed(jobId: string, view: JobView): ListedJob {
    const last = this.#last.get(jobId);
    if (last?.view === view) return last.job;
    const job = { ...view, jobId };
    this.#last.set(jobId, { view, job });
    return job;
  }
}
