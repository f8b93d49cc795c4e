// @vitest-environment jsdom
import { act, render, screen, within } from "@testing-library/react";
import { StrictMode } from "react";
import { expect, test } from "vitest";
import { HeadwayProvider, JobList, JobLive, JobPoller, JobProgress } from "../src";
import { held, NOTHING } from "./held";
import { shot } from "./scripted";
import { until } from "./wait";
import { anew, api, headway } from "./world";

anew();

function show(element: React.ReactElement) {
  return render(
    <StrictMode>
      <HeadwayProvider headway={headway}>{element}</HeadwayProvider>
    </StrictMode>,
  );
}

async function bar(): Promise<HTMLProgressElement> {
  return (await screen.findByRole("progressbar")) as HTMLProgressElement;
}

test("JobLive connects, shows the job, locks its bar at 100 and shows the result", async () => {
  api.put(shot("a", 40));
  show(<JobLive jobId="a" />);
  screen.getByText("Connecting…");
  await screen.findByText("running: step 40");
  expect((await bar()).value).toBe(40);
  await until(() => api.subscribed.length === 1, "it is live");
  act(() => api.put(shot("a", 41, "finished", { percent: 80, result: { value: 42 } })));
  await screen.findByText(/"value": 42/);
  expect((await bar()).value).toBe(100);
});

test("JobPoller polls, opens no socket, and stops at the end", async () => {
  api.pollAfter = "0.05";
  api.put(shot("a", 40));
  const { unmount } = show(<JobPoller jobId="a" />);
  screen.getByText("Loading…");
  await screen.findByText("running: step 40");
  api.put(shot("a", 41, "finished"));
  await screen.findByText("finished: step 41");
  expect(api.socketsSeen).toBe(0);
  const asked = api.seen.length;
  unmount();
  expect(held).toEqual(NOTHING);
  expect(api.seen).toHaveLength(asked);
});

test("both on one job share the page's jobs, and show the same", async () => {
  api.pollAfter = "0.05";
  api.put(shot("a", 40));
  show(
    <>
      <JobPoller jobId="a" />
      <JobLive jobId="a" />
    </>,
  );
  await until(() => screen.queryAllByText("running: step 40").length === 2, "both show it");
});

test("a job that failed keeps its percent and says in a banner what went wrong", async () => {
  api.put(shot("a", 33, "failed", { error: { type: "ValueError", detail: "no column 'x'" } }));
  show(<JobProgress jobId="a" />);
  const banner = await screen.findByRole("alert");
  expect(banner.textContent).toBe("ValueError no column 'x'");
  expect((await bar()).value).toBe(33);
});

test("a bar without a known total measures nothing", async () => {
  api.put(shot("a", 1, "running", { percent: 0, n: 500, total: null }));
  show(<JobProgress jobId="a" />);
  expect((await bar()).hasAttribute("value")).toBe(false);
  expect((await bar()).getAttribute("aria-valuetext")).toBe("total unknown, running");
});

test("nested bars are drawn by their depth, each with its own count", async () => {
  const one = { percent: 50, fraction: 0.5, unit: "it" };
  const bars = [
    { ...one, id: 0, parent: null, desc: "epochs", n: 1, total: 2 },
    { ...one, id: 1, parent: 0, desc: "batches", n: 5, total: 10 },
  ];
  api.put(shot("a", 50, "running", { bars }));
  show(<JobProgress jobId="a" />);
  const inner = (await screen.findByText("batches")).closest("li");
  expect(inner?.style.getPropertyValue("--headway-depth")).toBe("1");
  expect(within(inner as HTMLElement).getByText("5 of 10")).toBeTruthy();
});

test("buttons are those that the job's state allows, and what was asked is said", async () => {
  api.put(shot("a", 1, "running", { can: ["pause", "cancel"] }));
  const control = { requested: "pause", by: "me", at: "" } as const;
  api.answers.set("POST /jobs/a/pause", {
    status: 200,
    body: shot("a", 2, "running", { can: ["pause", "cancel"], control }),
  });
  show(<JobProgress jobId="a" />);
  const button = await screen.findByRole("button", { name: "Pause" });
  act(() => button.click());
  await screen.findByText("pause asked for");
  expect(screen.getAllByRole("button").map(({ textContent }) => textContent)).toEqual(["Cancel"]);
});

test("a job that nobody knows says so instead of loading for ever", async () => {
  show(<JobProgress jobId="nobody" />);
  expect((await screen.findByRole("alert")).textContent).toBe("Job nobody: job not found");
});

test("when the API goes, the last snapshot stays, marked as stale and with its age", async () => {
  api.put(shot("a", 40));
  show(<JobProgress jobId="a" />);
  await screen.findByText("running: step 40");
  await until(() => api.subscribed.length === 1, "it is live");
  await api.stop();
  await screen.findByText(/^The API has not answered for .* What is shown is from then\.$/);
  expect(screen.getByText("running: step 40").closest("section")?.dataset.stale).toBe("");
});

test("an API that never answered is said to be away", async () => {
  await api.stop();
  show(<JobProgress jobId="a" />);
  await screen.findByText("The API does not answer. Still asking…");
});

test("a large result is a link, but only to where the API keeps results", async () => {
  api.put(shot("a", 1, "finished", { result: { href: "/jobs/a/result", bytes: 300_000 } }));
  api.put(shot("b", 1, "finished", { result: { href: "javascript:alert(1)", bytes: 1 } }));
  show(
    <>
      <JobProgress jobId="a" />
      <JobProgress jobId="b" />
    </>,
  );
  const links = await screen.findAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toEqual([`${api.url}/jobs/a/result`]);
});

test("a table is drawn as one, and says how many rows are not shown", async () => {
  const rows = Array.from({ length: 150 }, (_, i) => [`row ${i}`, i / 3, null]);
  const result = { type: "table", columns: ["name", "value", "name"], rows, total_rows: 1234 };
  api.put(shot("a", 1, "finished", { result }));
  show(<JobProgress jobId="a" />);
  await screen.findByRole("row", { name: "row 1 0.333333 –" });
  expect(screen.getAllByRole("row")).toHaveLength(101);
  screen.getByText("The first 100 of 1,234 rows.");
});

test("JobList shows each job live, with a link where the page gives one", async () => {
  for (const jobId of ["a", "b"]) api.put(shot(jobId, 5));
  show(<JobList ids={["b", "a"]} href={(jobId) => `/ui/jobs/${jobId}`} />);
  await until(() => screen.queryAllByText("running: step 5").length === 2, "both are shown");
  const links = screen.getAllByRole("link").map((link) => link.getAttribute("href"));
  expect(links).toEqual(["/ui/jobs/b", "/ui/jobs/a"]);
  await until(() => api.subscribed.length === 1, "both are live");
  act(() => api.put(shot("a", 6)));
  await screen.findByText("running: step 6");
});

test("a list of nothing says so", async () => {
  api.answers.set("GET /jobs", { status: 200, body: { jobs: [], next: null } });
  show(<JobList />);
  screen.getByText("Loading…");
  await screen.findByText("No jobs.");
});
