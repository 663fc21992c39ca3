/**
 * Sees that the event loop did not turn for a while, and in what, from one of two sources. Private
 * to `ioloop`.
 */

import { isMainThread } from "node:worker_threads";
import { PausedStacks } from "./paused-stacks.ts";
import { SampledStacks } from "./sampled-stacks.ts";

/** Looks at the clock this many times in a threshold. */
const LOOKS = 4;

/** Tells what has blocked the loop. */
export interface Stacks {
  /** The loop has turned in time. */
  turned(): void;
  /** It has not, for so many seconds until now: tells in what, undefined if that is not known. */
  take(seconds: number, told: (stack: string | undefined) => void): void;
  stop(): void;
}

export interface BlockingWatchOptions {
  /** In seconds, above 0. */
  readonly threshold: number;
  /** Whether the runtime lets one thread stop the main one, see Host. */
  readonly showsStacks: boolean;
}

/** Hears of it when it is over: for how many seconds, and in what, if that could be seen. */
export type Blocked = (seconds: number, stack: string | undefined) => void;

export class BlockingWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stacks: Stacks;

  /** Throws a RangeError unless the threshold is above 0. */
  constructor({ threshold, showsStacks }: BlockingWatchOptions, blocked: Blocked) {
    if (!(threshold > 0)) {
      throw new RangeError(`Cannot watch for blocking of ${threshold} s: it is not above 0`);
    }
    const period = (threshold * 1000) / LOOKS;
    const isShown = showsStacks && isMainThread;
    this.#stacks = isShown ? new PausedStacks(threshold, period) : new SampledStacks(period);
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      last = now;
      // Counts from the last look, so that nothing that blocks for the threshold is missed.
      if (seconds >= threshold) this.#stacks.take(seconds, (stack) => blocked(seconds, stack));
      else this.#stacks.turned();
    }, period);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stacks.stop();
  }
}
