// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Headway } from "../src/headway";
import { ScriptedApi, shot } from "./scripted";
import { until } from "./wait";

let api: ScriptedApi;
let headway: Headway;
let leave = () => {};

beforeEach(async () => {
  api = new ScriptedApi();
  await api.start();
  headway = new Headway({ url: api.url, roundMs: 0 });
});

afterEach(async () => {
  leave();
  show(true);
  await api.stop();
});

function show(visible: boolean): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(visible ? "visible" : "hidden");
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a hidden tab asks no faster than every 15 s, and at once when it is shown", async () => {
  api.pollAfter = "0.05";
  api.refuseSockets = true;
  api.put(shot("a", 1));
  api.put(shot("b", 1));
  show(false);
  leave = headway.subscribe("a", () => {});
  const leaveB = headway.subscribe("b", () => {});
  await until(() => api.socketsSeen === 1, "the first poll is done");
  await new Promise((passed) => setTimeout(passed, 300));
  expect(api.seen).toHaveLength(1);
  show(true);
  await until(() => api.seen.length > 1, "it asks again");
  leaveB();
});

test("an API that asked for patience is asked again the moment the network is back", async () => {
  api.put(shot("a", 1));
  api.failWith = { status: 503, headers: { "Retry-After": "60" }, body: {} };
  leave = headway.subscribe("a", () => {});
  await until(() => headway.view("a").connection === "waiting", "it waits");
  api.failWith = null;
  window.dispatchEvent(new Event("online"));
  await until(() => headway.view("a").snapshot !== null, "the snapshot is there");
});
