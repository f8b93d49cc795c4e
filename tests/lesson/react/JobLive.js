// src/JobLive.tsx of the lesson, without its types, and its JSX written as the calls that a compiler makes of it.
import { createElement, useEffect, useState, useRef } from "react";

export default function JobLive({ jobId }) {
  const [snap, setSnap] = useState(null);
  const wsRef = useRef(null);

  useEffect(() => {
    const ws = new WebSocket(`ws://localhost:8000/ws/${jobId}`);
    wsRef.current = ws;

    ws.onmessage = (evt) => {
      try { setSnap(JSON.parse(evt.data)); }
      catch { /* ignore parse errors */ }
    };
    ws.onerror = () => { /* optionally fall back to polling */ };
    ws.onclose = () => { /* optionally try reconnect */ };

    return () => { ws.close(); };
  }, [jobId]);

  if (!snap) return createElement("div", null, "Connecting…");
  return createElement("div", { style: { maxWidth: 480 } },
    createElement("div", null, "Job: ", snap.job_id),
    createElement("progress", { value: snap.percent, max: 100, style: { width: "100%" } }),
    createElement("div", null, snap.status, ": ", snap.message),
    snap.status === "finished" && createElement("pre", null, JSON.stringify(snap.result, null, 2)),
    snap.status === "failed" && createElement("pre", null, JSON.stringify(snap.error, null, 2)),
  );
}
