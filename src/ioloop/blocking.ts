/**
 * Sees that the event loop did not turn for a while, and in what, from one of two sources. Private
 * to `ioloop`.
 */

import { isMainThread } from "node:worker_threads";
import type { Host } from "../host.ts";
import { timerDelay } from "../util.ts";
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
  readonly source: Host["stacks"];
}

/** Hears of it when it is over: for how many seconds, and in what, if that could be seen. */
export type Blocked = (seconds: number, stack: string | undefined) => void;

export class BlockingWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stacks: Stacks | undefined;

  /** Throws a RangeError unless the threshold is above 0. */
  constructor({ threshold, source }: BlockingWatchOptions, blocked: Blocked) {
    if (!(threshold > 0)) {
      throw new RangeError(`Cannot watch for blocking of ${threshold} s: it is not above 0`);
    }
    const period = timerDelay(threshold / LOOKS);
    this.#stacks = openStacks(source, threshold, period);
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      // Counts from the last look, so that nothing that blocks for the threshold is missed.
      if (seconds >= threshold) this.#tell(seconds, blocked);
      else this.#stacks?.turned();
      // What the look itself takes is not counted.
      last = performance.now();
    }, period);
    this.#timer.unref();
  }

  #tell(seconds: number, blocked: Blocked): void {
    if (this.#stacks === undefined) blocked(seconds, undefined);
    else this.#stacks.take(seconds, (stack) => blocked(seconds, stack));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stacks?.stop();
  }
}

function openStacks(source: Host["stacks"], threshold: number, period: number): Stacks | undefined {
  if (source === "none") return undefined;
  // Inspectors show the main thread alone.
  const isPaused = source === "paused" && isMainThread;
  return isPaused ? new PausedStacks(threshold, period) : new SampledStacks(period);
}
