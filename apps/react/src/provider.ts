import { createContext, createElement, type JSX, type ReactNode, useContext, useMemo } from "react";
import type { ApiOptions } from "./api";
import { Headway } from "./headway";

const Context = createContext<Headway | null>(null);
let shared: Headway | null = null;

/** Where the components below find the API, and who asks. */
export interface HeadwayProviderProps extends ApiOptions {
  /** One of your own, in place of the three others. */
  readonly headway?: Headway;
  readonly children?: ReactNode;
}

/** All components below it share one connection. */
export function HeadwayProvider({ url, token, user, headway, children }: HeadwayProviderProps): JSX.Element {
  const made = useMemo(() => headway ?? new Headway({ url, token, user }), [url, token, user, headway]);
  return createElement(Context.Provider, { value: made }, children);
}

/** The connection of the nearest `HeadwayProvider`; without one, the page's own to `DEFAULT_URL`. */
export function useHeadway(): Headway {
  const given = useContext(Context);
  if (given !== null) return given;
  shared ??= new Headway();
  return shared;
}
