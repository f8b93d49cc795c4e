import { isObject, parseJson, readSnapshot } from "./snapshot";
import type { Problem, Snapshot } from "./wire";

/** Where the API is, and who asks. */
export interface ApiOptions {
  /** The API's address; default `http://localhost:8000`; empty means where the page comes from. */
  readonly url?: string;
  /** Sent as `Authorization: Bearer …`, and on the socket; default none. */
  readonly token?: string | null;
  /** The caller's name, where the API has no users; default none. */
  readonly user?: string | null;
}

/** What a job can be asked for. */
export type Action = "pause" | "resume" | "cancel" | "retry";

/** An answer as it came. */
export interface Answer {
  readonly httpStatus: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export const LESSON_URL = "http://localhost:8000";
const REQUEST_MS = 10_000;

/** The API did not do what was asked, or did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 if nothing answered. */
  readonly httpStatus: number;
  /** The API's own words on it; null if something else answered. */
  readonly problem: Problem | null;

  constructor(httpStatus: number, problem: Problem | null, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.problem = problem;
  }
}

/** Requests to one API, as one caller. */
export class Api {
  readonly url: string;
  readonly token: string | null;
  readonly #headers: Record<string, string>;

  constructor({ url = LESSON_URL, token = null, user = null }: ApiOptions = {}) {
    this.url = url.replace(/\/+$/, "");
    this.token = token;
    this.#headers = {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(user === null ? {} : { "X-Headway-User": user }),
    };
  }

  /** Where the socket of many jobs is. */
  get socketUrl(): string {
    const address = new URL(this.url || "/", globalThis.location?.href).href;
    return `${address.replace(/^http/, "ws").replace(/\/$/, "")}/ws`;
  }

  /** Ask, whatever the answer's status; the promise fails if none comes, or `signal` says so. */
  async get(path: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      cache: "no-store",
      headers: { ...this.#headers, ...headers },
      signal,
    });
    const text = await response.text();
    return { httpStatus: response.status, headers: response.headers, body: parseJson(text) };
  }

  /**
   * What there is at a path.
   *
   * @throws ApiError the API refused, or did not answer within 10 s
   */
  async read(path: string): Promise<unknown> {
    return (await this.#exchange(path, {})).body;
  }

  /** Ask a job for something; its snapshot after it. Throws as `read`. */
  act(jobId: string, action: Action): Promise<Snapshot> {
    return this.#post(`/jobs/${encodeURIComponent(jobId)}/${action}`);
  }

  /** Submit a job; its first snapshot. Throws as `read`. One whose answer was lost is sent again, and is one job. */
  submit(task: string, params: Readonly<Record<string, unknown>>, queue?: string): Promise<Snapshot> {
    return this.#post("/jobs", JSON.stringify({ task, params, ...(queue === undefined ? {} : { queue }) }));
  }

  async #post(path: string, body?: string): Promise<Snapshot> {
    const headers = {
      "Idempotency-Key": randomKey(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const init = { method: "POST", headers, ...(body === undefined ? {} : { body }) };
    const answer = await this.#exchange(path, init).catch((error: ApiError) => {
      // Nobody knows whether it arrived; with the same key a repeat is the same.
      if (error.httpStatus !== 0) throw error;
      return this.#exchange(path, init);
    });
    const snapshot = readSnapshot(answer.body);
    if (snapshot === null)
      throw new ApiError(answer.httpStatus, null, `what answers at ${this.url} is not headway's API`);
    return snapshot;
  }

  async #exchange(path: string, init: RequestInit): Promise<Answer> {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), REQUEST_MS);
    try {
      const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
      const response = await fetch(this.url + path, {
        cache: "no-store",
        ...init,
        headers,
        signal: giveUp.signal,
      });
      const answer = {
        httpStatus: response.status,
        headers: response.headers,
        body: parseJson(await response.text()),
      };
      if (response.ok) return answer;
      throw errorOf(answer);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(0, null, `the API at ${this.url} does not answer`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The error that an answer stands for. */
export function errorOf({ httpStatus, body }: Answer): ApiError {
  const problem = isObject(body) && typeof body.detail === "string" ? (body as unknown as Problem) : null;
  return new ApiError(httpStatus, problem, problem?.detail ?? `the API answered with ${httpStatus}`);
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
