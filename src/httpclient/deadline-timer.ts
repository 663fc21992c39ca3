/**
 * One timer for the deadlines of many fetches, at the earliest. Mostly every fetch has the same
 * timeouts, so later ones leave it as it is. Between fetches it stays set, without keeping the
 * process running.
 */

import { clearTimeout, setTimeout } from "node:timers";
import { LONGEST_TIMER } from "../util.ts";

export class DeadlineTimer {
  readonly #passed: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #held = false;

  /** Calls `passed` when the earliest deadline has passed. */
  constructor(passed: () => void) {
    this.#passed = passed;
  }

  /** Sees to a deadline, on the clock of `performance.now()`. */
  watch(deadline: number): void {
    if (deadline >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = deadline;
    // Who looks at the deadlines when it fires sees to those that are later than timers can be.
    const wait = Math.min(Math.max(0, deadline - performance.now()), LONGEST_TIMER);
    this.#timer = setTimeout(() => this.#run(), wait);
    if (!this.#held) this.#timer.unref();
  }

  /** Keeps the process running for as long as somebody waits. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#timer?.ref();
    else this.#timer?.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #run(): void {
    this.stop();
    this.#passed();
  }
}
