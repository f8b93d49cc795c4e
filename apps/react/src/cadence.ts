/** Draws a number in [0, 1); `Math.random` everywhere but in tests. */
export type Draw = () => number;

const ACTIVE_MS = 30_000;
const SHORTEST_POLL_MS = 50;
const LONGEST_POLL_MS = 60_000;

/**
 * Milliseconds until the next poll: what the API's `Headway-Poll-After` says, else the lesson's own cadence.
 *
 * @param header as received, in seconds; null or unusable where the API did not say
 * @param idleMs milliseconds since a snapshot last changed
 * @param draw spreads the slow polls of many clients
 */
export function pollAfterMs(header: string | null, idleMs: number, draw: Draw): number {
  const asked = millisecondsOf(header);
  if (asked !== null) return Math.min(Math.max(asked, SHORTEST_POLL_MS), LONGEST_POLL_MS);
  return idleMs < ACTIVE_MS ? 1000 : 3000 + 2000 * draw();
}

/** A header's number of seconds, in milliseconds; null if it is not a finite number from 0. */
export function millisecondsOf(header: string | null): number | null {
  const seconds = Number(header?.trim() || Number.NaN);
  return seconds >= 0 && seconds < Number.POSITIVE_INFINITY ? 1000 * seconds : null;
}

/**
 * Milliseconds to wait after so many failures in a row (from 1): doubles from `firstMs` to at most `longestMs`.
 *
 * The upper half is drawn, so that clients which failed together do not come back together.
 */
export function backoffMs(failures: number, draw: Draw, firstMs: number, longestMs: number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs);
  return ceiling * (0.5 + 0.5 * draw());
}
