import { isObject, parseJson, readSnapshot } from "./snapshot";
import type { Problem, Snapshot } from "./wire";

/** Where the API is, and who asks. */
export interface ApiOptions {
  /**
   * The API's address; empty means where the page comes from. Default: `VITE_HEADWAY_URL` as it was when Vite built the
   * page, else the lesson's `http://localhost:8000`.
   */
  readonly url?: string | undefined;
  /**
   * Shown with each request as `Authorization: Bearer …`, and as each socket's first message; default none. A function
   * is asked anew each time; where it fails, that counts as an API that does not answer.
   */
  readonly token?: Token | AskToken | undefined;
  /** Called with the API's words whenever it answers 401: no token was shown, or one that is not valid any more. */
  readonly onNotSignedIn?: ((detail: string) => void) | undefined;
  /** The caller's name, where the API has no users; default none. */
  readonly user?: string | null | undefined;
}

type Token = string | null;

/** Finds the token to show; null if there is none. */
export type AskToken = () => Token | Promise<Token>;

/** What a job can be asked for. */
export type Action = "pause" | "resume" | "cancel" | "retry";

/** An answer as it came. */
export interface Answer {
  readonly httpStatus: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Where the API is unless somebody says otherwise. */
export const DEFAULT_URL: string = import.meta.env?.VITE_HEADWAY_URL ?? "http://localhost:8000";
/** How long an answer may take that is not asked to be held, in milliseconds. */
export const REQUEST_MS = 10_000;

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
  /** Whether it answers for several jobs at once; the lesson's own does not. */
  hasBatches = true;
  /** Frames and bodies so far that could not be read. */
  dropped = 0;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions = {}) {
    this.url = (options.url ?? DEFAULT_URL).replace(/\/+$/, "");
    this.#options = options;
  }

  /** The token to show now. */
  async token(): Promise<Token | undefined> {
    const { token } = this.#options;
    return typeof token === "function" ? token() : token;
  }

  /** Where the socket of many jobs is. */
  get socketUrl(): string {
    return new URL(`${this.url}/ws`, globalThis.location?.href).href.replace(/^http/, "ws");
  }

  /**
   * Ask, whatever the answer's status; the promise fails if none comes within `waitMs`, or `giveUp` is aborted.
   *
   * The browser itself sends the `ETag` of what it has, and keeps that where the API answers that nothing changed.
   */
  async ask(path: string, giveUp: AbortController, waitMs: number, init: RequestInit = {}): Promise<Answer> {
    const timer = setTimeout(() => giveUp.abort(), waitMs);
    try {
      const { user, onNotSignedIn } = this.#options;
      const token = await this.token();
      const headers = {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(user && { "X-Headway-User": user }),
        ...init.headers,
      };
      const response = await fetch(this.url + path, {
        cache: "no-cache",
        ...init,
        headers,
        signal: giveUp.signal,
      });
      const answer = {
        httpStatus: response.status,
        headers: response.headers,
        body: parseJson(await response.text()),
      };
      if (answer.httpStatus === 401) onNotSignedIn?.(errorOf(answer).message);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * What there is at a path.
   *
   * @throws ApiError the API refused, or did not answer within 10 s
   */
  async read(path: string): Promise<unknown> {
    return (await this.#exchange(path)).body;
  }

  /** Ask a job for something; its snapshot after it. Throws as `read`. */
  act(jobId: string, action: Action): Promise<Snapshot> {
    return this.#post(`/jobs/${encodeURIComponent(jobId)}/${action}`);
  }

  /** Submit a job; its first snapshot. Throws as `read`. One whose answer was lost is sent again, and is one job. */
  submit(task: string, params: Readonly<Record<string, unknown>>, queue?: string): Promise<Snapshot> {
    return this.#post("/jobs", JSON.stringify({ task, params, queue }));
  }

  async #post(path: string, body: string | null = null): Promise<Snapshot> {
    const key = crypto.getRandomValues(new Uint8Array(16)).join("-");
    const headers = { "Idempotency-Key": key, ...(body && { "Content-Type": "application/json" }) };
    const init = { method: "POST", headers, body };
    const answer = await this.#exchange(path, init).catch((error: ApiError) => {
      // Nobody knows whether it arrived; with the same key a repeat is the same.
      if (error.httpStatus) throw error;
      return this.#exchange(path, init);
    });
    const snapshot = readSnapshot(answer.body);
    if (snapshot) return snapshot;
    throw new ApiError(answer.httpStatus, null, `${this.url} is not headway's API`);
  }

  async #exchange(path: string, init?: RequestInit): Promise<Answer> {
    const answer = await this.ask(path, new AbortController(), REQUEST_MS, init).catch(() => {
      throw new ApiError(0, null, `the API at ${this.url} does not answer`);
    });
    if (answer.httpStatus > 299) throw errorOf(answer);
    return answer;
  }
}

/** The error that an answer stands for. */
export function errorOf({ httpStatus, body }: Answer): ApiError {
  const problem = isObject(body) && typeof body.detail === "string" ? (body as unknown as Problem) : null;
  return new ApiError(httpStatus, problem, problem?.detail ?? `the API answered with ${httpStatus}`);
}
