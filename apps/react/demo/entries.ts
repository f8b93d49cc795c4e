import type { FieldProblem, FormField } from "../src/wire";

/** What a field holds before it is read: text as typed, a choice's place as text, a tick, or files. */
export type Entry = string | boolean | readonly string[] | readonly File[];

/** Stores a file where the API finds it; what a file parameter takes for it. */
export type Upload = (file: File) => Promise<string>;

export interface Filled {
  readonly params: Readonly<Record<string, unknown>>;
  readonly problems: readonly FieldProblem[];
}

const OMITTED = Symbol("left to the task's default");
const TEXTS: ReadonlySet<FormField["kind"]> = new Set(["string", "text"]);
const NUMBERS: ReadonlySet<FormField["kind"]> = new Set(["integer", "number"]);

/** What a field holds while nobody has touched it. */
export function initialEntry(field: FormField): Entry {
  const { kind, choices = [], item } = field;
  const value = field.default ?? null;
  if (kind === "array") {
    const values = Array.isArray(value) ? value : [];
    if (item?.kind === "file") return [];
    return item?.kind === "choice"
      ? values.map((one) => placeOf(item.choices ?? [], one)).filter(Boolean)
      : values.map(String).join("\n");
  }
  if (kind === "boolean") return hasTick(field) ? value === true : String(value ?? "");
  if (value === null) return "";
  if (kind === "choice") return placeOf(choices, value);
  if (kind === "datetime") return utcMinute(String(value));
  return kind === "json" ? JSON.stringify(value, null, 2) : String(value);
}

/** Whether a yes or no is drawn as a box to tick, which cannot say "neither". */
export function hasTick(field: FormField): boolean {
  return !field.nullable && typeof field.default === "boolean";
}

/**
 * The params that a filled-in form means, for a submit, and what is wrong with it.
 *
 * What was not touched is left to the task's defaults; what was emptied and may be null is null. The API checks the rest.
 */
export async function readForm(
  fields: readonly FormField[],
  entries: ReadonlyMap<string, Entry>,
  upload: Upload,
): Promise<Filled> {
  const params: Record<string, unknown> = {};
  const problems: FieldProblem[] = [];
  for (const field of fields) {
    const initial = initialEntry(field);
    const entry = entries.get(field.name) ?? initial;
    try {
      const untouched =
        !field.required && JSON.stringify(entry) === JSON.stringify(initial) && !hasFiles(entry);
      const value = untouched ? OMITTED : await readEntry(field, entry, upload);
      if (value !== OMITTED) params[field.name] = value;
    } catch (error) {
      problems.push({ field: field.name, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return { params, problems };
}

async function readEntry(field: FormField, entry: Entry, upload: Upload): Promise<unknown> {
  const blank = Array.isArray(entry) ? entry.length === 0 : typeof entry === "string" && !entry.trim();
  if (blank) return blankValue(field);
  if (field.kind !== "array") return readOne(field, Array.isArray(entry) ? entry[0] : entry, upload);
  const { item } = field;
  const lines = typeof entry === "string" ? entry.split("\n").map((line) => line.trim()) : entry;
  const given = Array.isArray(lines) ? lines.filter((line) => line !== "") : [];
  return Promise.all(given.map((one) => (item ? readOne(item, one, upload) : one)));
}

function blankValue(field: FormField): unknown {
  if (field.nullable) return null;
  if (field.kind === "array") return [];
  if (NUMBERS.has(field.kind) && (field.default ?? null) !== null) throw new Error("is required");
  if (TEXTS.has(field.kind) && !field.required) return "";
  return OMITTED;
}

async function readOne(field: FormField, entry: string | boolean | File, upload: Upload): Promise<unknown> {
  if (entry instanceof File) return upload(entry);
  if (typeof entry === "boolean") return entry;
  if (field.kind === "choice") return field.choices?.[Number(entry)];
  if (field.kind === "boolean") return entry === "true";
  if (field.kind === "datetime") return `${entry}${/T\d\d:\d\d$/.test(entry) ? ":00" : ""}Z`;
  if (field.kind === "json") return parsed(entry);
  return NUMBERS.has(field.kind) ? numberOf(field, entry.trim()) : entry;
}

// What JavaScript's numbers cannot hold stays text, and the API says that it is no number.
function numberOf(field: FormField, text: string): unknown {
  const value = Number(text);
  const holds = field.kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
  return holds ? value : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("must be JSON");
  }
}

function placeOf(choices: readonly unknown[], value: unknown): string {
  const place = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return place < 0 ? "" : String(place);
}

function utcMinute(text: string): string {
  const at = new Date(/([zZ]|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().slice(0, 16);
}

function hasFiles(entry: Entry): boolean {
  return Array.isArray(entry) && entry.some((one) => one instanceof File);
}
