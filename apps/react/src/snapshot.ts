import type { JobError, Snapshot, Status } from "./wire";

const TERMINAL: readonly Status[] = ["finished", "failed", "canceled"];
const STATUSES: readonly unknown[] = [
  ...TERMINAL,
  "queued",
  "started",
  "running",
  "paused",
] satisfies Status[];

/** Whether no further write of this attempt can change the job. A closed stream says nothing about that. */
export function isTerminal(snapshot: Snapshot): boolean {
  return TERMINAL.includes(snapshot.status);
}

/** The value that a text stands for; undefined if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value has members that can be looked at. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The snapshot that a value from the wire is; null if it is none.
 *
 * Plain writers' snapshots come as they were written: a percent that no bar could draw is brought into range, and what
 * stands where text belongs becomes text. The lesson's own API counts no writes: `seq` is then 0.
 */
export function readSnapshot(value: unknown): Snapshot | null {
  if (!isObject(value)) return null;
  const { job_id, seq = 0, status, percent, message, updated_at, error } = value;
  if (typeof job_id !== "string" || !STATUSES.includes(status)) return null;
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) return null;
  return {
    ...value,
    job_id,
    seq: seq as number,
    status: status as Status,
    percent: typeof percent === "number" ? Math.floor(Math.min(Math.max(percent, 0), 100)) : 0,
    message: text(message),
    updated_at: text(updated_at),
    attempt: typeof value.attempt === "number" ? value.attempt : 1,
    error: readError(error),
  };
}

function text(value: unknown): string {
  const there = value ?? "";
  return typeof there === "string" ? there : JSON.stringify(there);
}

function readError(value: unknown): JobError | null {
  if (value === null || value === undefined) return null;
  const error = isObject(value) ? value : { detail: value };
  return { ...error, type: text(error.type) || "Error", detail: text(error.detail) };
}
