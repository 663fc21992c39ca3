/** Received bytes that nobody has read yet: appended at the end, taken from the front. */
import { Buffer } from "node:buffer";

const NOTHING = Buffer.alloc(0);
const FIRST_CAPACITY = 512;
/** An emptied buffer that is larger is given back. */
const KEPT_CAPACITY = 64 * 1024;
/** From here on, taking all is cheaper without a copy. */
const HANDED_OVER = 16 * 1024;

export class ReadBuffer {
  #bytes: Buffer = NOTHING;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Where a delimiter begins, at `from` or after it; -1 if it does not. */
  indexOf(delimiter: Uint8Array, from: number): number {
    const { buffer, byteOffset } = this.#bytes;
    const view = Buffer.from(buffer, byteOffset + this.#start, this.length);
    return view.indexOf(delimiter, from);
  }

  /** All of it, a character for each byte. */
  latin1(): string {
    return this.#bytes.toString("latin1", this.#start, this.#end);
  }

  /** Takes bytes from the front; they belong to the caller. */
  take(length: number): Uint8Array {
    if (length === this.length && length >= HANDED_OVER) {
      const { buffer, byteOffset } = this.#bytes;
      const taken = new Uint8Array(buffer, byteOffset + this.#start, length);
      this.#bytes = NOTHING;
      this.#start = this.#end = 0;
      return taken;
    }
    const taken = new Uint8Array(length);
    this.takeInto(taken);
    return taken;
  }

  /** Fills the target from the front, as far as there are bytes, and returns how many it took. */
  takeInto(target: Uint8Array): number {
    const length = Math.min(target.length, this.length);
    target.set(this.#bytes.subarray(this.#start, this.#start + length));
    this.#start += length;
    if (this.#start === this.#end) this.#empty();
    return length;
  }

  #empty(): void {
    this.#start = this.#end = 0;
    if (this.#bytes.length > KEPT_CAPACITY) this.#bytes = NOTHING;
  }

  #makeRoom(more: number): void {
    const length = this.length;
    const needed = length + more;
    // To move all for little room again and again would take quadratic time.
    if (needed <= this.#bytes.length / 2) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const capacity = Math.max(FIRST_CAPACITY, 2 * needed);
      const grown = Buffer.from(new ArrayBuffer(capacity));
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
    }
    this.#start = 0;
    this.#end = length;
  }
}
