// src/JobPoller.tsx of the lesson, without its types, and its JSX written as the calls that a compiler makes of it.
import { createElement, useEffect, useState } from "react";

export default function JobPoller({ jobId }) {
  const [snap, setSnap] = useState(null);

  useEffect(() => {
    let timer = setInterval(async () => {
      const res = await fetch(`http://localhost:8000/status/${jobId}`);
      if (res.ok) {
        const data = await res.json();
        setSnap(data);
        if (["finished", "failed", "canceled"].includes(data.status)) {
          clearInterval(timer);
          timer = null;
        }
      }
    }, 1000);

    return () => {
      if (timer) clearInterval(timer);
    };
  }, [jobId]);

  if (!snap) return createElement("div", null, "Loading…");
  return createElement("div", { style: { maxWidth: 480 } },
    createElement("div", null, "Job: ", snap.job_id),
    createElement("progress", { value: snap.percent, max: 100, style: { width: "100%" } }),
    createElement("div", null, snap.status, ": ", snap.message),
    snap.status === "finished" && createElement("pre", null, JSON.stringify(snap.result, null, 2)),
    snap.status === "failed" && createElement("pre", null, JSON.stringify(snap.error, null, 2)),
  );
}
