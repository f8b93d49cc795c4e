import type { JSX } from "react";
import { JobProgress } from "./JobProgress";
import { polling } from "./polling";
import { HeadwayProvider, useHeadway } from "./provider";

/** A job by polling alone, at the pace that the API asks for; pollers of one page share their requests. */
export default function JobPoller({ jobId }: { readonly jobId: string }): JSX.Element {
  return (
    <HeadwayProvider headway={polling(useHeadway())}>
      <JobProgress jobId={jobId} loading="Loading…" />
    </HeadwayProvider>
  );
}
