import type { JSX } from "react";
import { JobProgress } from "./JobProgress";

/** A job over a WebSocket, and by polling wherever that fails. */
export default function JobLive({ jobId }: { readonly jobId: string }): JSX.Element {
  return <JobProgress jobId={jobId} loading="Connecting…" />;
}
