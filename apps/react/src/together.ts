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
  #views: readonly JobView[] = [];
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
    const views = this.#jobIds.map((jobId) => this.#headway.view(jobId));
    if (this.#jobs === null || views.some((view, i) => view !== this.#views[i])) {
      this.#views = views;
      this.#jobs = this.#jobIds.map((jobId, i) => this.#same(jobId, views[i] as JobView));
    }
    return this.#jobs;
  };

  // A job that has not changed stays the same object, so that what draws it need not draw again.
  #same(jobId: string, view: JobView): ListedJob {
    const before = this.#last.get(view);
    if (before !== undefined) return before;
    const listed = { ...view, jobId };
    this.#last.set(view, listed);
    return listed;
  }

  readonly #last = new WeakMap<JobView, ListedJob>();
}
