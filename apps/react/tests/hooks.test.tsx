// @vitest-environment jsdom
import { act, render, renderHook, waitFor } from "@testing-library/react";
import { StrictMode, version } from "react";
import { expect, test } from "vitest";
import { HeadwayProvider, useJob, useJobActions, useJobs, useTask } from "../src";
import { held, NOTHING } from "./held";
import { shot } from "./scripted";
import { until } from "./wait";
import { anew, api, headway } from "./world";

anew();

const drawn: Record<string, number> = {};

function Step({ id }: { id: string }) {
  drawn[id] = (drawn[id] ?? 0) + 1;
  return <p>{useJob(id).snapshot?.seq}</p>;
}

const wrapper = ({ children }: { children: React.ReactNode }) => (
  <StrictMode>
    <HeadwayProvider headway={headway}>{children}</HeadwayProvider>
  </StrictMode>
);

test("the React under test is the one that the project names", () => {
  expect(version.split(".")[0]).toBe(import.meta.env.REACT_MAJOR);
});

test("useJob shows each snapshot up to the terminal one, and StrictMode doubles nothing", async () => {
  api.put(shot("a", 1));
  const { result } = renderHook(() => useJob("a"), { wrapper });
  expect(result.current).toMatchObject({ snapshot: null, connection: "connecting" });
  await waitFor(() => expect(result.current.connection).toBe("live"));
  await until(() => api.subscribed.length > 0, "a is subscribed");
  expect([api.seen.length, api.socketsSeen, api.subscribed.length]).toEqual([1, 1, 1]);
  act(() => api.put(shot("a", 2, "finished", { result: { value: 42 } })));
  await waitFor(() => expect(result.current.connection).toBe("over"));
  expect(result.current.snapshot).toMatchObject({ status: "finished", result: { value: 42 } });
});

test("unmounting leaves no socket, no request and no timer", async () => {
  api.put(shot("a", 1));
  const { result, unmount } = renderHook(() => [useJob("a"), useTask("t", { refreshMs: 1000 })] as const, {
    wrapper,
  });
  await waitFor(() => expect(result.current[0].connection).toBe("live"));
  unmount();
  await until(() => api.openSockets === 0, "the socket is closed");
  expect(held).toEqual(NOTHING);
});

test("an id that changes before its first answer shows the other job and never mixes the two", async () => {
  api.put(shot("a", 50));
  api.put(shot("b", 3));
  const shown: (string | undefined)[] = [];
  const { result, rerender } = renderHook(
    ({ id }: { id: string }) => {
      const view = useJob(id);
      if (id === "b") shown.push(view.snapshot?.job_id);
      return view;
    },
    { wrapper, initialProps: { id: "a" } },
  );
  rerender({ id: "b" });
  await waitFor(() => expect(result.current.snapshot?.seq).toBe(3));
  expect(new Set(shown)).toEqual(new Set([undefined, "b"]));
  expect(headway.view("a").snapshot).toBeNull();
});

test("no id follows nothing", () => {
  const { result } = renderHook(() => useJob(null), { wrapper });
  expect(result.current.snapshot).toBeNull();
  expect(held).toEqual(NOTHING);
});

test("useJobs keeps the order of its ids, and the objects of jobs that did not change", async () => {
  for (const jobId of ["a", "b"]) api.put(shot(jobId, 1));
  const { result } = renderHook(() => useJobs(["b", "a", "b"]), { wrapper });
  expect(result.current.jobs.map(({ jobId }) => jobId)).toEqual(["b", "a"]);
  await waitFor(() =>
    expect(result.current.jobs.map(({ connection }) => connection)).toEqual(["live", "live"]),
  );
  await until(() => api.subscribed.length > 0, "both are subscribed");
  expect(result.current.jobs.map(({ jobId }) => jobId)).toEqual(["b", "a"]);
  const [b] = result.current.jobs;
  act(() => api.put(shot("a", 2)));
  await waitFor(() => expect(result.current.jobs[1]?.snapshot?.seq).toBe(2));
  expect(result.current.jobs[0]).toBe(b);
});

test("a component that draws one job is not drawn again when another changes", async () => {
  for (const jobId of ["a", "b"]) api.put(shot(jobId, 1));
  render(
    <HeadwayProvider headway={headway}>
      <Step id="a" />
      <Step id="b" />
    </HeadwayProvider>,
  );
  await until(() => api.subscribed.length > 0 && headway.view("b").connection === "live", "both are live");
  await waitFor(() => expect(held.timers).toBe(1));
  const before = { ...drawn };
  act(() => api.put(shot("a", 2)));
  await waitFor(() => expect(drawn.a).toBe((before.a ?? 0) + 1));
  expect(drawn.b).toBe(before.b);
});

