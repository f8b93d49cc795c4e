import type { JSX } from "react";
import { useHeadway } from "./provider";
import { isObject } from "./snapshot";
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

function Result({ result }: { readonly result: unknown }): JSX.Element | null {
  const { api } = useHeadway();
  if (result === null || result === undefined) return null;
  if (isObject(result) && typeof result.href === "string" && Object.keys(result).length === 2) {
    const bytes = Number(result.bytes).toLocaleString("en-US");
    // Only what the API itself keeps beside is a path of its own.
    if (/^\/jobs\/[\w-]+\/result$/.test(result.href)) {
      return (
        <a data-part="result" href={api.url + result.href}>
          Result, {bytes} bytes
        </a>
      );
    }
  }
  return <pre data-part="result">{JSON.stringify(result, null, 2)}</pre>;
}
