import { expect, test } from "vitest";
import { type Entry, initialEntry, readForm } from "../demo/entries";
import type { FormField } from "../src/wire";

function field(kind: FormField["kind"], more: Partial<FormField> = {}): FormField {
  return { name: "x", kind, label: "", help: "", required: true, nullable: false, ...more };
}

async function read(one: FormField, entry?: Entry) {
  const entries = new Map(entry === undefined ? [] : [["x", entry]]);
  const { params, problems } = await readForm([one], entries, async (file) => `id of ${file.name}`);
  return problems.length ? problems.map(({ detail }) => detail) : params;
}

test.each<[FormField, Entry, unknown]>([
  [field("string"), " as typed ", " as typed "],
  [field("integer"), " 12 ", 12],
  [field("integer"), "12.5", "12.5"],
  [field("integer"), "9007199254740993", "9007199254740993"],
  [field("number"), "1e-3", 0.001],
  [field("number"), "many", "many"],
  [field("boolean", { default: true }), false, false],
  [field("boolean"), "true", true],
  [field("choice", { choices: ["a", 1, null] }), "1", 1],
  [field("date"), "2026-02-28", "2026-02-28"],
  [field("datetime"), "2026-02-28T12:30", "2026-02-28T12:30:00Z"],
  [field("json"), '{"a": [1]}', { a: [1] }],
  [field("array", { item: field("integer") }), "1\n\n 2 ", [1, 2]],
  [field("array", { item: field("choice", { choices: ["a", "b"] }) }), ["1"], ["b"]],
  [field("array", { item: field("string") }), "", []],
  [field("file"), "/data/a.csv", "/data/a.csv"],
  [field("file"), [new File([], "a.csv")], "id of a.csv"],
  [field("array", { item: field("file") }), [new File([], "a"), new File([], "b")], ["id of a", "id of b"]],
])("a field of %j that holds %j means %j", async (one, entry, means) => {
  expect(await read(one, entry)).toEqual({ x: means });
});

test.each<FormField>([
  field("string", { required: false, default: "a" }),
  field("integer", { required: false, default: 5 }),
  field("boolean", { required: false, default: true }),
  field("choice", { required: false, default: "b", choices: ["a", "b"] }),
  field("datetime", { required: false, default: "2026-02-28T12:30:00+02:00" }),
  field("json", { required: false, default: { a: 1 } }),
  field("array", { required: false, default: [1, 2], item: field("integer") }),
  field("string"),
])("what nobody touched is left to the task: %j", async (one) => {
  expect(await read(one)).toEqual({});
  expect(await read(one, initialEntry(one))).toEqual({});
});

test("what was emptied is null where it may be, and empty text where that is a text", async () => {
  expect(await read(field("integer", { nullable: true, required: false, default: 5 }), "")).toEqual({
    x: null,
  });
  expect(await read(field("string", { required: false, default: "a" }), "")).toEqual({ x: "" });
});

test("a number that was emptied, and text that is no JSON, are said to be wrong", async () => {
  expect(await read(field("integer", { required: false, default: 5 }), "")).toEqual(["is required"]);
  expect(await read(field("json"), "{")).toEqual(["must be JSON"]);
});

test("a moment is shown in UTC", () => {
  expect(initialEntry(field("datetime", { default: "2026-02-28T12:30:00+02:00" }))).toBe("2026-02-28T10:30");
  expect(initialEntry(field("datetime", { default: "2026-02-28T12:30:00" }))).toBe("2026-02-28T12:30");
});
