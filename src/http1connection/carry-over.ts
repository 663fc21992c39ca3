/**
 * Received bytes that cannot be used yet: a head that is not complete, or requests that wait for
 * the response before them. They stay in JavaScript, so that an idle connection costs the core
 * nothing, and are put back into the core's memory to be parsed.
 */

import { CARRY_CAPACITY, CARRY_START, copyBytes, putBytes, viewBytes } from "../core.ts";

const LF = 0x0a;

/** The unused bytes of one connection, in order. Appending is linear whatever the sizes are. */
export class CarryOver {
  #bytes: Uint8Array;
  #length: number;
  /** Bytes that had been there when they were last put back into the core. */
  parsed: number;

  /** Keeps a copy of received bytes in the core's memory. */
  constructor(start: number, length: number) {
    this.#bytes = copyBytes(start, length);
    this.#length = length;
    this.parsed = length;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Adds received bytes. True if a line end is among them: only then can an unfinished head have
   * become complete, and parsing once a line keeps a drip of single bytes cheap.
   */
  append(start: number, length: number): boolean {
    const needed = this.#length + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    const added = viewBytes(start, length);
    this.#bytes.set(added, this.#length);
    this.#length = needed;
    return added.includes(LF);
  }

  /** Puts the first bytes back into the core's carry region; returns how many fitted. */
  restore(): number {
    const length = Math.min(this.#length, CARRY_CAPACITY);
    putBytes(this.#bytes.subarray(0, length), CARRY_START);
    this.parsed = this.#length;
    return length;
  }

  /** Drops bytes that have been used. */
  drop(length: number): void {
    this.#bytes = this.#bytes.slice(length, this.#length);
    this.#length -= length;
    this.parsed = 0;
  }
}
