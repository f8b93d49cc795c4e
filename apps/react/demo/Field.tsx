import { type ChangeEvent, type JSX, useId } from "react";
import type { FieldProblem, FormField } from "../src/wire";
import { type Entry, hasTick } from "./entries";

export interface FieldProps {
  readonly field: FormField;
  readonly entry: Entry;
  readonly problems: readonly FieldProblem[];
  readonly enter: (entry: Entry) => void;
}

/** One field of a form, with its help and what is wrong with it. */
export function Field(props: FieldProps): JSX.Element {
  const { field, problems } = props;
  const id = useId();
  const needed = field.required && !field.nullable && (field.default ?? null) === null;
  return (
    <div className="field">
      <label htmlFor={id}>
        {field.label || field.name}
        {needed && <span title="required"> *</span>}
        {field.kind === "datetime" && " (UTC)"}
      </label>
      <Control {...props} id={id} />
      <div id={`${id}-said`}>
        {field.help && <small>{field.help}</small>}
        {problems.map(({ field: where, detail }) => (
          <p key={where + detail} className="problem">
            {sentence(where, detail)}
          </p>
        ))}
      </div>
    </div>
  );
}

type Typed = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function Control({ field, entry, problems, enter, id }: FieldProps & { readonly id: string }): JSX.Element {
  const common = {
    id,
    name: field.name,
    "aria-describedby": `${id}-said`,
    "aria-invalid": problems.length > 0,
  };
  const typed = {
    ...common,
    value: String(entry),
    onChange: ({ target }: ChangeEvent<Typed>) => enter(target.value),
  };
  switch (field.kind) {
    case "boolean":
      return hasTick(field) ? (
        <input
          {...common}
          type="checkbox"
          checked={entry === true}
          onChange={(e) => enter(e.target.checked)}
        />
      ) : (
        <Choices
          common={typed}
          options={[
            ["true", "yes"],
            ["false", "no"],
          ]}
        />
      );
    case "choice":
      return <Choices common={typed} options={numbered(field)} />;
    case "array":
      return <Several common={common} typed={typed} field={field} entry={entry} enter={enter} />;
    case "file":
      return <FileOrPath common={common} entry={entry} enter={enter} label={field.label || field.name} />;
    case "text":
    case "json":
      return <textarea {...typed} rows={4} placeholder={field.kind === "json" ? "JSON" : undefined} />;
    case "date":
      return <input {...typed} type="date" />;
    case "datetime":
      return <input {...typed} type="datetime-local" />;
    case "integer":
    case "number":
      // Not a number input: that one gives nothing at all for what it does not take.
      return <input {...typed} inputMode="decimal" autoComplete="off" placeholder={range(field)} />;
    default:
      return <input {...typed} placeholder={field.pattern ?? undefined} />;
  }
}

interface FileOrPathProps extends Pick<FieldProps, "entry" | "enter"> {
  readonly common: object;
  readonly label: string;
}

function FileOrPath({ common, entry, enter, label }: FileOrPathProps): JSX.Element {
  return (
    <>
      <input {...common} type="file" onChange={(e) => enter([...(e.target.files ?? [])])} />
      {!Array.isArray(entry) && (
        <input
          aria-label={`${label}: path`}
          placeholder="or a path where the workers are"
          value={String(entry)}
          onChange={(e) => enter(e.target.value)}
        />
      )}
    </>
  );
}

type Option = readonly [value: string, words: string];

function Choices({
  common,
  options,
}: {
  readonly common: object;
  readonly options: readonly Option[];
}): JSX.Element {
  return (
    <select {...common}>
      <option value="">–</option>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}

interface SeveralProps extends Pick<FieldProps, "field" | "entry" | "enter"> {
  readonly common: object;
  readonly typed: object;
}

function Several({ common, typed, field, entry, enter }: SeveralProps): JSX.Element {
  if (field.item?.kind === "file")
    return <input {...common} type="file" multiple onChange={(e) => enter([...(e.target.files ?? [])])} />;
  if (field.item?.kind !== "choice") return <textarea {...typed} rows={3} placeholder="One entry a line" />;
  const chosen = Array.isArray(entry) ? entry.map(String) : [];
  return (
    <select
      {...common}
      multiple
      value={chosen}
      onChange={(e) => enter([...e.target.selectedOptions].map(({ value }) => value))}
    >
      {numbered(field.item).map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}

function numbered({ choices = [] }: FormField): readonly Option[] {
  return choices.map((choice, place) => [
    String(place),
    typeof choice === "string" ? choice : JSON.stringify(choice),
  ]);
}

function range({ minimum, maximum }: FormField): string {
  const [low, high] = [minimum ?? null, maximum ?? null];
  if (low !== null && high !== null) return `${low} to ${high}`;
  if (low !== null) return `from ${low}`;
  return high === null ? "a number" : `up to ${high}`;
}

function sentence(where: string, detail: string): string {
  if (detail === "is required") return "This field is required.";
  const [, inside] = where.split(".", 2);
  const said =
    inside === undefined
      ? detail
      : `${/^\d+$/.test(inside) ? `Entry ${Number(inside) + 1}` : inside}: ${detail}`;
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
}
