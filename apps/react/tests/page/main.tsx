import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Headway, HeadwayProvider, JobList, JobLive, JobPoller } from "../../src";
import "../../style.css";

/** `?api=<address>&job=<id>&job=<id>…`: the first job in each component, all in a list. */
const query = new URLSearchParams(location.search);
const jobIds = query.getAll("job");
const headway = new Headway({ url: query.get("api") ?? "" });
const [first = ""] = jobIds;

createRoot(document.querySelector("main") as HTMLElement).render(
  <StrictMode>
    <HeadwayProvider headway={headway}>
      <section aria-label="JobPoller">
        <JobPoller jobId={first} />
      </section>
      <section aria-label="JobLive">
        <JobLive jobId={first} />
      </section>
      <JobList ids={jobIds} />
    </HeadwayProvider>
  </StrictMode>,
);
