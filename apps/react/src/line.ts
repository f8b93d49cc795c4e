import { Alarm } from "./alarm";
import { type Answer, type Api, errorOf } from "./api";
import { backoffMs, type Draw } from "./cadence";
import type { Connection, Job } from "./job";
import { Pace } from "./pace";
import { isFailure, Poll } from "./poll";
import { ManySocket, type SocketEvents } from "./socket";
import type { Snapshot } from "./wire";

/** How many jobs one socket, and one request, may be about. */
export const JOBS_MAX = 200;
/** How long a job may be unknown before it counts as not there; the API's socket waits as long. */
const UNKNOWN_MS = 5000;
/** An open socket that was silent for so long is checked by asking. */
const SILENT_MS = 30_000;

/**
 * News of up to 200 jobs, over one socket or by asking.
 *
 * It asks first, so that the last snapshots are there at once, and then follows the socket from their `seq` on. While
 * no socket can be had it goes on asking, and tries the socket again ever more rarely. An API that does not answer is
 * not asked for a socket.
 */
export class Line {
  readonly #api: Api;
  readonly #draw: Draw;
  readonly #sockets: boolean;
  readonly #pace: Pace;
  readonly #jobs = new Map<string, Job>();
  readonly #fresh = new Set<string>();
  readonly #pollAlarm = new Alarm(() => this.#ask());
  readonly #connectAlarm = new Alarm(() => this.#connectIfDue());
  #poll: Poll | null = null;
  #socket: ManySocket | null = null;
  #settling = false;
  #connectsFailed = 0;
  #connectAt = 0;
  #behind = 0;
  #heardAt = Date.now();

  constructor(api: Api, { draw, sockets }: { readonly draw: Draw; readonly sockets: boolean }) {
    this.#sockets = sockets;
    this.#api = api;
    this.#draw = draw;
    this.#pace = new Pace(draw);
  }

  /** How many jobs it follows. */
  get size(): number {
    return this.#jobs.size;
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
    if (this.#jobs.size && !this.#poll) this.#ask();
    // A request that began before may hang in a network that is gone.
    else if (this.#pace.failures || this.#poll?.holdS) this.#askAnew();
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
    this.#connectAt = this.#connectsFailed = this.#pace.failures = 0;
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

  get #isLive(): boolean {
    return this.#socket?.isOpen ?? false;
  }

  async #ask(): Promise<void> {
    this.#pollAlarm.clear();
    if (this.#poll || !this.#jobs.size) return;
    const asked = this.#isLive && this.#fresh.size ? this.#fresh : this.#jobs.keys();
    const jobIds = [...asked];
    const holdS = this.#holdFor(jobIds);
    const poll = new Poll(this.#api, jobIds, this.#jobs.get(jobIds[0] ?? "")?.seq ?? 0, holdS);
    this.#poll = poll;
    const answer = await poll.ask();
    if (this.#poll !== poll) return;
    this.#poll = null;
    if (!answer || isFailure(answer)) this.#failed(poll, answer);
    else if (![200, 304, 404].includes(answer.httpStatus)) this.#refuse(errorOf(answer).message);
    else this.#answered(poll, answer);
  }

  // Only where the socket fails, and no longer than until that is tried again.
  #holdFor([jobId = "", ...others]: readonly string[]): number {
    const isKnown = (this.#jobs.get(jobId)?.seq ?? null) !== null;
    if (others.length || !isKnown || !this.#connectsFailed || this.#socket) return 0;
    return this.#pace.holdS(this.#connectAt - performance.now());
  }

  #answered(poll: Poll, answer: Answer): void {
    this.#heardAt = Date.now();
    const found = poll.read(answer);
    const news = found.snapshots.filter((snapshot) => this.#take(snapshot));
    const late = news.some(({ job_id }) => !this.#fresh.has(job_id));
    for (const jobId of found.missing) this.#missing(jobId);
    const pauseMs = this.#pace.afterAnswer(poll, answer, news.length > 0, found.missing.length > 0);
    for (const jobId of poll.jobIds) this.#fresh.delete(jobId);
    const live = this.#isLive;
    this.#say(live ? "live" : "polling");
    if (!this.#jobs.size) {
      this.#stop();
      return;
    }
    if (live) this.#checked(late);
    else this.#pollAlarm.set(pauseMs);
    this.#subscribe();
    this.#connectIfDue();
  }

  // What is asked for beside an open socket should be no news, but for what is on its way just now.
  #checked(late: boolean): void {
    this.#behind = late ? this.#behind + 1 : 0;
    if (this.#behind < 2) {
      this.#pollAlarm.set(this.#behind ? 1000 : SILENT_MS);
      return;
    }
    this.#loseSocket(false);
  }

  #failed(poll: Poll, answer: Answer | null): void {
    const pause = this.#pace.afterFailure(poll, answer);
    this.#pollAlarm.set(pause);
    if (this.#isLive) return;
    this.#connectAt = Math.max(this.#connectAt, performance.now() + pause);
    this.#say("waiting", this.#heardAt);
  }

  #say(connection: Connection, staleSince: number | null = null): void {
    for (const job of this.#jobs.values()) job.connection(connection, staleSince);
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
    if (!job) return;
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
    this.#pace.changed();
    if (job.isSettled) this.leave(job);
    return true;
  }

  #subscribe(): void {
    if (!this.#socket?.isOpen) return;
    const known = [...this.#jobs].filter(([jobId]) => !this.#fresh.has(jobId));
    this.#socket.follow(new Map(known.map(([jobId, job]) => [jobId, job.seq])));
  }

  #connectIfDue(): void {
    if (!this.#sockets || this.#socket || this.#pace.failures || !this.#jobs.size) return;
    const wait = this.#connectAt - performance.now();
    if (wait > 0) {
      this.#connectAlarm.set(wait);
      return;
    }
    this.#connectAlarm.clear();
    this.#socket = new ManySocket(this.#api, this.#events);
  }

  readonly #events: SocketEvents = {
    opened: () => {
      if (this.#poll?.holdS) this.#dropPoll();
      this.#say("live");
      this.#subscribe();
      this.#heard();
    },
    snapshot: (snapshot) => {
      this.#take(snapshot);
      this.#heard();
    },
    refused: (jobId, httpStatus, detail) => {
      const job = this.#jobs.get(jobId);
      if (!job) return;
      if (httpStatus === 404) this.#giveUp(job, "unknown", detail);
      else if (httpStatus === 502) this.#giveUp(job, "unreadable", detail);
      else this.#loseSocket(false);
    },
    ended: (code, reason, good) => {
      // After 4401, whose token has ended, it is asked again, and refused if there is no other token by then.
      if (code === 4403) this.#refuse(reason || "the API refused");
      else this.#loseSocket(good);
    },
  };

  #heard(): void {
    this.#heardAt = Date.now();
    this.#behind = 0;
    if (!this.#poll && this.#jobs.size) this.#pollAlarm.set(SILENT_MS);
  }

  #loseSocket(good: boolean): void {
    const pollsStopped = this.#isLive;
    this.#hangUp();
    this.#connectsFailed = good ? 0 : this.#connectsFailed + 1;
    // Everybody's socket ends when the API restarts: come back spread over half a second.
    const spread = 500 * this.#draw();
    const wait = good ? spread : backoffMs(this.#connectsFailed, this.#draw, 1000, 60_000);
    this.#connectAt = performance.now() + wait;
    if (pollsStopped) {
      this.#say("polling");
      if (!this.#poll) this.#pollAlarm.set(good ? spread : 0);
    }
    this.#connectIfDue();
  }
}
