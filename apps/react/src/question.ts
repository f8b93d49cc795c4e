import { Alarm } from "./alarm";
import type { Api, ApiError } from "./api";
import { backoffMs } from "./cadence";
import { isHidden, onWake } from "./page";

/** An answer that is asked for again and again. */
export interface Asked<T> {
  /** The latest answer; null before the first. It stays when a later one fails. */
  readonly data: T | null;
  /** Why the latest request failed; null if it did not. */
  readonly error: ApiError | null;
}

/** One `GET` that several components look at: one request at a time, and none while nobody looks. */
export interface Question<T> {
  /** The same object until a later answer. */
  get(): Asked<T>;
  /** Call `listener` when what `get` gives has changed, until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

/** Before the first answer. */
export const UNASKED: Asked<never> = { data: null, error: null };
const HIDDEN_MS = 60_000;

/**
 * Ask for `path`, and again every `everyMs`; 0 means once.
 *
 * @param read takes the body apart
 * @param asked is told when somebody begins to look, and when nobody looks any more
 */
export function question<T>(
  api: Api,
  path: string,
  everyMs: number,
  read: (body: unknown) => T,
  asked: (asked: boolean) => void,
): Question<T> {
  const listeners = new Set<() => void>();
  const alarm = new Alarm(() => void ask());
  let view: Asked<T> = UNASKED;
  let failures = 0;
  let turn = 0;
  let underWay = false;
  let sleepOn = () => {};

  function begin(): void {
    asked(true);
    sleepOn = onWake(() => underWay || void ask());
    // Who leaves and comes back at once, as in StrictMode, asks once.
    alarm.set(0);
  }

  function end(): void {
    turn += 1;
    underWay = false;
    alarm.clear();
    sleepOn();
    asked(false);
  }

  async function ask(): Promise<void> {
    alarm.clear();
    underWay = true;
    const own = turn;
    const next = await api.read(path).then(
      (body): Asked<T> => ({ data: read(body), error: null }),
      (error: ApiError): Asked<T> => ({ data: view.data, error }),
    );
    if (own !== turn) return;
    underWay = false;
    failures = next.error ? failures + 1 : 0;
    const pause = pauseMs(next.error);
    if (pause) alarm.set(isHidden() ? Math.max(pause, HIDDEN_MS) : pause);
    view = next;
    for (const listener of [...listeners]) listener();
  }

  // 0 means never.
  function pauseMs(error: ApiError | null): number {
    const mayPass = error && (!error.httpStatus || error.httpStatus >= 500);
    return mayPass ? backoffMs(failures, Math.random, 500, 10_000) : everyMs;
  }

  return {
    get: () => view,
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) begin();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) end();
      };
    },
  };
}
