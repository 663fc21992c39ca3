/**
 * What was said lately on a connection, as far back as compression may refer to it: the context
 * of RFC 7692. Kept as plain bytes, because zlib's own state takes nine times as much.
 */

const EMPTY = new Uint8Array(0);

export class History {
  readonly #size: number;
  #bytes: Uint8Array = EMPTY;

  /** Remembers the last `size` bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** The bytes, oldest first. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  add(bytes: Uint8Array): void {
    const size = this.#size;
    if (bytes.length >= size) {
      this.#bytes = bytes.slice(bytes.length - size);
      return;
    }
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + bytes.length - size));
    const joined = new Uint8Array(kept.length + bytes.length);
    joined.set(kept);
    joined.set(bytes, kept.length);
    this.#bytes = joined;
  }
}
