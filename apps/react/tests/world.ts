import { afterEach, beforeEach } from "vitest";
import { Headway, type HeadwayOptions } from "../src/headway";
import { nothingHeld } from "./held";
import { ScriptedApi } from "./scripted";

/** An API that says what the test tells it to. */
export let api: ScriptedApi;
/** The jobs of a page in front of it. */
export let headway: Headway;
/** Called when the test is over. */
export let leave: (() => void)[] = [];

/** Give each test of the file an API and a page of its own; after it, nothing of the kit's may be open any more. */
export function anew(options: HeadwayOptions = {}): void {
  beforeEach(async () => {
    api = new ScriptedApi();
    await api.start();
    headway = new Headway({ url: api.url, draw: () => 0, ...options });
    leave = [];
  });
  afterEach(async () => {
    for (const undo of leave) undo();
    if (typeof document !== "undefined") (await import("@testing-library/react")).cleanup();
    await nothingHeld();
    await api.stop();
  });
}
