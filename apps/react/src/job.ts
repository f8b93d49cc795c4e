import type { Action } from "./api";
import { isTerminal } from "./snapshot";
import type { Snapshot } from "./wire";

/**
 * How news of a job come: not yet (`connecting`), over the socket (`live`), by asking (`polling`), not at all since the
 * API does not answer (`waiting`), or no more, since there will be none (`over`).
 */
export type Connection = "connecting" | "live" | "polling" | "waiting" | "over";

/** Why a job is not followed. */
export interface JobProblem {
  /** `unknown`: no such job; `refused`: not for this caller; `unreadable`: what is stored is no snapshot. */
  readonly kind: "unknown" | "refused" | "unreadable";
  readonly detail: string;
}

/** All that a page knows of a job; replaced as a whole when any of it changes. */
export interface JobView {
  /** The latest snapshot; null until the first one came. It stays when the connection goes. */
  readonly snapshot: Snapshot | null;
  readonly connection: Connection;
  readonly problem: JobProblem | null;
  /** When the API was last heard of, in milliseconds since 1970, while it does not answer; null while it does. */
  readonly staleSince: number | null;
  /** What this page has asked for and the API has not answered yet. */
  readonly asked: Action | null;
  /** Why the API refused what this page asked for last. */
  readonly refusal: string | null;
}

/** A job of which nothing is known yet. */
export const UNHEARD: JobView = {
  snapshot: null,
  connection: "connecting",
  problem: null,
  staleSince: null,
  asked: null,
  refusal: null,
};

/** One job that somebody on the page looks at. */
export class Job {
  readonly jobId: string;
  readonly listeners = new Set<() => void>();
  /** When the API first said that it does not know the job; null while it does. */
  unknownSince: number | null = null;
  #view = UNHEARD;
  #uncounted = "";
  readonly #changed: (job: Job) => void;

  constructor(jobId: string, changed: (job: Job) => void) {
    this.jobId = jobId;
    this.#changed = changed;
  }

  get view(): JobView {
    return this.#view;
  }

  /** That of the latest snapshot; null before the first. */
  get seq(): number | null {
    return this.#view.snapshot?.seq ?? null;
  }

  /** Whether there is nothing to wait for: it ended, or cannot be followed. */
  get isSettled(): boolean {
    const { snapshot, problem } = this.#view;
    return problem !== null || (!!snapshot && isTerminal(snapshot));
  }

  /** Take a snapshot in; false if it is no news. */
  take(taken: Snapshot): boolean {
    this.unknownSince = null;
    const snapshot = taken.seq ? taken : this.#counted(taken);
    if (snapshot.seq <= (this.seq ?? 0)) return false;
    const { connection } = this.#view;
    const next = isTerminal(snapshot) ? "over" : connection === "over" ? "connecting" : connection;
    this.set({ snapshot, problem: null, connection: next });
    return true;
  }

  // Where nobody counts writes, whatever differs from the last is the next.
  #counted(snapshot: Snapshot): Snapshot {
    const text = JSON.stringify(snapshot);
    const seq = (this.seq ?? 0) + Number(text !== this.#uncounted);
    this.#uncounted = text;
    return { ...snapshot, seq };
  }

  /** Say how news of it come now, unless there will be none. */
  connection(connection: Connection, staleSince: number | null = null): void {
    if (!this.isSettled) this.set({ connection, staleSince });
  }

  /** It cannot be followed. */
  fail(problem: JobProblem): void {
    this.set({ problem, connection: "over", staleSince: null });
  }

  /** Replace parts of the view. */
  set(parts: Partial<JobView>): void {
    const next = { ...this.#view, ...parts };
    const names = Object.keys(next) as (keyof JobView)[];
    if (names.every((name) => next[name] === this.#view[name])) return;
    this.#view = next;
    this.#changed(this);
  }
}
