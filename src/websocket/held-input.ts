/**
 * Received bytes that wait while a message is being dealt with. The socket is not read meanwhile,
 * so there is no more of it than was received at once.
 */

export class HeldInput {
  #bytes: Uint8Array;
  #start = 0;

  /** Keeps a copy. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice();
  }

  get length(): number {
    return this.#bytes.length - this.#start;
  }

  first(length: number): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#start + length);
  }

  drop(length: number): void {
    this.#start += length;
  }

  append(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.length + bytes.length);
    joined.set(this.first(this.length));
    joined.set(bytes, this.length);
    this.#bytes = joined;
    this.#start = 0;
  }
}
