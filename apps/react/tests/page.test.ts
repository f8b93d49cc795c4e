// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { shot } from "./scripted";
import { until } from "./wait";
import { anew, api, headway, leave } from "./world";

anew({ roundMs: 0 });

afterEach(() => show(true));

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
  leave.push(headway.subscribe("a", () => {}));
  leave.push(headway.subscribe("b", () => {}));
  await until(() => api.socketsSeen === 1, "the first poll is done");
  await new Promise((passed) => setTimeout(passed, 300));
  expect(api.seen).toHaveLength(1);
  show(true);
  await until(() => api.seen.length > 1, "it asks again");
});

test("an API that asked for patience is asked again the moment the network is back", async () => {
  api.put(shot("a", 1));
  api.failWith = { status: 503, headers: { "Retry-After": "60" }, body: {} };
  leave.push(headway.subscribe("a", () => {}));
  await until(() => headway.view("a").connection === "waiting", "it waits");
  api.failWith = null;
  window.dispatchEvent(new Event("online"));
  await until(() => headway.view("a").snapshot !== null, "the snapshot is there");
});
