import { Alarm } from "./alarm";
import { type Action, Api, type ApiError, type ApiOptions } from "./api";
import type { Draw } from "./cadence";
import { Job, type JobView, UNHEARD } from "./job";
import { JOBS_MAX, Line } from "./line";
import { isHidden, onWake } from "./page";
import { type Question, question } from "./question";
import type { Snapshot } from "./wire";

interface Following {
  /** Whether sockets are opened; default true. Without them jobs are polled. */
  readonly sockets: boolean;
  /** Milliseconds between two rounds of news for listeners; default 50. On a hidden tab they are a second apart. */
  readonly roundMs: number;
  /** Draws what spreads the waits; default `Math.random`. */
  readonly draw: Draw;
}

/** How a page follows jobs. */
export type HeadwayOptions = ApiOptions & Partial<Following>;

const HIDDEN_ROUND_MS = 1000;

/**
 * The jobs that a page looks at. However many look at one job, it is followed once; however many jobs there are, each
 * 200 share one socket, or one request at a time. With nobody looking there is no socket, no request and no timer.
 */
export class Headway {
  readonly api: Api;
  /** What it was made with, and the defaults of the rest. */
  readonly options: HeadwayOptions & Following;
  readonly #jobs = new Map<string, Job>();
  readonly #lines: Line[] = [];
  readonly #changed = new Set<Job>();
  readonly #questions = new Map<string, Question<unknown>>();
  readonly #round = new Alarm(() => this.#tellAll());
  #toldAt = Number.NEGATIVE_INFINITY;
  #sleepOn: (() => void) | null = null;

  constructor(options: HeadwayOptions = {}) {
    const { roundMs = 50, draw = Math.random, sockets = true } = options;
    this.api = new Api(options);
    this.options = { ...options, roundMs, draw, sockets };
  }

  /** Frames and bodies so far that could not be read; the last snapshot stayed. */
  get dropped(): number {
    return this.api.dropped;
  }

  /** What the API answers to `GET path`, asked for again every `everyMs`; 0 means once. Shared by all who ask the same. */
  question<T>(path: string, everyMs: number, read: (body: unknown) => T): Question<T> {
    const key = `${everyMs} ${path}`;
    const known = this.#questions.get(key);
    if (known) return known as Question<T>;
    const asked = question(this.api, path, everyMs, read, (isAsked) => {
      if (isAsked) this.#questions.set(key, asked);
      else this.#questions.delete(key);
    });
    this.#questions.set(key, asked);
    return asked;
  }

  /** What is known of a job; the same object until any of it changes. */
  view(jobId: string): JobView {
    return this.#jobs.get(jobId)?.view ?? UNHEARD;
  }

  /**
   * Call `listener` when the job's view has changed, until the returned function is called.
   *
   * @param known a snapshot that is there already, such as a list's: one that is terminal is not asked for again
   */
  subscribe(jobId: string, listener: () => void, known: Snapshot | null = null): () => void {
    const job = this.#jobs.get(jobId) ?? this.#add(jobId, known);
    // One function may listen twice, and leaves once for each.
    const own = () => listener();
    job.listeners.add(own);
    return () => {
      job.listeners.delete(own);
      if (job.listeners.size === 0 && this.#jobs.get(jobId) === job) this.#remove(job);
    };
  }

  /** Take in a snapshot that came by another way, such as an action's answer; an older one is dropped. */
  offer(snapshot: Snapshot): void {
    const job = this.#jobs.get(snapshot.job_id);
    if (job?.take(snapshot)) this.#followAgain(job);
  }

  /**
   * Ask a job for something: its view says so at once in `asked`, and then the API's snapshot in `control`, until the
   * job acknowledges by its status. What was refused is in `refusal`; the promise never fails.
   */
  async act(jobId: string, action: Action): Promise<Snapshot | null> {
    const say = (parts: Partial<JobView>) => this.#jobs.get(jobId)?.set(parts);
    say({ asked: action, refusal: null });
    const snapshot = await this.api.act(jobId, action).catch((error: ApiError) => {
      say({ refusal: error.message });
      return null;
    });
    if (snapshot) this.offer(snapshot);
    say({ asked: null });
    return snapshot;
  }

  #add(jobId: string, known: Snapshot | null): Job {
    const job = new Job(jobId, (changed) => this.#tell(changed));
    this.#jobs.set(jobId, job);
    this.#sleepOn ??= onWake(() => this.wake());
    if (known) job.take(known);
    if (!job.isSettled) this.#follow(job);
    return job;
  }

  #follow(job: Job): void {
    let line = this.#lines.find(({ size }) => size < JOBS_MAX);
    if (!line) {
      line = new Line(this.api, this.options);
      this.#lines.push(line);
    }
    line.follow(job);
  }

  #followAgain(job: Job): void {
    const line = this.#lines.find((one) => one.has(job));
    if (job.isSettled) line?.leave(job);
    else if (!line) this.#follow(job);
  }

  #remove(job: Job): void {
    this.#jobs.delete(job.jobId);
    this.#changed.delete(job);
    for (const line of this.#lines) line.leave(job);
    if (this.#jobs.size) return;
    this.#round.clear();
    this.#sleepOn?.();
    this.#sleepOn = null;
  }

  /** The network may be back, or somebody looks again: find out now. The browser's own events call it. */
  wake(): void {
    for (const line of this.#lines) line.wake();
    if (this.#round.isSet) this.#tellAll();
  }

  // A hundred jobs that change ten times a second are told of in rounds, so that a page draws them together.
  #tell(job: Job): void {
    this.#changed.add(job);
    if (this.#round.isSet) return;
    const gap = isHidden() ? HIDDEN_ROUND_MS : this.options.roundMs;
    this.#round.set(Math.max(gap - (performance.now() - this.#toldAt), 0));
  }

  #tellAll(): void {
    this.#round.clear();
    this.#toldAt = performance.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const job of changed) for (const listener of [...job.listeners]) listener();
  }
}
