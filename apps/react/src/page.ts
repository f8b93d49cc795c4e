/** Whether nobody can see the page now; false where there is no page. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}

/** Call `wake` whenever the network comes back or the page is shown again, until the returned function is called. */
export function onWake(wake: () => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  globalThis.window?.addEventListener("online", wake, { signal });
  globalThis.document?.addEventListener("visibilitychange", () => isHidden() || wake(), { signal });
  return () => stop.abort();
}
