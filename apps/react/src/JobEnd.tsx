import type { JSX } from "react";
import { Result } from "./Result";
import type { Snapshot } from "./wire";

/** How a job ended: its result, or a banner that says what went wrong; nothing before. */
export function JobEnd({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element | null {
  if (snapshot.status === "finished") return <Result result={snapshot.result} />;
  if (snapshot.status !== "failed") return null;
  const { type = "Error", detail = "" } = snapshot.error ?? {};
  return (
    <div data-part="error" role="alert">
      <strong>{type}</strong> <span>{detail || "No reason was given."}</span>
    </div>
  );
}
