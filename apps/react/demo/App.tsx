import { type JSX, useEffect } from "react";
import { go, isOwnClick, placeOf, usePath } from "./address";
import { HomePage } from "./HomePage";
import { JobPage } from "./JobPage";
import { Who } from "./Who";

/** The page: its head, and what its address shows. */
export function App(): JSX.Element {
  const path = usePath();
  useEffect(() => {
    document.addEventListener("click", follow);
    return () => document.removeEventListener("click", follow);
  }, []);
  return (
    <>
      <header className="head">
        <a href={import.meta.env.BASE_URL}>headway</a>
        <Who />
      </header>
      <main>
        <Shown path={path} />
      </main>
    </>
  );
}

function Shown({ path }: { readonly path: string }): JSX.Element {
  const place = placeOf(path);
  if (place.shows === "job") return <JobPage key={place.jobId} jobId={place.jobId} />;
  if (place.shows === "home") return <HomePage />;
  return <h1>There is nothing here</h1>;
}

function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (event.defaultPrevented || link === null || !isOwnClick(event, link)) return;
  event.preventDefault();
  go(link.pathname);
}
