import { isTerminal } from "./snapshot";
import type { Snapshot } from "./wire";

const UNITS = [
  [86_400, "d", 3600, "h"],
  [3600, "h", 60, "min"],
  [60, "min", 1, "s"],
] as const;
const ACTIVE: ReadonlySet<string> = new Set(["started", "running", "paused"]);

/** Two units at most: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds >= 0.05 && seconds < 0.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  for (const [unitS, unit, partS, part] of UNITS) {
    const rest = Math.floor((whole % unitS) / partS);
    if (whole >= unitS) return `${Math.floor(whole / unitS)} ${unit}${rest ? ` ${rest} ${part}` : ""}`;
  }
  return `${whole} s`;
}

/** `120,000 of 336,776 rows`; without its total `120,000 rows`. */
export function count(n: number, total: number | null | undefined, unit: string | null | undefined): string {
  const of = total === null || total === undefined ? "" : ` of ${figure(total)}`;
  return `${figure(n)}${of} ${unitWord(unit)}`.trimEnd();
}

/** `1,234 rows/s`; where each takes more than two seconds, how long it takes. */
export function rate(perS: number, unit: string | null | undefined): string {
  if (perS <= 0) return "standing still";
  if (perS < 0.5) return `${duration(1 / perS)} each`;
  const rounded = perS < 100 ? Math.round(perS * 10) / 10 : Math.round(perS);
  return `${`${figure(rounded)} ${unitWord(unit)}`.trimEnd()}/s`;
}

/** How far a bar is drawn, in percent; 100 for finished alone. Null while nobody knows: no such percent is invented. */
export function barPercent({ status, percent, total, fraction }: Snapshot): number | null {
  if (status === "finished") return 100;
  const measured = (total ?? null) !== null || (fraction ?? null) !== null || percent > 0;
  return ACTIVE.has(status) && !measured ? null : Math.min(percent, 99);
}

/** Such as `2 of 5 rows`, `1.5 rows/s`, `about 3 s left`. */
export function facts(snapshot: Snapshot): string[] {
  const { n, total, unit, status, position, wait_s, rate: perS } = snapshot;
  const said: string[] = [];
  if (isNumber(n)) said.push(count(n, total, unit));
  if (status === "queued" && isNumber(position)) said.push(place(position, wait_s));
  if (isNumber(perS) && !isTerminal(snapshot)) said.push(rate(perS, unit));
  const left = timeLeft(snapshot);
  if (left !== null) said.push(left);
  return said;
}

function timeLeft({ status, eta_s, eta_range_s }: Snapshot): string | null {
  if (status !== "started" && status !== "running") return null;
  if (eta_range_s) {
    const [low, high] = [duration(eta_range_s[0]), duration(eta_range_s[1])];
    return low === high ? `about ${low} left` : `${low} – ${high} left`;
  }
  return isNumber(eta_s) ? `about ${duration(eta_s)} left` : null;
}

function place(position: number, waitS: number | null | undefined): string {
  const ahead = position === 0 ? "next in the queue" : `${position} ahead in the queue`;
  return isNumber(waitS) ? `${ahead}, about ${duration(waitS)}` : ahead;
}

// Whole numbers with thousands apart, others to four digits.
function figure(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

// tqdm's "it" is its word for not having been told.
function unitWord(unit: string | null | undefined): string {
  return !unit || unit === "it" ? "" : unit;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
