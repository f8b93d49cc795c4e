import { expect, test } from "vitest";
import { barPercent, count, duration, facts, rate } from "../src/words";
import { shot } from "./scripted";

test.each([
  [0, "0 s"],
  [0.4, "0.4 s"],
  [12, "12 s"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
  [3600, "1 h"],
  [356_400, "4 d 3 h"],
])("%d seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test("counts have thousands apart, their unit, and a total where it is known", () => {
  expect(count(120_000, 336_776, "rows")).toBe("120,000 of 336,776 rows");
  expect(count(7, null, "it")).toBe("7");
});

test("slow rates say how long each takes", () => {
  expect(rate(1234.4, "rows")).toBe("1,234 rows/s");
  expect(rate(0.1, "epochs")).toBe("10 s each");
  expect(rate(0, null)).toBe("standing still");
});

test("a bar is locked at 100 by finished alone", () => {
  expect(barPercent(shot("a", 100, "running"))).toBe(99);
  expect(barPercent(shot("a", 40, "finished", { percent: 40 }))).toBe(100);
  expect(barPercent(shot("a", 33, "failed"))).toBe(33);
});

test("no percent is invented while the total is unknown", () => {
  expect(barPercent(shot("a", 1, "running", { percent: 0, n: 500 }))).toBeNull();
  expect(barPercent(shot("a", 1, "queued", { percent: 0 }))).toBe(0);
});

test("the facts are those of the snapshot", () => {
  const known = { n: 2, total: 5, unit: "rows", rate: 1.5, eta_s: 2, eta_range_s: [1, 4] as const };
  expect(facts(shot("a", 1, "running", known))).toEqual(["2 of 5 rows", "1.5 rows/s", "1 s – 4 s left"]);
  expect(facts(shot("a", 1, "queued", { position: 3, wait_s: 12 }))).toEqual([
    "3 ahead in the queue, about 12 s",
  ]);
  expect(facts(shot("a", 1, "finished", known))).toEqual(["2 of 5 rows"]);
});
