import { type JSX, type ReactNode, useEffect, useState } from "react";
import { HeadwayProvider } from "../src";
import { SignIn } from "./SignIn";
import { SignOut } from "./sign-out";
import { keepToken, keptToken } from "./token";

interface State {
  readonly token: string | null;
  /** Whether the API has asked for a token, or for another one. */
  readonly isAsked: boolean;
  /** Why somebody who was signed in is not any more. */
  readonly said: string | null;
}

/** The page's connection, as whoever has signed in; where the API asks for a token, the page does. */
export function Session({ children }: { readonly children: ReactNode }): JSX.Element {
  const [{ token, isAsked, said }, setState] = useState<State>(() => ({
    token: keptToken(),
    isAsked: false,
    said: null,
  }));
  useEffect(() => keepToken(token), [token]);
  const signIn = (shown: string) => setState({ token: shown, isAsked: false, said: null });
  // The last answers to one who has left may come when another is there.
  const leave = (why: string | null) =>
    setState((now) => (now.token === token ? { token: null, isAsked: true, said: why } : now));
  if (isAsked) return <SignIn said={said} signIn={signIn} />;
  return (
    <HeadwayProvider
      // What one was shown is not for the next.
      key={token}
      url=""
      token={token}
      onNotSignedIn={(detail) => leave(token && `You have been signed out: ${detail}.`)}
    >
      <SignOut.Provider value={() => leave("You have signed out.")}>{children}</SignOut.Provider>
    </HeadwayProvider>
  );
}
