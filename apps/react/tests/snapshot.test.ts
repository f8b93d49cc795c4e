import { expect, test } from "vitest";
import { isTerminal, readSnapshot } from "../src/snapshot";

const RUNNING = { job_id: "j1", status: "running", percent: 40, message: "step 2/5", seq: 7, updated_at: "" };

test.each([
  null,
  7,
  "text",
  [],
  {},
  { ...RUNNING, seq: -1 },
  { ...RUNNING, seq: "7" },
  { ...RUNNING, seq: 0.5 },
  { ...RUNNING, status: "gone" },
])("%j is no snapshot", (value) => {
  expect(readSnapshot(value)).toBeNull();
});

test("a snapshot without a seq is one that nobody counted", () => {
  expect(readSnapshot({ ...RUNNING, seq: undefined })?.seq).toBe(0);
});

test("members of a newer writer are kept", () => {
  expect(readSnapshot({ ...RUNNING, colour: "blue" })).toMatchObject({ ...RUNNING, colour: "blue" });
});

test.each([
  ["40", 0],
  [140, 100],
  [-3, 0],
  [33.9, 33],
])("a plain writer's percent of %j is drawn as %d", (written, drawn) => {
  expect(readSnapshot({ ...RUNNING, percent: written })?.percent).toBe(drawn);
});

test("an error that is only text has that as its detail", () => {
  expect(readSnapshot({ ...RUNNING, error: "no" })?.error).toEqual({ type: "Error", detail: "no" });
});

test("only finished, failed and canceled are the end", () => {
  const statuses = ["queued", "started", "running", "paused", "canceled", "failed", "finished"];
  const ends = statuses.filter((status) => isTerminal({ ...readSnapshot({ ...RUNNING, status }) } as never));
  expect(ends).toEqual(["canceled", "failed", "finished"]);
});