test("what is asked shows at once, and stays until the job acknowledges it", async () => {
  api.put(shot("a", 1, "running", { can: ["pause", "cancel"] }));
  const { result } = renderHook(() => useJobActions("a"), { wrapper });
  await waitFor(() => expect(result.current.can).toEqual(["pause", "cancel"]));
  const control = { requested: "pause", by: "me", at: "" } as const;
  api.answers.set("POST /jobs/a/pause", {
    status: 200,
    body: shot("a", 2, "running", { can: ["pause", "cancel"], control }),
  });
  let done: Promise<unknown> = Promise.resolve();
  act(() => {
    done = result.current.pause();
  });
  await waitFor(() => expect(result.current.asked).toBe("pause"));
  await act(() => done);
  await waitFor(() => expect(headway.view("a")).toMatchObject({ asked: null, snapshot: { seq: 2 } }));
  expect(result.current).toMatchObject({ asked: "pause", can: ["cancel"], refusal: null });
  act(() => api.put(shot("a", 3, "paused", { can: ["resume", "cancel"], control: null })));
  await waitFor(() => expect(result.current).toMatchObject({ asked: null, can: ["resume", "cancel"] }));
  const [asked] = api.seen.filter(({ method }) => method === "POST");
  expect(asked?.headers["idempotency-key"]).toMatch(/^(\d{1,3}-){15}\d{1,3}$/);
});

test("an action that is refused says why and asks for nothing", async () => {
  api.put(shot("a", 1, "running", { can: ["cancel"] }));
  const { result } = renderHook(() => useJobActions("a"), { wrapper });
  await waitFor(() => expect(result.current.can).toEqual(["cancel"]));
  api.answers.set("POST /jobs/a/cancel", {
    status: 409,
    body: { type: "x", title: "No", detail: "it is over" },
  });
  await act(() => result.current.cancel());
  await waitFor(() => expect(result.current).toMatchObject({ asked: null, refusal: "it is over" }));
});

test("a filter's jobs are listed, followed live, and looked for again", async () => {
  api.put(shot("a", 4));
  api.answers.set("GET /jobs", { status: 200, body: { jobs: [shot("a", 4)], next: null } });
  const { result } = renderHook(() => useJobs({ status: ["running"], limit: 5 }, { refreshMs: 50 }), {
    wrapper,
  });
  expect(result.current.isLoading).toBe(true);
  await waitFor(() => expect(result.current.jobs[0]?.snapshot?.seq).toBe(4));
  expect(api.seen.find(({ path }) => path === "/jobs")?.query.toString()).toBe("status=running&limit=5");
  act(() => api.put(shot("a", 5)));
  await waitFor(() => expect(result.current.jobs[0]?.snapshot?.seq).toBe(5));
  api.put(shot("b", 1, "finished"));
  api.answers.set("GET /jobs", {
    status: 200,
    body: { jobs: [shot("b", 1, "finished"), shot("a", 5)], next: null },
  });
  await waitFor(() => expect(result.current.jobs.map(({ jobId }) => jobId)).toEqual(["b", "a"]));
});

test("useTask looks a task up once for all, and runs it", async () => {
  const task = { name: "t", queue: "default", fields: [], workers: 1 };
  api.answers.set("GET /tasks/t", { status: 200, body: task });
  api.answers.set("POST /jobs", { status: 201, body: shot("new", 1, "queued") });
  const { result } = renderHook(() => [useTask("t"), useTask("t")] as const, { wrapper });
  await waitFor(() => expect(result.current[1].task).toEqual(task));
  expect(api.seen).toHaveLength(1);
  await act(() => result.current[0].submit({ n: 1 }));
  expect(result.current[0]).toMatchObject({ jobId: "new", isSubmitting: false, refusal: null });
});

test("a submit that is refused names the fields", async () => {
  const errors = [{ field: "n", detail: "'x' is not of type 'integer'" }];
  api.answers.set("POST /jobs", { status: 422, body: { type: "x", title: "No", detail: "bad", errors } });
  const { result } = renderHook(() => useTask("t"), { wrapper });
  await act(() => result.current.submit({ n: "x" }));
  expect(result.current.jobId).toBeNull();
  expect(result.current.refusal?.problem?.errors).toEqual(errors);
});
