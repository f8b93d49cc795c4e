import { useMemo } from "react";
import type { Action } from "./api";
import { useHeadway } from "./provider";
import { useJob } from "./use-job";
import type { Snapshot } from "./wire";

/** What can be asked of a job, and what was. Each function gives the snapshot after it, null where it was refused. */
export interface JobActions {
  /** What the job's state allows now, without what is being asked for. */
  readonly can: readonly Action[];
  /** Asked for and not yet acknowledged: at once when it is asked here, and whoever asked elsewhere. */
  readonly asked: Action | null;
  /** Why the last of these was refused; null if it was not. */
  readonly refusal: string | null;
  pause(): Promise<Snapshot | null>;
  resume(): Promise<Snapshot | null>;
  cancel(): Promise<Snapshot | null>;
  retry(): Promise<Snapshot | null>;
}

const NONE: readonly Action[] = [];

/** Pause, resume, cancel and retry a job. What is asked shows at once, and is over once the job has acknowledged it. */
export function useJobActions(jobId: string | null): JobActions {
  const headway = useHeadway();
  const { snapshot, asked: asking, refusal } = useJob(jobId);
  const asked = asking ?? snapshot?.control?.requested ?? null;
  const can = snapshot?.can ?? NONE;
  const ask = useMemo(() => {
    const act = (action: Action) => async () => (jobId === null ? null : headway.act(jobId, action));
    return { pause: act("pause"), resume: act("resume"), cancel: act("cancel"), retry: act("retry") };
  }, [headway, jobId]);
  return useMemo(
    () => ({ ...ask, asked, refusal, can: can.filter((action) => action !== asked) }),
    [ask, asked, refusal, can],
  );
}
