/**
 * The buffers that connections wait for a request with, and write short responses from: every
 * pending read of Deno's owns one, for two may be fulfilled before JavaScript hears of either. They
 * are pieces of larger blocks, which costs less than as many of their own, and go from one use, or
 * a connection that has closed, to the next. Used by `conn-socket.ts`.
 */

/** Most requests are shorter; what an idle connection costs of reading. */
export const IDLE_LENGTH = 1024;
const PIECES = 64;
/** Most that are kept for connections to come: what a burst leaves behind is 16 MiB at most. */
const KEPT = 16 * 1024;

export class IdleBuffers {
  readonly #free: Uint8Array[] = [];
  #block = new ArrayBuffer(0);
  #next = 0;

  /** A buffer of IDLE_LENGTH. What is in it is nobody's. */
  take(): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next === this.#block.byteLength) {
      this.#block = new ArrayBuffer(PIECES * IDLE_LENGTH);
      this.#next = 0;
    }
    const piece = new Uint8Array(this.#block, this.#next, IDLE_LENGTH);
    this.#next += IDLE_LENGTH;
    return piece;
  }

  /** Takes back a buffer that nobody uses any more. One of another length is left to the collector. */
  give(buffer: Uint8Array): void {
    if (buffer.length === IDLE_LENGTH && this.#free.length < KEPT) this.#free.push(buffer);
  }
}
