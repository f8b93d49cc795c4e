import { useCallback, useMemo, useSyncExternalStore } from "react";
import { useHeadway } from "./provider";
import type { Asked } from "./question";

const UNASKED: Asked<never> = { data: null, error: null };

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
    () => (path === null ? null : headway.question(path, everyMs, read)),
    [headway, path, everyMs, read],
  );
  const subscribe = useCallback(
    (listener: () => void) => question?.subscribe(listener) ?? (() => {}),
    [question],
  );
  return useSyncExternalStore(
    subscribe,
    () => question?.view ?? UNASKED,
    () => UNASKED,
  );
}
