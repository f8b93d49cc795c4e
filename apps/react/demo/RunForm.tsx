import { type FormEvent, type JSX, useState } from "react";
import { type Api, ApiError, useHeadway, useTask } from "../src";
import { errorOf } from "../src/api";
import { isObject } from "../src/snapshot";
import type { FieldProblem } from "../src/wire";
import { go, jobPath } from "./address";
import { type Entry, initialEntry, readForm } from "./entries";
import { Field } from "./Field";

const NO_FIELDS = [] as const;
/** A large file on a slow line takes its time. */
const UPLOAD_MS = 3_600_000;

/** A task's form, from its schema. */
export function RunForm({ name }: { readonly name: string }): JSX.Element {
  const { api } = useHeadway();
  const { task, error, submit, isSubmitting, refusal } = useTask(name);
  const [entries, setEntries] = useState<ReadonlyMap<string, Entry>>(new Map());
  const [own, setOwn] = useState<readonly FieldProblem[]>([]);
  const fields = task?.fields ?? NO_FIELDS;
  const names = new Set(fields.map((field) => field.name));
  const problems = own.length ? own : (refusal?.problem?.errors ?? []);
  const elsewhere = problems.filter(({ field }) => !names.has(topOf(field)));

  const run = async (event: FormEvent) => {
    event.preventDefault();
    const filled = await readForm(fields, entries, (file) => upload(api, file));
    setOwn(filled.problems);
    if (filled.problems.length) return;
    const snapshot = await submit(filled.params);
    if (snapshot !== null) go(jobPath(snapshot.job_id));
  };

  if (task === null) return <p>{error?.message ?? "Loading…"}</p>;
  return (
    <form onSubmit={(event) => void run(event)} noValidate>
      {task.description && <p>{task.description}</p>}
      {task.workers === 0 && <p>No worker serves this task now; the job will wait for one.</p>}
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          entry={entries.get(field.name) ?? initialEntry(field)}
          problems={problems.filter((problem) => topOf(problem.field) === field.name)}
          enter={(entry) => setEntries((before) => new Map(before).set(field.name, entry))}
        />
      ))}
      <button type="submit" disabled={isSubmitting}>
        Run
      </button>
      <div role="alert">
        {elsewhere.map(({ field, detail }) => (
          <p key={field} className="problem">
            {field ? `${field}: ${detail}` : detail}
          </p>
        ))}
        {refusal !== null && !problems.length && <p className="problem">{refusal.message}</p>}
      </div>
    </form>
  );
}

function topOf(field: string): string {
  return field.split(".", 1)[0] ?? "";
}

async function upload(api: Api, file: File): Promise<string> {
  const body = new FormData();
  body.append("file", file);
  const init = { method: "POST", body };
  const answer = await api.ask("/files", new AbortController(), UPLOAD_MS, init).catch(() => {
    throw new ApiError(0, null, "the API does not answer");
  });
  if (answer.httpStatus < 300 && isObject(answer.body)) return String(answer.body.file_id);
  throw errorOf(answer);
}
