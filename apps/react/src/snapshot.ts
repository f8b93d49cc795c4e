import type { JobError, Snapshot, Status } from "./wire";

const STATUSES: ReadonlySet<unknown> = new Set<Status>([
  "queued",
  "started",
  "running",
  "paused",
  "canceled",
  "failed",
  "finished",
]);
const TERMINAL: ReadonlySet<Status> = new Set<Status>(["finished", "failed", "canceled"]);

/** Whether no further write of this attempt can change the job. A closed stream says nothing about that. */
export function isTerminal(snapshot: Snapshot): boolean {
  return TERMINAL.has(snapshot.status);
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
 * stands where text belongs becomes text.
 */
export function readSnapshot(value: unknown): Snapshot | null {
  if (!isObject(value)) return null;
  const { job_id, seq, status, percent, message, updated_at, error } = value;
  if (typeof job_id !== "string" || !STATUSES.has(status)) return null;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) return null;
  return {
    ...value,
    job_id,
    seq,
    status: status as Status,
    percent: typeof percent === "number" ? Math.floor(Math.min(Math.max(percent, 0), 100)) : 0,
    message: text(message),
    updated_at: text(updated_at),
    attempt: typeof value.attempt === "number" ? value.attempt : 1,
    error: readError(error),
  };
}

function text(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function readError(value: unknown): JobError | null {
  if (value === null || value === undefined) return null;
  if (!isObject(value)) return { type: "Error", detail: text(value) };
  const { type } = value;
  return { ...value, type: typeof type === "string" ? type : "Error", detail: text(value.detail) };
}
