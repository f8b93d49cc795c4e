import { type JSX, useState } from "react";
import { type Api, ApiError, errorOf } from "./api";
import { useHeadway } from "./provider";
import { parseJson } from "./snapshot";

export interface DownloadProps {
  /** Where the API keeps it. */
  readonly path: string;
  readonly fileName: string;
  readonly text: string;
}

/** A file that the API gives to those alone who show a token, which a link cannot. */
export function Download({ path, fileName, text }: DownloadProps): JSX.Element {
  const { api } = useHeadway();
  const [problem, setProblem] = useState<string | null>(null);
  const download = async () => {
    setProblem(null);
    try {
      save(await fetchFile(api, path), fileName);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : `the API at ${api.url} does not answer`);
    }
  };
  return (
    <div data-part="result">
      <button type="button" onClick={() => void download()}>
        {text}
      </button>
      {problem !== null && <span role="alert"> {problem}</span>}
    </div>
  );
}

async function fetchFile(api: Api, path: string): Promise<Blob> {
  const token = await api.token();
  const response = await fetch(api.url + path, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  const { status, headers } = response;
  if (!response.ok) throw errorOf({ httpStatus: status, headers, body: parseJson(await response.text()) });
  return response.blob();
}

function save(file: Blob, fileName: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = fileName;
  link.click();
  // The browser has taken the file by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
