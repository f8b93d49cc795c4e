import { type Answer, type Api, REQUEST_MS } from "./api";
import { isObject, readSnapshot } from "./snapshot";
import type { Snapshot } from "./wire";

/** What a poll found. */
export interface Found {
  readonly snapshots: readonly Snapshot[];
  /** Jobs that the API does not know. */
  readonly missing: readonly string[];
}

const FAILED: readonly number[] = [408, 425, 429];
const NOT_FOUND = 404;

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

  /** Ask; null if the API did not answer, or was given up. */
  async ask(): Promise<Answer | null> {
    try {
      return await (this.jobIds.length > 1 ? this.#many() : this.#one(this.jobIds[0] ?? ""));
    } catch {
      return null;
    }
  }

  /** Wait for the answer no longer. */
  cancel(): void {
    this.#cancel.abort();
  }

  /** What is in an answer with 200, 304 or 404. */
  read({ httpStatus, body }: Answer): Found {
    if (httpStatus !== 200) return { snapshots: [], missing: httpStatus === NOT_FOUND ? this.jobIds : [] };
    const many = this.jobIds.length > 1;
    const values = many ? listed(body, "snapshots") : [body];
    const snapshots = values.map(readSnapshot).filter((snapshot) => snapshot !== null);
    const missing = many ? listed(body, "missing").map(String) : [];
    this.#api.dropped += values.length - snapshots.length;
    return { snapshots, missing };
  }

  async #many(): Promise<Answer> {
    if (this.#api.hasBatches) {
      const answer = await this.#get(`?ids=${this.jobIds.map(encodeURIComponent)}`);
      if (answer.httpStatus !== NOT_FOUND) return answer;
      this.#api.hasBatches = false;
    }
    // The lesson's own API knows single jobs alone.
    const snapshots: unknown[] = [];
    const missing: string[] = [];
    for (const jobId of this.jobIds) {
      const answer = await this.#one(jobId);
      if (answer.httpStatus === 200) snapshots.push(answer.body);
      else if (answer.httpStatus === NOT_FOUND) missing.push(jobId);
      else return answer;
    }
    return { httpStatus: 200, headers: new Headers(), body: { snapshots, missing } };
  }

  #one(jobId: string): Promise<Answer> {
    const held = this.holdS ? `?after=${this.#after}&wait=${this.holdS}` : "";
    return this.#get(`/${encodeURIComponent(jobId)}${held}`);
  }

  #get(rest: string): Promise<Answer> {
    // A browser lets one tab wait for what another one asks, where it may keep the answer.
    const cache = this.holdS ? "no-store" : "no-cache";
    return this.#api.ask(`/status${rest}`, this.#cancel, REQUEST_MS + 1000 * this.holdS, { cache });
  }
}

/** Whether an answer means: later. */
export function isFailure(answer: Answer): boolean {
  return answer.httpStatus >= 500 || FAILED.includes(answer.httpStatus);
}

// What is no list of the API's is one value that cannot be read.
function listed(body: unknown, name: string): readonly unknown[] {
  const value = isObject(body) ? body[name] : null;
  return Array.isArray(value) ? value : [null];
}
