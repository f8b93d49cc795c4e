import { type JSX, memo } from "react";
import { Bar } from "./Bar";
import type { ListedJob } from "./together";
import { type JobFilter, useJobs } from "./use-jobs";
import { barPercent } from "./words";

export interface JobListProps {
  /** These jobs, in this order; otherwise those that `filter` finds. */
  readonly ids?: readonly string[];
  /** Which jobs to list, newest first; default all, 50 at most. */
  readonly filter?: JobFilter;
  /** Milliseconds between two looks for jobs that the filter finds; default 5000, 0 means once. */
  readonly refreshMs?: number;
  /** Where a job's own page is; default no links. */
  readonly href?: (jobId: string) => string;
}

const ALL: JobFilter = {};

/** Many jobs, one line each, all of them live. */
export function JobList({ ids, filter = ALL, refreshMs = 5000, href }: JobListProps): JSX.Element {
  const { jobs, isLoading, error } = useJobs(ids ?? filter, { refreshMs });
  return (
    <section data-headway="jobs" aria-label="Jobs">
      {error !== null && (
        <div data-part="problem" role="alert">
          {error.message}
        </div>
      )}
      {isLoading && <div data-part="loading">Loading…</div>}
      {!isLoading && error === null && jobs.length === 0 && <div data-part="empty">No jobs.</div>}
      <ul data-part="jobs">
        {jobs.map((job) => (
          <JobRow key={job.jobId} job={job} href={href?.(job.jobId)} />
        ))}
      </ul>
    </section>
  );
}

interface JobRowProps {
  readonly job: ListedJob;
  readonly href: string | undefined;
}

const JobRow = memo(function JobRow({ job, href }: JobRowProps): JSX.Element {
  const { jobId, snapshot, problem, connection, staleSince } = job;
  const percent = snapshot === null ? null : barPercent(snapshot);
  const words =
    snapshot === null ? (problem?.detail ?? "Connecting…") : `${snapshot.status}: ${snapshot.message}`;
  return (
    <li
      data-status={snapshot?.status ?? problem?.kind ?? "loading"}
      data-connection={connection}
      data-stale={staleSince !== null && snapshot !== null ? "" : undefined}
    >
      <span data-part="id">{href === undefined ? jobId : <a href={href}>{jobId}</a>}</span>
      {snapshot?.task && <span data-part="task">{snapshot.task}</span>}
      {problem === null && <Bar label={`Progress of job ${jobId}`} percent={percent} />}
      <span data-part="line">{words}</span>
      {staleSince !== null && snapshot !== null && <span data-part="age">The API does not answer.</span>}
    </li>
  );
});
