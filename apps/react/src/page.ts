/** Whether nobody can see the page now; false where there is no page. */
export function isHidden(): boolean {
  return typeof document !== "undefined" && document.visibilityState === "hidden";
}

/** Call `wake` whenever the network comes back or the page is shown again, until the returned function is called. */
export function onWake(wake: () => void): () => void {
  if (typeof window === "undefined") return () => {};
  const shown = () => {
    if (!isHidden()) wake();
  };
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", shown);
  return () => {
    window.removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", shown);
  };
}
