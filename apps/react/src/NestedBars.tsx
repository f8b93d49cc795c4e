import type { CSSProperties, JSX } from "react";
import { Bar } from "./Bar";
import type { Bar as BarState, Snapshot } from "./wire";
import { count } from "./words";

/** The bars of loops inside and beside each other; nothing where there are fewer than two. */
export function NestedBars({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element | null {
  const bars = snapshot.bars ?? [];
  if (bars.length < 2) return null;
  const parents = new Map(bars.map(({ id, parent }) => [id, parent ?? null]));
  return (
    <ul data-part="bars">
      {bars.map((bar) => (
        <li key={bar.id} style={{ "--headway-depth": depthOf(bar.id, parents) } as CSSProperties}>
          <span data-part="bar-name">{bar.desc || `bar ${bar.id}`}</span>
          <span data-part="bar-count">{count(bar.n, bar.total, bar.unit)}</span>
          <Bar label={bar.desc || `bar ${bar.id}`} percent={percentOf(bar, snapshot)} />
        </li>
      ))}
    </ul>
  );
}

function percentOf(bar: BarState, { status }: Snapshot): number | null {
  const known = (bar.total ?? null) !== null || (bar.fraction ?? null) !== null;
  return known || status === "finished" ? Math.min(Math.max(bar.percent, 0), 100) : null;
}

function depthOf(id: number, parents: ReadonlyMap<number, number | null>): number {
  let depth = 0;
  let parent = parents.get(id) ?? null;
  while (parent !== null && depth < parents.size) {
    depth += 1;
    parent = parents.get(parent) ?? null;
  }
  return depth;
}
