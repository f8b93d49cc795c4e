import {
  createContext,
  createElement,
  type JSX,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
} from "react";
import type { ApiOptions, AskToken } from "./api";
import { Headway } from "./headway";

const Context = createContext<Headway | null>(null);
let shared: Headway | null = null;

/** Where the components below find the API, and who asks. */
export interface HeadwayProviderProps extends ApiOptions {
  /** One of your own, in place of the others. */
  readonly headway?: Headway;
  readonly children?: ReactNode;
}

/**
 * All components below it share one connection, until its `url`, `user` or `headway` changes, or the text in `token`.
 *
 * Of functions the latest are called, so they may be written in place; where one gives another user's tokens from now
 * on, give the provider another `key`.
 */
export function HeadwayProvider(props: HeadwayProviderProps): JSX.Element {
  const { url, token, user, headway, children } = props;
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const isAsked = typeof token === "function";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another function is no reason to connect anew
  const made = useMemo(() => {
    const ask = () => (latest.current.token as AskToken)();
    const onNotSignedIn = (detail: string) => latest.current.onNotSignedIn?.(detail);
    return headway ?? new Headway({ url, token: isAsked ? ask : token, user, onNotSignedIn });
  }, [url, isAsked || token, user, headway]);
  return createElement(Context.Provider, { value: made }, children);
}

/** The connection of the nearest `HeadwayProvider`; without one, the page's own to `DEFAULT_URL`. */
export function useHeadway(): Headway {
  const given = useContext(Context);
  if (given) return given;
  shared ??= new Headway();
  return shared;
}
