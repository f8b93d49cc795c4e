import { createContext, type JSX, type ReactNode, useContext, useMemo } from "react";
import { Headway } from "./headway";

const Context = createContext<Headway | null>(null);
let shared: Headway | null = null;

/** Where the components below find the API, and who asks. */
export interface HeadwayProviderProps {
  /** The API's address; default `http://localhost:8000`; empty means where the page comes from. */
  readonly url?: string;
  /** Sent as `Authorization: Bearer …`, and on the socket; default none. */
  readonly token?: string | null;
  /** The caller's name, where the API has no users; default none. */
  readonly user?: string | null;
  /** One of your own, in place of the three others. */
  readonly headway?: Headway;
  readonly children?: ReactNode;
}

/** All components below it share one connection. */
export function HeadwayProvider({ url, token, user, headway, children }: HeadwayProviderProps): JSX.Element {
  const made = useMemo(
    () =>
      headway ??
      new Headway({
        ...(url === undefined ? {} : { url }),
        ...(token === undefined ? {} : { token }),
        ...(user === undefined ? {} : { user }),
      }),
    [url, token, user, headway],
  );
  return <Context.Provider value={made}>{children}</Context.Provider>;
}

/** The connection of the nearest `HeadwayProvider`; without one, the page's own to `http://localhost:8000`. */
export function useHeadway(): Headway {
  const given = useContext(Context);
  if (given !== null) return given;
  shared ??= new Headway();
  return shared;
}
