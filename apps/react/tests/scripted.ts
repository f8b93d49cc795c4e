import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Snapshot, Status } from "../src/wire";

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly at: number;
}

/** A snapshot as the API writes it. */
export function shot(
  jobId: string,
  seq: number,
  status: Status = "running",
  more: Partial<Snapshot> = {},
): Snapshot {
  const percent = status === "finished" ? 100 : seq;
  return { job_id: jobId, seq, status, percent, message: `step ${seq}`, attempt: 1, updated_at: "", ...more };
}

interface Held {
  readonly jobId: string;
  readonly after: number;
  readonly response: ServerResponse;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A real HTTP and WebSocket server on a free port that says what a test tells it to. */
export class ScriptedApi {
  url = "";
  /** The `Headway-Poll-After` header, in seconds. */
  pollAfter = "5";
  /** Sockets are accepted by nobody. */
  refuseSockets = false;
  /** As the lesson's own API: single jobs alone, no multiplexed socket, and snapshots that nobody counts. */
  isLesson = false;
  /** The one token that is good; null asks nobody for one. */
  token: string | null = null;
  /** What sockets showed, one for each socket that did. */
  readonly shown: string[] = [];
  /** Answer every poll with this status. */
  failWith: { status: number; headers: Record<string, string>; body: unknown } | null = null;
  /** So many answers to `POST` are lost on their way. */
  loseAnswers = 0;
  /** What to say to a method and path, such as `POST /jobs`. */
  readonly answers = new Map<string, { status: number; body: unknown }>();
  /** Sockets that open and then say nothing. */
  mute = false;
  readonly seen: Seen[] = [];
  readonly subscribed: Record<string, number | null>[] = [];
  readonly unsubscribed: string[][] = [];
  socketsSeen = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly #latest = new Map<string, Snapshot>();
  readonly #follows = new Map<WebSocket, Set<string>>();
  readonly #held = new Set<Held>();
  #server: Server | null = null;
  #port = 0;

  get openSockets(): number {
    return this.#follows.size;
  }

  get heldRequests(): number {
    return this.#held.size;
  }

  polls(jobId: string): Seen[] {
    return this.seen.filter(({ path }) => path === `/status/${jobId}`);
  }

