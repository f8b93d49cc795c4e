const NAME = "headway.token";

/** The token that this tab signed in with; null if it has not. Other tabs, and this one once closed, know nothing of it. */
export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** Keep a token for reloads of this tab, or forget it. Where the browser keeps nothing, a reload asks again. */
export function keepToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, token);
  } catch {
    // The page has it in memory.
  }
}
