import { useEffect, useState } from "react";

/** Seconds since a time in milliseconds since 1970, counted on every second; null for null, and then no timer runs. */
export function useAge(since: number | null): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (since === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? null : Math.max(now - since, 0) / 1000;
}
