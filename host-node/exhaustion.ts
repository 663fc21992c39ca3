/**
 * What becomes of a listener while the process has no descriptors left: it rests, and tries again.
 * The connections that wait are the kernel's meanwhile.
 */

import { systemError } from "./addresses.ts";
import type { NativeLoop } from "./native.ts";

const EPOLLIN = 1;

/** How long a listener rests. nginx waits 500 ms. */
const REST_MILLISECONDS = 100;
/** It is told of again only after this time without. */
const AGAIN_MILLISECONDS = 60_000;

export class Exhaustion {
  readonly #native: NativeLoop;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(native: NativeLoop) {
    this.#native = native;
  }

  /** A listener, by its number, could accept nobody for want of what the error says. */
  occurred(listener: number, errno: number): void {
    setTimeout(() => this.#native.watch(listener, EPOLLIN, 1), REST_MILLISECONDS).unref();
    const now = performance.now();
    if (now - this.#lastAt > AGAIN_MILLISECONDS) {
      console.error(systemError(errno, "accept more connections").message);
    }
    this.#lastAt = now;
  }
}
