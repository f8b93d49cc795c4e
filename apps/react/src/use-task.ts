import { useMemo, useState } from "react";
import type { ApiError } from "./api";
import { useHeadway } from "./provider";
import { isObject } from "./snapshot";
import { useQuestion } from "./use-question";
import type { Snapshot, TaskInfo } from "./wire";

export interface UseTaskOptions {
  /** Milliseconds until the task is looked up again; default 0, which means never. */
  readonly refreshMs?: number;
}

/** A task, and what it takes to run it. */
export interface Task {
  /** Its form's fields, its policy and how many workers serve it; null until it is known. */
  readonly task: TaskInfo | null;
  /** Why the task could not be looked up; null if it could. */
  readonly error: ApiError | null;
  /** The job submitted last through this hook; null before. Give it to `useJob`. */
  readonly jobId: string | null;
  readonly isSubmitting: boolean;
  /** Why the last submit was refused, with `problem.errors` for single fields; null if it was not. */
  readonly refusal: ApiError | null;
  /** Submit a job; its first snapshot, null where it was refused. */
  submit(params?: Readonly<Record<string, unknown>>, queue?: string): Promise<Snapshot | null>;
}

interface Submitted {
  readonly jobId: string | null;
  readonly isSubmitting: boolean;
  readonly refusal: ApiError | null;
}

const BEFORE: Submitted = { jobId: null, isSubmitting: false, refusal: null };

/** Run a task by its name. */
export function useTask(name: string, { refreshMs = 0 }: UseTaskOptions = {}): Task {
  const headway = useHeadway();
  const { data, error } = useQuestion(`/tasks/${encodeURIComponent(name)}`, refreshMs, readTask);
  const [submitted, setSubmitted] = useState(BEFORE);
  const submit = useMemo(
    () =>
      async (params: Readonly<Record<string, unknown>> = {}, queue?: string) => {
        const say = (parts: Partial<Submitted>) => setSubmitted((before) => ({ ...before, ...parts }));
        say({ isSubmitting: true, refusal: null });
        const snapshot = await headway.api.submit(name, params, queue).catch((refusal: ApiError) => {
          say({ refusal });
          return null;
        });
        if (snapshot) say({ jobId: snapshot.job_id });
        say({ isSubmitting: false });
        return snapshot;
      },
    [headway, name],
  );
  return { task: data, error, submit, ...submitted };
}

function readTask(body: unknown): TaskInfo | null {
  return isObject(body) && typeof body.name === "string" ? (body as TaskInfo) : null;
}
