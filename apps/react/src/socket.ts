import { Alarm } from "./alarm";
import type { Api } from "./api";
import { isObject, parseJson, readSnapshot } from "./snapshot";
import type { Snapshot } from "./wire";

/** What a socket tells the line that it belongs to; nothing any more after `ended` or `close`. */
export interface SocketEvents {
  opened(): void;
  snapshot(snapshot: Snapshot): void;
  /** The API does not follow this job: an HTTP status and its words. */
  refused(jobId: string, httpStatus: unknown, detail: string): void;
  /** `good` says whether the socket had been of use, so that the next may be tried at once. */
  ended(code: number | null, reason: string, good: boolean): void;
}

const OPEN_MS = 10_000;
/** A socket that lived this long and was closed properly was a good one, even if it had nothing to say. */
const GOOD_MS = 5000;
const LOST = 1006;

/** One socket that follows many jobs. */
export class ManySocket {
  isOpen = false;
  #socket: WebSocket | null = null;
  readonly #api: Api;
  readonly #events: SocketEvents;
  readonly #tooLong = new Alarm(() => this.#end(null, ""));
  #subscribed = new Set<string>();
  #openedAt = 0;
  #frames = 0;
  #over = false;

  constructor(api: Api, events: SocketEvents) {
    this.#api = api;
    this.#events = events;
    this.#tooLong.set(OPEN_MS);
    // A browser may take no such address.
    this.#connect().catch(() => this.#end(null, ""));
  }

  /** Follow these jobs, each after the seq that is known of it, and no others. */
  follow(jobs: ReadonlyMap<string, number | null>): void {
    const gone = [...this.#subscribed].filter((jobId) => !jobs.has(jobId));
    const added = [...jobs].filter(([jobId]) => !this.#subscribed.has(jobId));
    if (gone.length) this.#send({ op: "unsubscribe", jobs: gone });
    if (added.length) this.#send({ op: "subscribe", jobs: Object.fromEntries(added) });
    this.#subscribed = new Set(jobs.keys());
  }

  /** End it; it says nothing more. */
  close(): void {
    this.#over = true;
    this.#tooLong.clear();
    this.#socket?.close();
  }

  // The token comes first: the API waits for it no longer than 5 s.
  async #connect(): Promise<void> {
    const token = await this.#api.token();
    if (this.#over) return;
    const socket = new WebSocket(this.#api.socketUrl);
    this.#socket = socket;
    socket.onopen = () => this.#opened(token);
    socket.onmessage = ({ data }) => this.#took(data);
    // A close follows, and says more; a socket outside browsers throws where nobody listens.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
  }

  #opened(token: string | null | undefined): void {
    if (this.#over) return;
    this.#tooLong.clear();
    this.isOpen = true;
    this.#openedAt = performance.now();
    if (token) this.#send({ op: "auth", token });
    this.#events.opened();
  }

  #took(data: unknown): void {
    if (this.#over) return;
    const read = parseJson(String(data));
    const message = isObject(read) ? read : {};
    const { type } = message;
    const jobId = String(message.job_id);
    const snapshot = type === "snapshot" ? readSnapshot(message.snapshot) : null;
    if (snapshot) {
      this.#frames += 1;
      this.#events.snapshot(snapshot);
    } else if (type === "end") {
      this.#frames += 1;
      this.#subscribed.delete(jobId);
    } else if (type === "error") {
      this.#subscribed.delete(jobId);
      this.#events.refused(jobId, message.status, String(message.detail));
    } else {
      this.#api.dropped += 1;
    }
  }

  #end(code: number | null, reason: string): void {
    if (this.#over) return;
    const lived = this.isOpen && performance.now() - this.#openedAt >= GOOD_MS;
    this.close();
    this.#events.ended(code, reason, this.#frames > 0 || (lived && code !== LOST));
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }
}
