import type { JSX } from "react";
import type { Action } from "./api";
import { useJobActions } from "./use-job-actions";

const WORDS: Record<Action, string> = { pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Retry" };

/** A button for whatever can be asked of a job now, what was asked, and why something was refused. */
export function JobButtons({ jobId }: { readonly jobId: string }): JSX.Element {
  const actions = useJobActions(jobId);
  const { can, asked, refusal } = actions;
  return (
    <div data-part="actions">
      {can.map((action) => (
        <button key={action} type="button" data-action={action} onClick={() => void actions[action]()}>
          {WORDS[action]}
        </button>
      ))}
      {asked !== null && <span data-part="asked">{asked} asked for</span>}
      {refusal !== null && (
        <span data-part="refusal" role="alert">
          {refusal}
        </span>
      )}
    </div>
  );
}
