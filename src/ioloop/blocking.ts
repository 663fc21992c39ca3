/**
 * Sees that the event loop did not turn for a while. Private to `ioloop`.
 */

/** Looks at the clock this many times in a threshold. */
const LOOKS = 4;

export class BlockingWatch {
  readonly #timer: ReturnType<typeof setInterval>;

  /** Throws a RangeError unless `threshold`, in seconds, is above 0. */
  constructor(threshold: number, blocked: (seconds: number) => void) {
    if (!(threshold > 0)) {
      throw new RangeError(`Cannot watch for blocking of ${threshold} s: it is not above 0`);
    }
    let last = performance.now();
    this.#timer = setInterval(
      () => {
        const now = performance.now();
        const seconds = (now - last) / 1000;
        last = now;
        // Counts from the last look, so that nothing that blocks for the threshold is missed.
        if (seconds >= threshold) blocked(seconds);
      },
      (threshold * 1000) / LOOKS,
    );
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
