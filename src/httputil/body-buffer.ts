/**
 * Collects a body that arrives in parts. Grows by doubling, so many tiny parts cost no more than
 * one large one, and nothing is set aside for bytes that a Content-Length only promises.
 */

const EMPTY = new Uint8Array(0);

/** The bytes of a body, as far as they have arrived. */
export class BodyBuffer {
  #bytes: Uint8Array = EMPTY;
  #length = 0;

  /** Bytes that have been added. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of a part. */
  append(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = needed;
  }

  /** What has been collected; the buffer is empty again. */
  take(): Uint8Array {
    const whole = this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    this.#length = 0;
    return whole;
  }
}
