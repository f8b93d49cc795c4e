import { Alarm } from "./alarm";
import { type Api, ApiError } from "./api";
import { backoffMs } from "./cadence";
import { isHidden, onWake } from "./page";

/** An answer that is asked for again and again. */
export interface Asked<T> {
  /** The latest answer; null before the first. It stays when a later one fails. */
  readonly data: T | null;
  /** Why the latest request failed; null if it did not. */
  readonly error: ApiError | null;
}

const HIDDEN_MS = 60_000;

/** One `GET` that several components look at: one request at a time, and none while nobody looks. */
export class Question<T> {
  readonly #api: Api;
  readonly #path: string;
  readonly #everyMs: number;
  readonly #read: (body: unknown) => T;
  readonly #asked: (asked: boolean) => void;
  readonly #listeners = new Set<() => void>();
  readonly #alarm = new Alarm(() => this.#ask());
  #view: Asked<T> = { data: null, error: null };
  #failures = 0;
  #turn = 0;
  #underWay = false;
  #sleepOn: (() => void) | null = null;

  constructor(
    api: Api,
    path: string,
    everyMs: number,
    read: (body: unknown) => T,
    asked: (asked: boolean) => void,
  ) {
    this.#api = api;
    this.#path = path;
    this.#everyMs = everyMs;
    this.#read = read;
    this.#asked = asked;
  }

  get view(): Asked<T> {
    return this.#view;
  }

  /** Call `listener` when `view` has changed, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#end();
    };
  }

  /** Ask now, and not when it would have been time. */
  again(): void {
    if (this.#listeners.size && !this.#underWay) this.#ask();
  }

  #begin(): void {
    this.#asked(true);
    this.#sleepOn = onWake(() => this.again());
    // Who leaves and comes back at once, as in StrictMode, asks once.
    this.#alarm.set(0);
  }

  #end(): void {
    this.#turn += 1;
    this.#underWay = false;
    this.#alarm.clear();
    this.#sleepOn?.();
    this.#asked(false);
  }

  async #ask(): Promise<void> {
    this.#alarm.clear();
    this.#underWay = true;
    const turn = this.#turn;
    let next: Asked<T>;
    try {
      next = { data: this.#read(await this.#api.read(this.#path)), error: null };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      next = { data: this.#view.data, error };
    }
    if (turn !== this.#turn) return;
    this.#underWay = false;
    this.#failures = next.error === null ? 0 : this.#failures + 1;
    const pause = this.#pauseMs(next.error);
    if (pause !== null) this.#alarm.set(isHidden() ? Math.max(pause, HIDDEN_MS) : pause);
    this.#view = next;
    for (const listener of [...this.#listeners]) listener();
  }

  #pauseMs(error: ApiError | null): number | null {
    const mayPass = error && (!error.httpStatus || error.httpStatus >= 500);
    return mayPass ? backoffMs(this.#failures, Math.random, 500, 10_000) : this.#everyMs || null;
  }
}
