/**
 * Calls a function again and again. Private to `ioloop`, which exports it.
 */

import { isThenable } from "../util.ts";
import { type Callback, checkCallback, IOLoop } from "./loop.ts";
import { LoopTimeout, type Timeout } from "./timeout.ts";

/** What a PeriodicCallback may be told. */
export interface PeriodicCallbackOptions {
  /**
   * Part of the period by which each start may be early or late, so that many processes do not all
   * start at once: 0.1 is up to 5 % either way. From 0 to 1, 0 if left out.
   */
  readonly jitter?: number;
}

/**
 * Calls a function every so many milliseconds, counted from start to start. Starts that are missed,
 * because the loop was blocked or the function's promise has not settled, are skipped: it never runs
 * twice at once. A change of the system's clock makes no difference (Tornado
 * `ioloop.PeriodicCallback`).
 */
export class PeriodicCallback {
  readonly callback: Callback;
  /** Milliseconds from one start to the next. */
  readonly callbackTime: number;
  readonly jitter: number;
  #loop: IOLoop | undefined;
  #timeout: Timeout | undefined;
  /** What the callback has returned has not settled: it may have been stopped and started since. */
  #pending = false;
  /** On the clock of `performance.now()`, in milliseconds. */
  #next = 0;

  /**
   * Throws a RangeError unless the time is above 0 and the jitter from 0 to 1, a TypeError for a
   * callback that is no function.
   */
  constructor(callback: Callback, callbackTime: number, options: PeriodicCallbackOptions = {}) {
    const { jitter = 0 } = options;
    checkCallback(callback);
    if (!(callbackTime > 0)) {
      throw new RangeError(`Cannot call every ${callbackTime} ms: the time is not above 0`);
    }
    if (!(jitter >= 0 && jitter <= 1)) {
      throw new RangeError(`Cannot use jitter ${jitter}: it is not from 0 to 1`);
    }
    this.callback = callback;
    this.callbackTime = callbackTime;
    this.jitter = jitter;
  }

  /** Starts on the current loop; the first call is one period from now. */
  start(): void {
    if (this.#loop !== undefined) return;
    this.#loop = IOLoop.current();
    this.#next = performance.now();
    this.#schedule(this.#loop);
  }

  /** No call begins after this; one that runs goes on. */
  stop(): void {
    this.#timeout?.cancel();
    this.#timeout = undefined;
    this.#loop = undefined;
  }

  /** Whether it has been started, and not stopped. */
  isRunning(): boolean {
    return this.#loop !== undefined;
  }

  #schedule(loop: IOLoop): void {
    const now = performance.now();
    const period = this.callbackTime * (1 + this.jitter * (Math.random() - 0.5));
    const missed = Math.max(0, Math.floor((now - this.#next) / period));
    this.#next += (missed + 1) * period;
    const delay = (this.#next - now) / 1000;
    this.#timeout = new LoopTimeout(loop.time() + delay, delay, () => this.#run(loop));
  }

  #run(loop: IOLoop): void {
    if (this.#pending) {
      this.#schedule(loop);
      return;
    }
    const again = (): void => {
      this.#pending = false;
      // Stopped meanwhile, or stopped and started.
      if (this.#loop === loop && this.#timeout === timeout) this.#schedule(loop);
    };
    // First, as the hook may throw itself.
    const failed = (error: unknown): void => {
      again();
      loop.handleCallbackException(this.callback, error);
    };
    const timeout = this.#timeout;
    let result: unknown;
    try {
      result = this.callback();
    } catch (error) {
      failed(error);
      return;
    }
    if (!isThenable(result)) {
      again();
      return;
    }
    this.#pending = true;
    result.then(again, failed);
  }
}
