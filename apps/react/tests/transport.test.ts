import { expect, test } from "vitest";
import { Headway } from "../src/headway";
import type { JobView } from "../src/job";
import { held, NOTHING } from "./held";
import { shot } from "./scripted";
import { until } from "./wait";
import { anew, api, headway, leave } from "./world";

anew({ roundMs: 0 });

function follow(jobId: string): JobView[] {
  const views: JobView[] = [];
  leave.push(headway.subscribe(jobId, () => views.push(headway.view(jobId))));
  return views;
}

async function live(jobId: string): Promise<void> {
  await until(() => headway.view(jobId).connection === "live", `${jobId} is live`);
  await until(() => api.subscribed.some((jobs) => jobId in jobs), `${jobId} is subscribed`);
}

async function seq(jobId: string, wanted: number): Promise<void> {
  await until(() => headway.view(jobId).snapshot?.seq === wanted, `${jobId} is at ${wanted}`);
}

test("the last snapshot is asked for at once, and the socket goes on from its seq", async () => {
  api.put(shot("a", 7));
  follow("a");
  await live("a");
  expect(api.seen.map(({ path }) => path)).toEqual(["/status/a"]);
  expect(api.subscribed).toEqual([{ a: 7 }]);
  api.put(shot("a", 8));
  await seq("a", 8);
  expect(api.seen).toHaveLength(1);
});

test("a terminal snapshot, and nothing else, is the end: socket, requests and timers go", async () => {
  api.put(shot("a", 1));
  follow("a");
  await live("a");
  api.put(shot("a", 2, "finished"));
  await until(() => headway.view("a").connection === "over", "it is over");
  await until(() => api.openSockets === 0 && held.timers === 0, "the socket is closed");
  expect(held).toEqual(NOTHING);
});

test("a job that is over already costs one request and no socket", async () => {
  api.put(shot("a", 9, "failed"));
  follow("a");
  await until(() => headway.view("a").connection === "over", "it is over");
  await until(() => held.timers === 0, "no timer is left");
  expect(api.socketsSeen).toBe(0);
});

test("ten that look at one job share one subscription, and the last that leaves ends it", async () => {
  api.put(shot("a", 1));
  for (let i = 0; i < 10; i++) follow("a");
  await live("a");
  expect([api.socketsSeen, api.seen.length, api.subscribed.length]).toEqual([1, 1, 1]);
  for (const undo of leave.slice(1)) undo();
  expect(api.openSockets).toBe(1);
  leave[0]?.();
  await until(() => api.openSockets === 0, "the socket is closed");
  expect(held).toEqual(NOTHING);
});

test("a hundred jobs are one request and one socket", async () => {
  const jobIds = Array.from({ length: 100 }, (_, i) => `j${i}`);
  for (const jobId of jobIds) api.put(shot(jobId, 1));
  for (const jobId of jobIds) follow(jobId);
  await live("j99");
  expect([api.socketsSeen, api.seen.length, api.subscribed.length]).toEqual([1, 1, 1]);
  for (const jobId of jobIds) api.put(shot(jobId, 2));
  for (const jobId of jobIds) await seq(jobId, 2);
});

test("more jobs than one socket takes are spread over two", async () => {
  const jobIds = Array.from({ length: 201 }, (_, i) => `j${i}`);
  for (const jobId of jobIds) api.put(shot(jobId, 1));
  for (const jobId of jobIds) follow(jobId);
  await until(() => api.openSockets === 2, "two sockets");
  await live("j200");
  expect(api.subscribed.map((jobs) => Object.keys(jobs).length).sort()).toEqual([1, 200]);
});

test("a job that joins an open socket is asked for alone, then subscribed; one that leaves is unsubscribed", async () => {
  api.put(shot("a", 1));
  api.put(shot("b", 5));
  follow("a");
  await live("a");
  follow("b");
  await until(() => api.subscribed.length === 2, "b is subscribed");
  expect(api.seen.map(({ path }) => path)).toEqual(["/status/a", "/status/b"]);
  expect(api.subscribed[1]).toEqual({ b: 5 });
  leave[0]?.();
  await until(() => api.unsubscribed.length === 1, "a is unsubscribed");
  expect(api.unsubscribed).toEqual([["a"]]);
  expect(api.openSockets).toBe(1);
});

