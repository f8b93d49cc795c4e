import { createRoot } from "react-dom/client";
// @ts-expect-error: plain JavaScript, as the lesson has it
import LessonLive from "../../../../tests/lesson/react/JobLive.js";
// @ts-expect-error: plain JavaScript, as the lesson has it
import LessonPoller from "../../../../tests/lesson/react/JobPoller.js";
import { JobLive, JobPoller } from "../../src";

/** `?job=<id>`: one job in each component; none of them is told where the API is. */
const jobId = new URLSearchParams(location.search).get("job") ?? "";
const shown = { "lesson JobPoller": LessonPoller, "lesson JobLive": LessonLive, JobPoller, JobLive };

createRoot(document.querySelector("main") as HTMLElement).render(
  Object.entries(shown).map(([name, Component]) => (
    <section key={name} aria-label={name}>
      <Component jobId={jobId} />
    </section>
  )),
);
