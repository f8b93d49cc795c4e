import { useSyncExternalStore } from "react";

const HOME = import.meta.env.BASE_URL;
const MOVED = "headway:moved";
const JOB = /^jobs\/([\w-]{1,64})$/;

/** What the page's address shows. */
export type Place =
  | { readonly shows: "home" }
  | { readonly shows: "job"; readonly jobId: string }
  | { readonly shows: "nothing" };

/** The place that a path means. */
export function placeOf(path: string): Place {
  const inside = `${path}/`.startsWith(HOME) ? path.slice(HOME.length) : null;
  const jobId = inside === null ? undefined : JOB.exec(inside)?.[1];
  if (jobId !== undefined) return { shows: "job", jobId };
  return { shows: inside === "" ? "home" : "nothing" };
}

/** Where a job is shown. */
export function jobPath(jobId: string): string {
  return `${HOME}jobs/${jobId}`;
}

/** Go to another place of this page without loading it anew. */
export function go(path: string): void {
  history.pushState(null, "", path);
  scrollTo(0, 0);
  dispatchEvent(new Event(MOVED));
}

/** The path that the browser shows. */
export function usePath(): string {
  return useSyncExternalStore(listen, () => location.pathname);
}

/** Whether a click on a link is one to this page, in this tab. */
export function isOwnClick(event: MouseEvent, link: HTMLAnchorElement): boolean {
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  return plain && link.origin === location.origin && placeOf(link.pathname).shows !== "nothing";
}

function listen(moved: () => void): () => void {
  addEventListener("popstate", moved);
  addEventListener(MOVED, moved);
  return () => {
    removeEventListener("popstate", moved);
    removeEventListener(MOVED, moved);
  };
}
