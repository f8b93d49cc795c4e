import type { JSX } from "react";
import { Bar } from "./Bar";
import { JobButtons } from "./JobButtons";
import { JobEnd } from "./JobEnd";
import type { JobView } from "./job";
import { NestedBars } from "./NestedBars";
import { useAge } from "./use-age";
import { useJob } from "./use-job";
import type { Snapshot } from "./wire";
import { barPercent, duration, facts } from "./words";

export interface JobProgressProps {
  readonly jobId: string;
  /** Whether there are buttons to pause, resume, cancel and retry it; default true. */
  readonly actions?: boolean;
  /** What stands there until the first snapshot came; default `Connecting…`. */
  readonly loading?: string;
}

/** A job: its bar, what it says, how fast it goes and how long it takes, and in the end its result or its error. */
export function JobProgress({
  jobId,
  actions = true,
  loading = "Connecting…",
}: JobProgressProps): JSX.Element {
  const view = useJob(jobId);
  const { snapshot, connection, problem, staleSince } = view;
  return (
    <section
      data-headway="job"
      data-status={snapshot?.status ?? problem?.kind ?? "loading"}
      data-connection={connection}
      data-stale={staleSince !== null && snapshot !== null ? "" : undefined}
      aria-label={`Job ${jobId}`}
    >
      {problem !== null && (
        <div data-part="problem" role="alert">
          Job {jobId}: {problem.detail}
        </div>
      )}
      {snapshot === null ? (
        problem === null && <Before view={view} loading={loading} />
      ) : (
        <Body snapshot={snapshot} stale={staleSince !== null} />
      )}
      {snapshot !== null && staleSince !== null && <Age since={staleSince} />}
      {snapshot !== null && actions && <JobButtons jobId={jobId} />}
    </section>
  );
}

function Before({ view, loading }: { readonly view: JobView; readonly loading: string }): JSX.Element {
  const said = view.connection === "waiting" ? "The API does not answer. Still asking…" : loading;
  return <div data-part="loading">{said}</div>;
}

interface BodyProps {
  readonly snapshot: Snapshot;
  readonly stale: boolean;
}

function Body({ snapshot, stale }: BodyProps): JSX.Element {
  const percent = barPercent(snapshot);
  const { job_id, status, message } = snapshot;
  return (
    <>
      <div data-part="id">Job: {job_id}</div>
      <Bar label={`Progress of job ${job_id}`} percent={percent} text={status} />
      <div data-part="line">
        {status}: {message}
      </div>
      {percent !== null && <div data-part="percent">{percent} %</div>}
      <ul data-part="facts">
        {facts(snapshot).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <NestedBars snapshot={snapshot} />
      <JobEnd snapshot={snapshot} />
      {/* A screen reader hears changes of state and quarter steps, not every percent. */}
      <output data-part="spoken">
        {stale ? "The API does not answer." : `${status}, ${Math.floor((percent ?? 0) / 25) * 25} %`}
      </output>
    </>
  );
}

function Age({ since }: { readonly since: number }): JSX.Element {
  const age = duration(useAge(since) ?? 0);
  return <div data-part="age">The API has not answered for {age}. What is shown is from then.</div>;
}
