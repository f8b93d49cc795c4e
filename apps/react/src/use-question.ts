import { useMemo, useSyncExternalStore } from "react";
import { useHeadway } from "./provider";
import { type Asked, UNASKED } from "./question";

const NOTHING = { subscribe: () => () => {}, get: () => UNASKED };

/**
 * What the API answers to `GET path`, shared by all components that ask the same.
 *
 * @param path null asks nothing
 * @param everyMs milliseconds until it is asked again; 0 means never
 * @param read takes the body apart; a function of the module, since a new one asks anew
 */
export function useQuestion<T>(path: string | null, everyMs: number, read: (body: unknown) => T): Asked<T> {
  const headway = useHeadway();
  const question = useMemo(
    () => (path === null ? NOTHING : headway.question(path, everyMs, read)),
    [headway, path, everyMs, read],
  );
  return useSyncExternalStore<Asked<T>>(question.subscribe, question.get, NOTHING.get);
}
