/** One timer that can be set again; `ring` is never called twice for one setting. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Whether it will ring. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Ring after so many milliseconds, and not when it would have before. */
  set(delayMs: number): void {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ring();
    }, delayMs);
  }

  /** Do not ring. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
