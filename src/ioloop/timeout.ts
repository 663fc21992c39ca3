/**
 * One callback that is due at a time. Private to `ioloop`.
 */

import { LONGEST_TIMER } from "../util.ts";

/** When: seconds since the epoch on the loop's clock, a Date, or seconds from now. */
export type Deadline = number | Date | { readonly seconds: number };

/** What `callLater`, `callAt` and `addTimeout` return, to be given to `removeTimeout`. */
export interface Timeout {
  /** On the loop's clock, in seconds. */
  readonly deadline: number;
  cancel(): void;
}

/** A timer for any delay. */
export class LoopTimeout implements Timeout {
  readonly deadline: number;
  readonly #run: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(deadline: number, delay: number, run: () => void) {
    this.deadline = deadline;
    this.#run = run;
    this.#start(delay * 1000);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  #start(milliseconds: number): void {
    if (milliseconds <= LONGEST_TIMER) {
      this.#timer = setTimeout(this.#run, milliseconds);
      return;
    }
    const rest = milliseconds - LONGEST_TIMER;
    this.#timer = setTimeout(() => this.#start(rest), LONGEST_TIMER);
  }
}
