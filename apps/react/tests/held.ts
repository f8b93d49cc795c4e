import { until } from "./wait";

/** What the kit itself has open now, counted where it asks the browser for it, and not by its own word. */
export const held = { sockets: 0, requests: 0, timers: 0, listeners: 0 };

/** Nothing at all. */
export const NOTHING = { sockets: 0, requests: 0, timers: 0, listeners: 0 };

/** Wait until nothing is open any more; fails after 15 s. */
export async function nothingHeld(): Promise<void> {
  await until(() => Object.values(held).every((open) => open === 0), "nothing is left open");
}

const KIT = /\/apps\/react\/src\//;

function isKit(): boolean {
  return KIT.test(new Error().stack ?? "");
}

function countTimers(begin: "setTimeout" | "setInterval", end: "clearTimeout" | "clearInterval"): void {
  const [set, clear] = [globalThis[begin], globalThis[end]];
  const open = new Set<unknown>();
  const over = (timer: unknown) => {
    if (open.delete(timer)) held.timers -= 1;
  };
  Object.assign(globalThis, {
    [begin]: (ring: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      if (!isKit()) return set(ring, ms, ...args);
      const timer = set(() => {
        if (begin === "setTimeout") over(timer);
        ring(...args);
      }, ms);
      open.add(timer);
      held.timers += 1;
      return timer;
    },
    [end]: (timer: never) => {
      over(timer);
      clear(timer);
    },
  });
}

function countRequests(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (...args) => {
    held.requests += 1;
    try {
      return await fetch(...args);
    } finally {
      held.requests -= 1;
    }
  };
}

function countSockets(): void {
  globalThis.WebSocket = class extends globalThis.WebSocket {
    #isOver = false;

    constructor(url: string | URL) {
      super(url);
      held.sockets += 1;
      this.addEventListener("close", () => this.#over());
    }

    override close(...args: [number?, string?]): void {
      this.#over();
      super.close(...args);
    }

    #over(): void {
      if (!this.#isOver) held.sockets -= 1;
      this.#isOver = true;
    }
  };
}

function countListeners(target: EventTarget, types: readonly string[]): void {
  const add = target.addEventListener.bind(target);
  target.addEventListener = (type: string, listener: never, options?: AddEventListenerOptions) => {
    if (types.includes(type) && isKit()) {
      held.listeners += 1;
      options?.signal?.addEventListener("abort", () => {
        held.listeners -= 1;
      });
    }
    add(type, listener, options);
  };
}

countTimers("setTimeout", "clearTimeout");
countTimers("setInterval", "clearInterval");
countRequests();
countSockets();
if (typeof window !== "undefined") {
  countListeners(window, ["online"]);
  countListeners(document, ["visibilitychange"]);
}
