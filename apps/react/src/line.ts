import { Alarm } from "./alarm";
import { type Answer, type Api, errorOf } from "./api";
import { backoffMs, type Draw, millisecondsOf, pollAfterMs } from "./cadence";
import type { Job } from "./job";
import { isHidden } from "./page";
import { isFailure, Poll } from "./poll";
import { ManySocket, type SocketEvents } from "./socket";
import type { Snapshot } from "./wire";

/** How many jobs one socket, and one request, may be about. */
export const JOBS_MAX = 200;
/** How long a job may be unknown before it counts as not there; the API's socket waits as long. */
const UNKNOWN_MS = 5000;
/** How long the API is asked to hold an answer, in whole seconds; it takes up to 30. */
const HOLD_S = 25;
/** An answer without news that came before so much of that time was not held. */
const HELD = 0.9;
/** An open socket that was silent for so long is checked by asking. */
const SILENT_MS = 30_000;
/** Polls of a page that nobody can see keep at least so far apart. */
const HIDDEN_MS = 15_000;

/**
 * News of up to 200 jobs, over one socket or by asking.
 *
 * It asks first, so that the last snapshots are there at once, and then follows the socket from their `seq` on. While
 * no socket can be had it goes on asking, and tries the socket again ever more rarely. An API that does not answer is
 * not asked for a socket.
 */
export class Line {
  /** Frames and bodies that could not be read. */
  dropped = 0;
  readonly #api: Api;
  readonly #draw: Draw;
  readonly #sockets: boolean;
  readonly #jobs = new Map<string, Job>();
  readonly #fresh = new Set<string>();
  readonly #pollAlarm = new Alarm(() => this.#ask());
  readonly #connectAlarm = new Alarm(() => this.#connectIfDue());
  #poll: Poll | null = null;
  #socket: ManySocket | null = null;
  #settling = false;
  #etag: { key: string; tag: string } | null = null;
  #pollsFailed = 0;
  #connectsFailed = 0;
  #connectAt = 0;
  #holdS = HOLD_S;
  #holds = true;
  #behind = 0;
  #heardAt = Date.now();
  #changedAt = performance.now();

  constructor(api: Api, draw: Draw, sockets: boolean) {
    this.#sockets = sockets;
    this.#api = api;
    this.#draw = draw;
  }

  /** How many jobs it follows. */
  get size(): number {
    return this.#jobs.size;
  }

  /** What it holds now. */
  get held(): { sockets: number; requests: number; timers: number } {
    return {
      sockets: Number(this.#socket !== null),
      requests: Number(this.#poll !== null),
      timers: Number(this.#pollAlarm.isSet) + Number(this.#connectAlarm.isSet),
    };
  }

  has(job: Job): boolean {
    return this.#jobs.get(job.jobId) === job;
  }

  /** Follow a job until it is over, or `leave`. */
  follow(job: Job): void {
    this.#jobs.set(job.jobId, job);
    this.#fresh.add(job.jobId);
    job.connection("connecting");
    this.#settle();
  }

  /** Follow it no longer. */
  leave(job: Job): void {
    if (!this.has(job)) return;
    this.#jobs.delete(job.jobId);
    this.#fresh.delete(job.jobId);
    this.#settle();
  }

  /** The network may be back, or somebody looks again: find out now. */
  wake(): void {
    this.#connectAt = 0;
    if (this.#jobs.size && this.#poll === null) this.#ask();
    // A request that began before may hang in a network that is gone.
    else if (this.#pollsFailed || this.#poll?.holdS) this.#askAnew();
  }

  // Components come and go together: what they change is looked at once.
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      if (!this.#jobs.size) {
        this.#stop();
        return;
      }
      if (this.#fresh.size) this.#askAnew();
      else this.#subscribe();
    });
  }

  #stop(): void {
    this.#pollAlarm.clear();
    this.#connectAlarm.clear();
    this.#dropPoll();
    this.#hangUp();
    this.#connectAt = this.#connectsFailed = this.#pollsFailed = 0;
  }

  #askAnew(): void {
    this.#dropPoll();
    this.#ask();
  }

  #dropPoll(): void {
    const poll = this.#poll;
    this.#poll = null;
    poll?.cancel();
  }

