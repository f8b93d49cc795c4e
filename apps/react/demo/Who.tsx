import { type JSX, useContext } from "react";
import { isObject } from "../src/snapshot";
import { useQuestion } from "../src/use-question";
import type { Me } from "../src/wire";
import { SignOut } from "./sign-out";

/** Who has signed in, and the way out; nothing where nobody has to. */
export function Who(): JSX.Element | null {
  const signOut = useContext(SignOut);
  const { data } = useQuestion("/me", 0, readMe);
  if (!data?.verified) return null;
  return (
    <span className="who">
      {data.name}
      {data.role && ` · ${data.role}`}
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </span>
  );
}

function readMe(body: unknown): Me | null {
  return isObject(body) && typeof body.name === "string" ? (body as Me) : null;
}