  /** Listen; on the same port again after `stop`. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      this.socketsSeen += 1;
      if (this.refuseSockets || this.isLesson) socket.destroy();
      else sockets.handleUpgrade(request, socket, head, (opened) => this.#opened(opened));
    });
    await new Promise<void>((listening) => server.listen(this.#port, "127.0.0.1", listening));
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}`;
    this.#server = server;
  }

  /** Cut every connection and listen no more. */
  async stop(): Promise<void> {
    this.cut();
    for (const held of [...this.#held]) this.#letGo(held, 503);
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise((closed) => (server ? server.close(closed) : closed(undefined)));
  }

  /** Make this the job's latest snapshot, and tell whoever follows it. */
  put(snapshot: Snapshot): void {
    this.#latest.set(snapshot.job_id, snapshot);
    for (const held of [...this.#held]) {
      if (held.jobId === snapshot.job_id && snapshot.seq > held.after) this.#letGo(held, 200);
    }
    for (const [socket, jobIds] of this.#follows)
      if (jobIds.has(snapshot.job_id)) this.#tell(socket, snapshot);
  }

  /** Make this the latest without telling the sockets, as if the message had been lost. */
  keep(snapshot: Snapshot): void {
    this.#latest.set(snapshot.job_id, snapshot);
  }

  /** Send a text frame to every socket. */
  frame(text: string): void {
    for (const socket of this.#follows.keys()) socket.send(text);
  }

  /** Cut every socket without a word. */
  cut(): void {
    for (const socket of [...this.#follows.keys()]) socket.terminate();
  }

  /** Close every socket with this code. */
  close(code: number, reason = ""): void {
    for (const socket of [...this.#follows.keys()]) socket.close(code, reason);
  }

  #opened(socket: WebSocket): void {
    this.#follows.set(socket, new Set());
    socket.on("close", () => this.#follows.delete(socket));
    let isIn = this.token === null;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.op === "auth") {
        this.shown.push(message.token);
        isIn = message.token === this.token;
      }
      if (!isIn) {
        socket.close(4401, "this token is not valid");
        return;
      }
      const follows = this.#follows.get(socket);
      if (message.op === "subscribe") {
        this.subscribed.push(message.jobs);
        for (const [jobId, after] of Object.entries(message.jobs)) this.#subscribe(socket, jobId, after);
      } else if (message.op === "unsubscribe") {
        this.unsubscribed.push(message.jobs);
        for (const jobId of message.jobs) follows?.delete(jobId);
      }
    });
  }

  #subscribe(socket: WebSocket, jobId: string, after: unknown): void {
    const latest = this.#latest.get(jobId);
    if (latest === undefined) {
      socket.send(JSON.stringify({ type: "error", job_id: jobId, status: 404, detail: "job not found" }));
      return;
    }
    this.#follows.get(socket)?.add(jobId);
    if (latest.seq !== after) this.#tell(socket, latest);
  }

  #tell(socket: WebSocket, snapshot: Snapshot): void {
    if (this.mute) return;
    socket.send(JSON.stringify({ type: "snapshot", snapshot }));
    if (!["finished", "failed", "canceled"].includes(snapshot.status)) return;
    socket.send(JSON.stringify({ type: "end", job_id: snapshot.job_id }));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", this.url);
    const { method = "GET", headers } = request;
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    response.setHeader("Access-Control-Expose-Headers", "ETag, Headway-Poll-After, Retry-After");
    if (method === "OPTIONS") {
      response.end();
      return;
    }
    this.seen.push({ method, path, query, headers, at: performance.now() });
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    response.on("close", () => {
      this.underWay -= 1;
    });
    if (this.token !== null && headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401);
      response.end(JSON.stringify({ type: "x", title: "No", detail: "this token is not valid" }));
    } else if (method === "POST" && this.loseAnswers > 0) {
      this.loseAnswers -= 1;
      response.destroy();
    } else if (this.failWith) {
      response.writeHead(this.failWith.status, this.failWith.headers);
      response.end(JSON.stringify(this.failWith.body));
    }
    if (response.destroyed || response.writableEnded) return;
    const answer = this.answers.get(`${method} ${path}`);
    if (answer) {
      response.writeHead(answer.status);
      response.end(JSON.stringify(answer.body));
    } else if (path === "/status" && !this.isLesson)
      this.#answerMany(query.get("ids")?.split(",") ?? [], response);
    else this.#answerOne(path.replace("/status/", ""), query, headers["if-none-match"], response);
  }

  #answerOne(jobId: string, query: URLSearchParams, tag: string | undefined, response: ServerResponse): void {
    const latest = this.#latest.get(jobId);
    if (latest === undefined) {
      response.writeHead(404);
      response.end(
        JSON.stringify({ type: "urn:headway:job-not-found", title: "No", detail: "job not found" }),
      );
      return;
    }
    if (this.isLesson) {
      const { seq: _, attempt: __, ...plain } = latest;
      response.end(JSON.stringify(plain));
      return;
    }
    const [after, wait] = [Number(query.get("after")), Number(query.get("wait"))];
    if (wait && latest.seq <= after) {
      const timer = setTimeout(() => this.#letGo(held, 304), wait * 1000);
      const held: Held = { jobId, after, response, timer };
      this.#held.add(held);
      response.on("close", () => this.#held.delete(held));
      return;
    }
    const unchanged = tag === `"${latest.seq}"`;
    response.writeHead(unchanged ? 304 : 200, {
      ETag: `"${latest.seq}"`,
      "Headway-Poll-After": this.pollAfter,
    });
    response.end(unchanged ? undefined : JSON.stringify(latest));
  }

  #answerMany(jobIds: string[], response: ServerResponse): void {
    const snapshots = jobIds.map((jobId) => this.#latest.get(jobId)).filter((latest) => latest !== undefined);
    response.writeHead(200, { "Headway-Poll-After": this.pollAfter });
    response.end(JSON.stringify({ snapshots, missing: jobIds.filter((jobId) => !this.#latest.has(jobId)) }));
  }

  #letGo(held: Held, status: number): void {
    clearTimeout(held.timer);
    this.#held.delete(held);
    held.response.writeHead(status, { "Headway-Poll-After": this.pollAfter });
    held.response.end(status === 200 ? JSON.stringify(this.#latest.get(held.jobId)) : undefined);
  }
}