  #hangUp(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  // Whether polls had stopped for it.
  #loseSocket(): boolean {
    const wasOpen = this.#socket?.isOpen ?? false;
    this.#hangUp();
    return wasOpen;
  }

  async #ask(): Promise<void> {
    this.#pollAlarm.clear();
    if (this.#poll !== null || !this.#jobs.size) return;
    const asked = this.#socket?.isOpen && this.#fresh.size ? this.#fresh : this.#jobs.keys();
    const jobIds = [...asked];
    const holdS = this.#holdFor(jobIds);
    const poll = new Poll(this.#api, jobIds, this.#jobs.get(jobIds[0] ?? "")?.seq ?? 0, holdS);
    this.#poll = poll;
    const answer = await poll.ask(this.#etag?.key === poll.key ? this.#etag.tag : null);
    if (this.#poll !== poll) return;
    this.#poll = null;
    if (answer === null || isFailure(answer)) this.#failed(poll, answer);
    else if (![200, 304, 404].includes(answer.httpStatus)) this.#refuse(errorOf(answer).message);
    else this.#answered(poll, answer);
  }

  // Only where the socket fails, and no longer than until that is tried again.
  #holdFor(jobIds: readonly string[]): number {
    const [jobId = ""] = jobIds;
    const seq = this.#jobs.get(jobId)?.seq ?? null;
    if (
      jobIds.length > 1 ||
      seq === null ||
      !this.#holds ||
      !this.#connectsFailed ||
      this.#socket ||
      isHidden()
    )
      return 0;
    const untilConnectS = (this.#connectAt - performance.now()) / 1000;
    return Math.floor(Math.min(this.#holdS, Math.max(untilConnectS, 1)));
  }

  #answered(poll: Poll, answer: Answer): void {
    this.#pollsFailed = 0;
    this.#heardAt = Date.now();
    const found = poll.read(answer);
    this.dropped += found.dropped;
    const news = found.snapshots.filter((snapshot) => this.#take(snapshot));
    const late = news.filter(({ job_id }) => !this.#fresh.has(job_id)).length;
    const tag = answer.headers.get("etag");
    this.#etag = tag === null ? this.#etag : { key: poll.key, tag };
    for (const jobId of found.missing) this.#missing(jobId);
    for (const jobId of poll.jobIds) this.#fresh.delete(jobId);
    const live = this.#socket?.isOpen ?? false;
    for (const job of this.#jobs.values()) job.connection(live ? "live" : "polling");
    if (!this.#jobs.size) {
      this.#stop();
      return;
    }
    if (live) this.#checked(late);
    else this.#pollAlarm.set(this.#pauseMs(poll, answer, news.length, found.missing.length > 0));
    this.#subscribe();
    this.#connectIfDue();
  }

  #pauseMs(poll: Poll, answer: Answer, news: number, unknown: boolean): number {
    const heldMs = performance.now() - poll.startedAt;
    const idle = poll.holdS > 0 && news === 0;
    if (idle) this.#holds = heldMs >= HELD * 1000 * poll.holdS;
    const cadence = pollAfterMs(
      answer.headers.get("headway-poll-after"),
      performance.now() - this.#changedAt,
      this.#draw,
    );
    const pause = unknown ? Math.min(cadence, 1000) : cadence;
    if (isHidden()) return Math.max(pause, HIDDEN_MS);
    return idle && this.#holds ? Math.max(pause - heldMs, 0) : pause;
  }

  // What is asked for beside an open socket should be no news, but for what is on its way just now.
  #checked(late: number): void {
    this.#behind = late ? this.#behind + 1 : 0;
    if (this.#behind < 2) {
      this.#pollAlarm.set(this.#behind ? 1000 : SILENT_MS);
      return;
    }
    this.#socketEnded(this.#loseSocket(), false);
  }

  #failed(poll: Poll, answer: Answer | null): void {
    this.#pollsFailed += 1;
    this.#holds = true;
    // Something in between may cut what is silent for long.
    if (poll.holdS && performance.now() - poll.startedAt >= 1000) this.#holdS = Math.max(poll.holdS >> 1, 1);
    const retryAfter = Math.min(millisecondsOf(answer?.headers.get("retry-after") ?? null) ?? 0, 60_000);
    const pause = Math.max(backoffMs(this.#pollsFailed, this.#draw, 500, 10_000), retryAfter);
    this.#pollAlarm.set(pause);
    if (this.#socket?.isOpen) return;
    this.#connectAt = Math.max(this.#connectAt, performance.now() + pause);
    for (const job of this.#jobs.values()) job.connection("waiting", this.#heardAt);
  }

  #refuse(detail: string): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    this.#fresh.clear();
    this.#stop();
    for (const job of jobs) job.fail({ kind: "refused", detail });
  }

  #missing(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) return;
    job.unknownSince ??= performance.now();
    if (performance.now() - job.unknownSince >= UNKNOWN_MS) this.#giveUp(job, "unknown", "job not found");
  }

  #giveUp(job: Job, kind: "unknown" | "unreadable", detail: string): void {
    this.leave(job);
    job.fail({ kind, detail });
  }

  #take(snapshot: Snapshot): boolean {
    const job = this.#jobs.get(snapshot.job_id);
    if (!job?.take(snapshot)) return false;
    this.#changedAt = performance.now();
    if (job.isSettled) this.leave(job);
    return true;
  }

  #subscribe(): void {
    if (!this.#socket?.isOpen) return;
    const known = [...this.#jobs].filter(([jobId]) => !this.#fresh.has(jobId));
    this.#socket.follow(new Map(known.map(([jobId, job]) => [jobId, job.seq])));
  }

  #connectIfDue(): void {
    if (!this.#sockets || this.#socket !== null || this.#pollsFailed || !this.#jobs.size) return;
    const wait = this.#connectAt - performance.now();
    if (wait > 0) {
      this.#connectAlarm.set(wait);
      return;
    }
    this.#connectAlarm.clear();
    try {
      this.#socket = new ManySocket(this.#api, this.#events);
    } catch {
      this.#socketEnded(false, false);
    }
  }

  readonly #events: SocketEvents = {
    opened: () => {
      this.#heardAt = Date.now();
      this.#behind = 0;
      if (this.#poll?.holdS) this.#dropPoll();
      for (const job of this.#jobs.values()) job.connection("live");
      this.#subscribe();
      if (this.#poll === null) this.#pollAlarm.set(SILENT_MS);
    },
    snapshot: (snapshot) => {
      this.#heardAt = Date.now();
      this.#behind = 0;
      this.#etag = null;
      this.#take(snapshot);
      if (this.#poll === null && this.#jobs.size) this.#pollAlarm.set(SILENT_MS);
    },
    refused: (jobId, httpStatus, detail) => {
      const job = this.#jobs.get(jobId);
      if (job === undefined) return;
      if (httpStatus === 404) this.#giveUp(job, "unknown", detail);
      else if (httpStatus === 502) this.#giveUp(job, "unreadable", detail);
      else {
        this.#socketEnded(this.#loseSocket(), false);
      }
    },
    dropped: () => {
      this.dropped += 1;
    },
    ended: (code, reason, good) => {
      const wasOpen = this.#loseSocket();
      if (code === 4401 || code === 4403) this.#refuse(reason || "the API refused the connection");
      else this.#socketEnded(wasOpen, good);
    },
  };

  #socketEnded(wasOpen: boolean, good: boolean): void {
    this.#connectsFailed = good ? 0 : this.#connectsFailed + 1;
    // Everybody's socket ends when the API restarts: come back spread over half a second.
    const spread = 500 * this.#draw();
    const wait = good ? spread : backoffMs(this.#connectsFailed, this.#draw, 1000, 60_000);
    this.#connectAt = performance.now() + wait;
    if (wasOpen) for (const job of this.#jobs.values()) job.connection("polling");
    if (wasOpen && this.#poll === null) this.#pollAlarm.set(good ? spread : 0);
    this.#connectIfDue();
  }
}
