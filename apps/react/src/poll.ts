import type { Answer, Api } from "./api";
import { isObject, readSnapshot } from "./snapshot";
import type { Snapshot } from "./wire";

/** What a poll found. */
export interface Found {
  readonly snapshots: readonly Snapshot[];
  /** Jobs that the API does not know. */
  readonly missing: readonly string[];
  /** Bodies that could not be read. */
  readonly dropped: number;
  readonly answer: Answer;
}

const REQUEST_MS = 10_000;
const FAILED: readonly number[] = [408, 425, 429];

/** One request for what some jobs are doing; at most one at a time. */
export class Poll {
  readonly jobIds: readonly string[];
  readonly startedAt = performance.now();
  /** How long the API was asked to hold its answer, in whole seconds. */
  readonly holdS: number;
  readonly #cancel = new AbortController();
  readonly #api: Api;
  readonly #after: number;

  constructor(api: Api, jobIds: readonly string[], after: number, holdS: number) {
    this.#api = api;
    this.jobIds = jobIds;
    this.#after = after;
    this.holdS = holdS;
  }

  /** What tells it from a poll for other jobs. */
  get key(): string {
    return this.jobIds.join(",");
  }

  /**
   * Ask; null if the API did not answer, or could not serve it.
   *
   * @param etag that of the last answer to the same question, or null
   */
  async ask(etag: string | null): Promise<Answer | null> {
    const timer = setTimeout(() => this.cancel(), REQUEST_MS + 1000 * this.holdS);
    try {
      return await this.#api.get(
        this.#path(),
        this.#cancel.signal,
        etag === null ? {} : { "If-None-Match": etag },
      );
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Wait for the answer no longer. */
  cancel(): void {
    this.#cancel.abort();
  }

  /** What is in an answer with 200, 304 or 404. */
  read(answer: Answer): Found {
    if (answer.httpStatus === 304) return { snapshots: [], missing: [], dropped: 0, answer };
    if (answer.httpStatus === 404) return { snapshots: [], missing: this.jobIds, dropped: 0, answer };
    const { body } = answer;
    const many = this.jobIds.length > 1;
    const values: readonly unknown[] = !many
      ? [body]
      : isObject(body) && Array.isArray(body.snapshots)
        ? body.snapshots
        : [null];
    const snapshots = values.map(readSnapshot).filter((snapshot) => snapshot !== null);
    const missing = many && isObject(body) && Array.isArray(body.missing) ? body.missing.map(String) : [];
    return { snapshots, missing, dropped: values.length - snapshots.length, answer };
  }

  #path(): string {
    const [first = ""] = this.jobIds;
    if (this.jobIds.length > 1) return `/status?ids=${this.jobIds.map(encodeURIComponent).join(",")}`;
    const held = this.holdS > 0 ? `?after=${this.#after}&wait=${this.holdS}` : "";
    return `/status/${encodeURIComponent(first)}${held}`;
  }
}

/** Whether an answer means: later. */
export function isFailure(answer: Answer | null): boolean {
  return answer === null || answer.httpStatus >= 500 || FAILED.includes(answer.httpStatus);
}
