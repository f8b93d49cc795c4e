import { useMemo, useSyncExternalStore } from "react";
import { type JobView, UNHEARD } from "./job";
import { useHeadway } from "./provider";

/**
 * What a job is doing now. It is over when `snapshot.status` is terminal (`connection` is then `"over"`).
 *
 * @param jobId null follows nothing, as before a job is submitted
 */
export function useJob(jobId: string | null): JobView {
  const headway = useHeadway();
  const subscribe = useMemo(
    () => (listener: () => void) => (jobId === null ? () => {} : headway.subscribe(jobId, listener)),
    [headway, jobId],
  );
  const view = () => (jobId === null ? UNHEARD : headway.view(jobId));
  return useSyncExternalStore(subscribe, view, () => UNHEARD);
}
