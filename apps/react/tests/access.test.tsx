// @vitest-environment jsdom
import { render, renderHook, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { beforeEach, expect, test } from "vitest";
import { HeadwayProvider, type HeadwayProviderProps, JobProgress, useHeadway, useJob } from "../src";
import { shot } from "./scripted";
import { until } from "./wait";
import { anew, api } from "./world";

let said: string[];

anew();

beforeEach(() => {
  api.token = "first";
  said = [];
});

type Access = Pick<HeadwayProviderProps, "token">;

/** The job `a` as somebody sees it who shows what `access` says; functions are written in place. */
function Shown({ token }: Access) {
  return (
    <StrictMode>
      <HeadwayProvider
        url={api.url}
        {...(token === undefined ? {} : { token: typeof token === "function" ? () => token() : token })}
        onNotSignedIn={(detail) => said.push(detail)}
      >
        <JobProgress jobId="a" />
      </HeadwayProvider>
    </StrictMode>
  );
}

test("a token is shown with each request, and first of all on a socket", async () => {
  api.put(shot("a", 1));
  render(<Shown token="first" />);
  await until(() => api.subscribed.length === 1, "a is subscribed");
  expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer first"]);
  expect(api.shown).toEqual(["first"]);
  expect(said).toEqual([]);
});

test("a function is asked each time, the latest one, and another one is no reason to connect anew", async () => {
  api.put(shot("a", 1));
  const { rerender } = render(<Shown token={async () => "first"} />);
  await until(() => api.subscribed.length === 1, "a is subscribed");
  rerender(<Shown token={async () => "second"} />);
  api.token = "second";
  api.close(4401, "the token has expired");
  await until(() => api.subscribed.length === 2, "it is followed on");
  expect(api.shown).toEqual(["first", "second"]);
  expect(said).toEqual([]);
  api.put(shot("a", 2));
  await screen.findByText("running: step 2");
});

test("another text is another caller, whose view begins anew", async () => {
  const wrapper = ({ children }: { children: React.ReactNode }) => (
    <HeadwayProvider url={api.url} token={token}>
      {children}
    </HeadwayProvider>
  );
  let token = "first";
  const { result, rerender } = renderHook(useHeadway, { wrapper });
  const before = result.current;
  rerender();
  expect(result.current).toBe(before);
  token = "second";
  rerender();
  expect(result.current).not.toBe(before);
});

test("who shows no good token is refused, and the page is told in the API's words", async () => {
  api.put(shot("a", 1));
  render(<Shown token="wrong" />);
  expect((await screen.findByRole("alert")).textContent).toBe("Job a: this token is not valid");
  expect(new Set(said)).toEqual(new Set(["this token is not valid"]));
  expect(api.socketsSeen).toBe(0);
});

test("a token that is revoked during a watch ends it: what was shown stays, and the page is told", async () => {
  api.put(shot("a", 1));
  render(<Shown token="first" />);
  await until(() => api.subscribed.length === 1, "a is subscribed");
  api.token = "other";
  api.close(4401, "the token was revoked");
  await screen.findByText("Job a: this token is not valid");
  screen.getByText("running: step 1");
  expect(new Set(said)).toEqual(new Set(["this token is not valid"]));
});

test("while nobody can say what the token is, nothing is asked, and then it goes on by itself", async () => {
  api.put(shot("a", 1));
  let fails = true;
  const token = async () => {
    if (fails) throw new Error("the vault is closed");
    return "first";
  };
  const wrapper = ({ children }: { children: React.ReactNode }) => (
    <HeadwayProvider url={api.url} token={token}>
      {children}
    </HeadwayProvider>
  );
  const { result } = renderHook(() => useJob("a"), { wrapper });
  await waitFor(() => expect(result.current.connection).toBe("waiting"));
  expect(api.seen).toEqual([]);
  fails = false;
  await waitFor(() => expect(result.current.snapshot?.seq).toBe(1), { timeout: 15_000 });
});