test("a frame that does not parse is dropped and counted, and the last snapshot stays", async () => {
  api.put(shot("a", 1));
  follow("a");
  await live("a");
  for (const text of ["{", "7", '{"type":"snapshot"}', '{"type":"snapshot","snapshot":{"job_id":"a"}}'])
    api.frame(text);
  api.put(shot("a", 2));
  await seq("a", 2);
  expect(headway.dropped).toBe(4);
});

test("an older snapshot is dropped", async () => {
  api.put(shot("a", 5));
  follow("a");
  await live("a");
  api.put(shot("a", 4));
  api.put(shot("a", 6));
  await seq("a", 6);
  headway.offer(shot("a", 5));
  expect(headway.view("a").snapshot?.seq).toBe(6);
});

test("where sockets are refused, one held request at a time brings the news", async () => {
  api.pollAfter = "0.05";
  api.refuseSockets = true;
  api.put(shot("a", 1));
  follow("a");
  for (let n = 2; n < 6; n++) {
    await until(() => api.heldRequests === 1, "a request is held");
    api.put(shot("a", n));
    await seq("a", n);
  }
  expect(api.mostUnderWay).toBe(1);
  expect(headway.view("a").connection).toBe("polling");
});

test("a socket that is cut half-way and then refused: polling goes on, and climbs back", async () => {
  api.pollAfter = "0.05";
  api.put(shot("a", 1));
  const views = follow("a");
  await live("a");
  api.put(shot("a", 2));
  await seq("a", 2);
  api.refuseSockets = true;
  api.cut();
  await until(() => headway.view("a").connection === "polling", "it polls");
  api.put(shot("a", 3));
  await seq("a", 3);
  await until(() => api.socketsSeen >= 2, "a socket was tried");
  api.put(shot("a", 4));
  await seq("a", 4);
  api.refuseSockets = false;
  await until(() => headway.view("a").connection === "live", "it climbed back");
  await until(() => api.subscribed.length === 2, "it is subscribed again");
  expect(api.subscribed[1]).toEqual({ a: 4 });
  const seqs = views.map(({ snapshot }) => snapshot?.seq ?? 0);
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
  expect(views.some(({ connection }) => connection === "waiting")).toBe(false);
});

