import type { JSX } from "react";
import { Download } from "./Download";
import { useHeadway } from "./provider";
import { isObject } from "./snapshot";

const ROWS_MAX = 100;

/** What a job returned: a table where it is one, a link where it is kept beside, otherwise its JSON. */
export function Result({ result }: { readonly result: unknown }): JSX.Element | null {
  const { api, options } = useHeadway();
  if (result === null || result === undefined) return null;
  const path = pathOf(result);
  if (path !== null) {
    const text = `Result, ${path.bytes.toLocaleString("en-US")} bytes`;
    if (options.token) return <Download path={path.href} fileName="result.json" text={text} />;
    return (
      <a data-part="result" href={api.url + path.href}>
        {text}
      </a>
    );
  }
  if (isTable(result)) return <Table table={result} />;
  return <pre data-part="result">{JSON.stringify(result, null, 2)}</pre>;
}

// Only what the API itself keeps beside is a path of its own.
function pathOf(result: unknown): { href: string; bytes: number } | null {
  if (!isObject(result) || typeof result.href !== "string" || Object.keys(result).length !== 2) return null;
  return /^\/jobs\/[\w-]+\/result$/.test(result.href)
    ? { href: result.href, bytes: Number(result.bytes) }
    : null;
}

interface TableResult {
  readonly columns: readonly unknown[];
  readonly rows: readonly (readonly unknown[])[];
  readonly total_rows?: unknown;
}

function isTable(result: unknown): result is TableResult {
  if (!isObject(result) || result.type !== "table" || !Array.isArray(result.columns)) return false;
  return Array.isArray(result.rows) && result.rows.every(Array.isArray);
}

function Table({ table }: { readonly table: TableResult }): JSX.Element {
  const { columns, rows, total_rows } = table;
  const total = typeof total_rows === "number" ? total_rows : rows.length;
  const shown = rows.slice(0, ROWS_MAX);
  return (
    <div data-part="result">
      <table>
        <thead>
          <tr>
            {columns.map((name, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name, and none ever moves
              <th key={place} scope="col">
                {cell(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name but their place
            <tr key={place}>
              {row.map((value, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as the columns
                <td key={column}>{cell(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < total && (
        <p data-part="rest">
          The first {shown.length} of {total.toLocaleString("en-US")} rows.
        </p>
      )}
    </div>
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
