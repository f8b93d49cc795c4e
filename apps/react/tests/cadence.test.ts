import { expect, test } from "vitest";
import { backoffMs, pollAfterMs } from "../src/cadence";

test("the API's header says when to ask again, in seconds", () => {
  expect(pollAfterMs("1", 0, Math.random)).toBe(1000);
  expect(pollAfterMs("4.25", 0, Math.random)).toBe(4250);
});

test("a header that asks for a storm, or for silence, is bounded", () => {
  expect(pollAfterMs("0", 0, Math.random)).toBe(50);
  expect(pollAfterMs("1e9", 0, Math.random)).toBe(60_000);
});

test.each([null, "", "soon", "-1", "NaN", "Infinity"])(
  "without a usable header (%j) the lesson's cadence holds",
  (header) => {
    expect(pollAfterMs(header, 29_999, () => 0.5)).toBe(1000);
    expect(pollAfterMs(header, 30_000, () => 0.5)).toBe(4000);
  },
);

test("waits double up to a limit, and half of each is drawn", () => {
  const waits = [1, 2, 3, 4, 99].map((failures) => backoffMs(failures, () => 0, 500, 3000));
  expect(waits).toEqual([250, 500, 1000, 1500, 1500]);
  expect(backoffMs(1, () => 1, 500, 3000)).toBe(500);
});
