import type { Answer } from "./api";
import { backoffMs, type Draw, millisecondsOf, pollAfterMs } from "./cadence";
import { isHidden } from "./page";
import type { Poll } from "./poll";

/** How long the API is asked to hold an answer, in whole seconds; it takes up to 30. */
const HOLD_S = 25;
/** An answer without news that came before so much of that time was not held. */
const HELD = 0.9;
/** Polls of a page that nobody can see keep at least so far apart. */
const HIDDEN_MS = 15_000;

/** When to ask again: at the API's own cadence, as long as it holds its answers, ever more rarely while it fails. */
export class Pace {
  /** How many polls have failed in a row. */
  failures = 0;
  readonly #draw: Draw;
  #holdS = HOLD_S;
  #holds = true;
  #changedAt = performance.now();

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** A snapshot was news. */
  changed(): void {
    this.#changedAt = performance.now();
  }

  /** For how long to ask the API to hold its answer if that may take so many milliseconds; 0 where it does not do so. */
  holdS(forMs: number): number {
    return this.#holds && !isHidden() ? Math.floor(Math.min(this.#holdS, Math.max(forMs / 1000, 1))) : 0;
  }

  /** Milliseconds until the next poll after one that was answered; `unknown`: jobs were missing, and may be there soon. */
  afterAnswer(poll: Poll, { headers }: Answer, hasNews: boolean, unknown: boolean): number {
    this.failures = 0;
    const now = performance.now();
    const heldMs = now - poll.startedAt;
    const idle = poll.holdS > 0 && !hasNews;
    if (idle) this.#holds = heldMs >= HELD * 1000 * poll.holdS;
    const cadence = pollAfterMs(headers.get("headway-poll-after"), now - this.#changedAt, this.#draw);
    const pause = unknown ? Math.min(cadence, 1000) : cadence;
    if (isHidden()) return Math.max(pause, HIDDEN_MS);
    return idle && this.#holds ? Math.max(pause - heldMs, 0) : pause;
  }

  /** Milliseconds until the next poll after one that failed; null: nothing answered. */
  afterFailure(poll: Poll, answer: Answer | null): number {
    this.failures += 1;
    this.#holds = true;
    // Something in between may cut what is silent for long.
    if (poll.holdS && performance.now() - poll.startedAt >= 1000) this.#holdS = Math.max(poll.holdS >> 1, 1);
    const retryAfter = Math.min(millisecondsOf(answer?.headers.get("retry-after") ?? null) ?? 0, 60_000);
    return Math.max(backoffMs(this.failures, this.#draw, 500, 10_000), retryAfter);
  }
}
