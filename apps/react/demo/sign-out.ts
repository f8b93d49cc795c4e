import { createContext } from "react";

/** Forgets the token that this page signed in with. */
export const SignOut = createContext<() => void>(() => {});