test("many jobs without a socket are one batch request at the API's cadence", async () => {
  api.refuseSockets = true;
  api.pollAfter = "0.3";
  api.put(shot("a", 1));
  api.put(shot("b", 1));
  follow("a");
  follow("b");
  await until(() => api.seen.length >= 4, "four polls");
  expect(new Set(api.seen.map(({ path, query }) => `${path} ${query.get("ids")}`))).toEqual(
    new Set(["/status a,b"]),
  );
  const gaps = api.seen.slice(2).map(({ at }, i) => at - (api.seen[i + 1]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(280);
  expect(api.mostUnderWay).toBe(1);
});

test("an API that is killed keeps the last snapshot on the page, says since when, and is found again", async () => {
  api.put(shot("a", 3));
  follow("a");
  await live("a");
  const before = Date.now();
  await api.stop();
  await until(() => headway.view("a").connection === "waiting", "it waits");
  expect(headway.view("a").snapshot?.seq).toBe(3);
  expect(headway.view("a").staleSince).toBeLessThanOrEqual(before + 1000);
  api.keep(shot("a", 4));
  await api.start();
  await seq("a", 4);
  await until(() => headway.view("a").connection === "live", "it is live again");
  expect(headway.view("a").staleSince).toBeNull();
});

test("an API that cannot serve is asked again when it says so", async () => {
  api.failWith = { status: 503, headers: { "Retry-After": "1" }, body: {} };
  follow("a");
  await until(() => api.seen.length === 2, "it was asked again");
  expect((api.seen[1]?.at ?? 0) - (api.seen[0]?.at ?? 0)).toBeGreaterThan(980);
  expect(api.socketsSeen).toBe(0);
});

test("a refusal is said and not repeated", async () => {
  api.failWith = {
    status: 403,
    headers: {},
    body: { type: "x", title: "No", detail: "pages of other sites are not served" },
  };
  follow("a");
  await until(() => headway.view("a").problem !== null, "it is refused");
  expect(headway.view("a").problem).toEqual({
    kind: "refused",
    detail: "pages of other sites are not served",
  });
  await until(() => held.timers === 0, "no timer is left");
  expect(held).toEqual(NOTHING);
});

test("a socket closed with 4403 is a refusal", async () => {
  api.put(shot("a", 1));
  follow("a");
  await live("a");
  api.close(4403, "the page's origin is not served");
  await until(() => headway.view("a").problem !== null, "it is refused");
  expect(headway.view("a")).toMatchObject({ problem: { kind: "refused" }, snapshot: { seq: 1 } });
});

test("a job that nobody knows is said to be unknown", async () => {
  follow("nobody");
  await until(() => headway.view("nobody").problem !== null, "it is unknown");
  expect(headway.view("nobody").problem).toEqual({ kind: "unknown", detail: "job not found" });
  await until(() => held.timers === 0, "no timer is left");
});

test("a job that the socket forgot is found by asking, and the socket is given up", async () => {
  api.put(shot("a", 1));
  follow("a");
  await live("a");
  api.mute = true;
  api.keep(shot("a", 2));
  headway.wake();
  await seq("a", 2);
  api.keep(shot("a", 3));
  await seq("a", 3);
  await until(() => api.socketsSeen === 2, "another socket");
});

test("a retry's answer starts a job that was over again", async () => {
  api.put(shot("a", 5, "failed"));
  follow("a");
  await until(() => headway.view("a").connection === "over", "it is over");
  api.keep(shot("a", 6, "queued", { attempt: 2 }));
  headway.offer(shot("a", 6, "queued", { attempt: 2 }));
  await live("a");
  api.put(shot("a", 7, "finished", { attempt: 2 }));
  await until(() => headway.view("a").connection === "over", "it is over again");
});

test("a listener that leaves and comes back at once, as in StrictMode, doubles nothing", async () => {
  api.put(shot("a", 1));
  headway.subscribe("a", () => {})();
  follow("a");
  await live("a");
  expect([api.socketsSeen, api.seen.length, api.subscribed.length]).toEqual([1, 1, 1]);
});

test("the view is one and the same object until something changes", async () => {
  api.put(shot("a", 1));
  follow("a");
  await live("a");
  const view = headway.view("a");
  api.put(shot("a", 1));
  api.frame("{");
  await until(() => headway.dropped === 1, "the frame came");
  expect(headway.view("a")).toBe(view);
});

test("a submit whose answer was lost is sent again with the same key", async () => {
  api.answers.set("POST /jobs", { status: 201, body: shot("new", 1, "queued") });
  api.loseAnswers = 1;
  expect((await headway.api.submit("t", {})).job_id).toBe("new");
  expect(api.seen).toHaveLength(2);
  expect(new Set(api.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test("the lesson's own API, which counts nothing and knows single jobs alone, is followed by polling", async () => {
  api.isLesson = true;
  api.put(shot("a", 10, "running", { updated_at: "1" }));
  api.put(shot("b", 10));
  const views = follow("a");
  follow("b");
  const percent = (jobId: string) => headway.view(jobId).snapshot?.percent;
  await until(() => percent("a") === 10 && percent("b") === 10, "both are shown");
  api.put(shot("a", 20, "running", { updated_at: "2" }));
  await until(() => percent("a") === 20, "a has moved");
  api.put(shot("a", 30, "finished", { updated_at: "3" }));
  await until(() => views.at(-1)?.connection === "over", "it was told that a is over");
  expect(views.map(({ snapshot }) => snapshot?.seq).filter(Boolean)).toEqual([1, 2, 3]);
  expect(headway.view("b")).toMatchObject({ connection: "polling", snapshot: { seq: 1 } });
  expect(api.seen.filter(({ path }) => path === "/status")).toHaveLength(1);
});

test("an option that is given as undefined is left to its default", () => {
  const given: object = { sockets: undefined, roundMs: undefined, draw: undefined };
  const { options } = new Headway(given);
  expect(options).toEqual({ sockets: true, roundMs: 50, draw: Math.random });
});
