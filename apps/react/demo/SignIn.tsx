import { type FormEvent, type JSX, useEffect, useState } from "react";
import { ApiError, Headway } from "../src";

export interface SignInProps {
  /** What to say at first; null for nothing. */
  readonly said: string | null;
  /** Called with a token that the API has taken. */
  readonly signIn: (token: string) => void;
}

/** Asks for a token, and shows it to the API before anything else is. */
export function SignIn({ said, signIn }: SignInProps): JSX.Element {
  const [entry, setEntry] = useState("");
  const [isChecking, setIsChecking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    document.title = "Sign in · headway";
  }, []);

  const show = async (event: FormEvent) => {
    event.preventDefault();
    const token = entry.trim();
    setIsChecking(true);
    setProblem(await refusal(token));
    setIsChecking(false);
  };

  const refusal = async (token: string) => {
    // A header takes no others.
    if (!/^[!-~]+$/.test(token)) return "This is no token of headway's.";
    try {
      await new Headway({ url: "", token }).api.read("/me");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.httpStatus === 401 ? `The API refused it: ${error.message}.` : `${error.message}.`;
    }
    signIn(token);
    return null;
  };

  return (
    <main className="sign-in">
      <h1>Sign in to headway</h1>
      {said !== null && <p role="status">{said}</p>}
      <form onSubmit={(event) => void show(event)}>
        <div className="field">
          <label htmlFor="token">Token</label>
          <input
            id="token"
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            value={entry}
            onChange={({ target }) => setEntry(target.value)}
            aria-invalid={problem !== null}
            aria-describedby="token-help token-problem"
          />
          <small id="token-help">
            Whoever runs headway makes one: <code>headway token create</code>. This tab alone keeps it, until
            it is closed.
          </small>
          <p id="token-problem" className="problem" role="alert">
            {problem}
          </p>
        </div>
        <button type="submit" disabled={isChecking}>
          Sign in
        </button>
      </form>
    </main>
  );
}
