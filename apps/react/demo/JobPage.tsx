import { type JSX, useEffect, useState } from "react";
import { JobProgress, type Snapshot, useJob } from "../src";
import { barPercent } from "../src/words";

const SIGNS: Readonly<Record<string, string>> = { finished: "✓", failed: "failed:", canceled: "canceled:" };

/** One job, at an address of its own that can be shared. */
export function JobPage({ jobId }: { readonly jobId: string }): JSX.Element {
  const { snapshot } = useJob(jobId);
  useTitle(jobId, snapshot);
  return (
    <>
      <h1>{snapshot?.task ?? "Job"}</h1>
      <JobProgress jobId={jobId} />
      <Share />
    </>
  );
}

function useTitle(jobId: string, snapshot: Snapshot | null): void {
  const percent = snapshot === null ? null : barPercent(snapshot);
  const sign = SIGNS[snapshot?.status ?? ""] ?? (percent === null ? "" : `${percent} %`);
  useEffect(() => {
    document.title = `${sign} ${jobId} · headway`.trimStart();
  }, [sign, jobId]);
}

function Share(): JSX.Element {
  const [said, say] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say("Copied.");
    } catch {
      say("The browser does not allow it: copy the address above.");
    }
  };
  return (
    <div className="share">
      <div className="field">
        <label htmlFor="link">Link to this job</label>
        <input id="link" readOnly value={location.href} onFocus={({ target }) => target.select()} />
      </div>
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <output>{said}</output>
    </div>
  );
}
