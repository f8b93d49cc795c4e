import { type JSX, useEffect, useState } from "react";
import { JobList } from "../src";
import { isObject } from "../src/snapshot";
import { useQuestion } from "../src/use-question";
import type { TaskInfo } from "../src/wire";
import { jobPath } from "./address";
import { RunForm } from "./RunForm";

const RECENT = { limit: 20 } as const;
const REFRESH_MS = 10_000;

/** Run a task, and see what ran. */
export function HomePage(): JSX.Element {
  useEffect(() => {
    document.title = "headway";
  }, []);
  return (
    <div className="columns">
      <section aria-labelledby="run">
        <h1 id="run">Run a task</h1>
        <Run />
      </section>
      <section aria-labelledby="recent">
        <h1 id="recent">Recent jobs</h1>
        <JobList filter={RECENT} href={jobPath} />
      </section>
    </div>
  );
}

function Run(): JSX.Element {
  const { data, error } = useQuestion("/tasks", REFRESH_MS, readTasks);
  const [chosen, choose] = useState<string | null>(null);
  if (data === null) return <p>{error?.message ?? "Loading…"}</p>;
  const names = data.map(({ name }) => name).sort();
  const name = chosen ?? data.find(({ workers }) => workers > 0)?.name ?? names[0];
  if (name === undefined) return <p>No worker has announced a task yet.</p>;
  return (
    <>
      <div className="field">
        <label htmlFor="task">Task</label>
        <select id="task" value={name} onChange={({ target }) => choose(target.value)}>
          {names.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </div>
      <RunForm key={name} name={name} />
    </>
  );
}

function readTasks(body: unknown): readonly TaskInfo[] {
  return Array.isArray(body) ? body.filter((one) => isObject(one) && typeof one.name === "string") : [];
}
