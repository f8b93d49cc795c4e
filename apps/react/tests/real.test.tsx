// @vitest-environment jsdom
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Headway, HeadwayProvider, useJob, useJobActions, useTask } from "../src";
import { held, NOTHING, nothingHeld } from "./held";
import { Network } from "./network";
import { until } from "./wait";

const API_URL = process.env.HEADWAY_API_URL;

describe.skipIf(API_URL === undefined)("beside a real API and worker (HEADWAY_API_URL)", () => {
  let network: Network;
  let headway: Headway;

  beforeEach(async () => {
    network = new Network(API_URL ?? "");
    await network.start();
    headway = new Headway({ url: network.url });
  });

  afterEach(async () => {
    cleanup();
    await nothingHeld();
    await network.stop();
  });

  const wrapper = ({ children }: { children: React.ReactNode }) => (
    <StrictMode>
      <HeadwayProvider headway={headway}>{children}</HeadwayProvider>
    </StrictMode>
  );

  const waiting = { timeout: 15_000 };

  async function run(n_steps: number) {
    const { job_id } = await headway.api.submit("long_task", { n_steps });
    return renderHook(() => ({ job: useJob(job_id), actions: useJobActions(job_id) }), { wrapper });
  }

  test("a job is shown from its start to its result, and nothing stays open", async () => {
    const { result, unmount } = await run(2);
    await waitFor(() => expect(result.current.job.connection).toBe("live"), waiting);
    await waitFor(() => expect(result.current.job.snapshot?.status).toBe("finished"), waiting);
    expect(result.current.job.snapshot).toMatchObject({ percent: 100, result: { msg: "done", value: 42 } });
    unmount();
    expect(held).toEqual(NOTHING);
  });

  test("an id that changes while its job is live follows the other, over the same one socket", async () => {
    const [one, other] = await Promise.all(
      [20, 1].map((n_steps) => headway.api.submit("long_task", { n_steps })),
    );
    const first = one?.job_id ?? "";
    const { result, rerender, unmount } = renderHook(({ id }) => useJob(id), {
      wrapper,
      initialProps: { id: first },
    });
    await waitFor(() => expect(result.current.snapshot?.status).toBe("running"), waiting);
    expect(held).toMatchObject({ sockets: 1, listeners: 2 });
    await headway.api.act(first, "cancel");
    rerender({ id: other?.job_id ?? "" });
    expect(result.current.snapshot?.job_id).not.toBe(first);
    await waitFor(() => expect(result.current.snapshot?.status).toBe("finished"), waiting);
    expect(result.current.snapshot?.job_id).toBe(other?.job_id);
    unmount();
    await nothingHeld();
  });

  test("a network that goes half-way and comes back after the end delivers the true end", async () => {
    const { result } = await run(2);
    await waitFor(() => expect(result.current.job.snapshot?.status).toBe("running"), waiting);
    network.isDown = true;
    network.cut();
    await waitFor(() => expect(result.current.job.connection).toBe("waiting"), waiting);
    expect(result.current.job.snapshot?.status).toBe("running");
    const direct = new Headway({ url: API_URL ?? "" });
    const jobId = result.current.job.snapshot?.job_id ?? "";
    const leave = direct.subscribe(jobId, () => {});
    await until(() => direct.view(jobId).connection === "over", "it ended behind our back");
    network.isDown = false;
    await waitFor(() => expect(result.current.job.connection).toBe("over"), waiting);
    expect(result.current.job.snapshot).toEqual(direct.view(jobId).snapshot);
    leave();
  });

  test("a pause is asked, then acknowledged; so is what follows", async () => {
    const { result } = await run(20);
    await waitFor(() => expect(result.current.job.snapshot?.status).toBe("running"), waiting);
    act(() => void result.current.actions.pause());
    await waitFor(() => expect(result.current.actions.asked).toBe("pause"));
    await waitFor(() => expect(result.current.job.snapshot?.status).toBe("paused"), waiting);
    await waitFor(() => expect(result.current.actions.asked).toBe(null));
    await act(() => result.current.actions.cancel());
    await waitFor(() => expect(result.current.job.snapshot?.status).toBe("canceled"), waiting);
  });

  test("a job that nobody knows is unknown, and an action on it is refused", async () => {
    const { result } = renderHook(() => [useJob("nobody"), useJobActions("nobody")] as const, { wrapper });
    await waitFor(() => expect(result.current[0].problem?.kind).toBe("unknown"), waiting);
    await act(() => result.current[1].cancel());
    await waitFor(() => expect(result.current[1].refusal).toBe("job not found"));
  });

  test("a task brings its form, and says which field is wrong", async () => {
    const { result } = renderHook(() => useTask("long_task"), { wrapper });
    await waitFor(() => expect(result.current.task?.fields?.[0]?.name).toBe("n_steps"));
    await act(() => result.current.submit({ n_steps: "many" }));
    expect(result.current.refusal?.problem?.errors?.map(({ field }) => field)).toEqual(["n_steps"]);
  });
});
