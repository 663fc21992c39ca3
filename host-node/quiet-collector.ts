/**
 * Has the engine collect what many connections have left behind, once nobody waits for this
 * process. An idle engine does so late or never: what passed through its young generation stays,
 * and the next thousands of connections need as much again (docs/decisions/011-collections.md).
 * Whoever opens and closes connections tells it of them.
 */

import process from "node:process";
import { setTimeout } from "node:timers";
import { collectAll } from "../src/collector.ts";

/** Connections that must have opened or closed. */
const MANY = 1000;
/** Milliseconds in which none has, and nothing has been received. */
const QUIET = 1000;
/** Bytes of heap that each of them is taken to have left behind. */
const LEFT = 4096;
/**
 * A collection takes the longer the larger the heap is, so what is left behind must be this part of
 * it: about a millisecond for every hundred connections then.
 */
const PART = 1 / 8;

/** What it needs of its runtime. */
export interface Surroundings {
  collect(): void;
  heapUsed(): number;
  /** Calls back after a time, unless the process ends before. */
  wait(done: () => void): void;
}

const REAL: Surroundings = {
  collect: collectAll,
  heapUsed: () => process.memoryUsage().heapUsed,
  wait: (done) => void setTimeout(done, QUIET).unref(),
};

export class QuietCollector {
  /** To be raised with all that is received. */
  received = 0;
  #changes = 0;
  #isWaiting = false;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings = REAL) {
    this.#surroundings = surroundings;
  }

  /** A connection has opened or closed. */
  changed(): void {
    this.#changes++;
    if (this.#changes < MANY || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#wait();
  }

  #wait(): void {
    const { received } = this;
    const changes = this.#changes;
    this.#surroundings.wait(() => {
      if (this.received !== received || this.#changes !== changes) this.#wait();
      else this.#finish();
    });
  }

  #finish(): void {
    this.#isWaiting = false;
    if (this.#changes * LEFT < this.#surroundings.heapUsed() * PART) return;
    this.#changes = 0;
    this.#surroundings.collect();
  }
}
