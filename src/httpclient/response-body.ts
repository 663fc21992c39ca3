/**
 * Where the body of a response goes: collected, or given on part by part, or thrown away. Made by
 * `fetch-task.ts` when a head has arrived.
 */

import { copyBytes, newLarge, viewBytes } from "../core.ts";
import { decompress, StreamDecompressor } from "../decompression.ts";
import { isThenable } from "../util.ts";

export interface BodySink {
  /** Takes a part, in the core's memory until this returns. A promise holds the next one back. */
  receive(start: number, length: number): PromiseLike<unknown> | void;
  /** The body is complete: what there is of it to show. */
  finish(): Uint8Array | Promise<Uint8Array>;
  /** Nobody waits for the rest. */
  abandon(): void;
}

export const EMPTY: Uint8Array = new Uint8Array(0);

/** Once this share of a promised body is there, room for all of it is made: one in so many. */
const BELIEVED = 8;

/** Collects a body; decompresses it at the end. */
export class CollectedBody implements BodySink {
  readonly #coding: string | undefined;
  readonly #limit: number;
  /** What Content-Length promises, 0 without. */
  readonly #expected: number;
  #bytes = EMPTY;
  #length = 0;

  constructor(coding: string | undefined, limit: number, expected: number) {
    this.#coding = coding;
    this.#limit = limit;
    this.#expected = expected;
  }

  receive(start: number, length: number): void {
    const needed = this.#length + length;
    if (this.#length === 0 && needed >= this.#expected) {
      // Mostly the whole body.
      this.#bytes = copyBytes(start, length);
    } else {
      if (needed > this.#bytes.length) this.#grow(needed);
      this.#bytes.set(viewBytes(start, length), this.#length);
    }
    this.#length = needed;
  }

  finish(): Uint8Array | Promise<Uint8Array> {
    const all = this.#length === this.#bytes.length;
    const bytes = all ? this.#bytes : this.#bytes.subarray(0, this.#length);
    return this.#coding === undefined ? bytes : decompress(this.#coding, bytes, this.#limit);
  }

  abandon(): void {}

  #grow(needed: number): void {
    const before = this.#bytes.subarray(0, this.#length);
    const promised = needed * BELIEVED >= this.#expected && needed <= this.#expected;
    // A complete body fills all that is promised, so there is no need for zeros.
    this.#bytes = promised
      ? newLarge(this.#expected)
      : new Uint8Array(Math.max(needed, 2 * before.length));
    this.#bytes.set(before);
  }
}

/** Gives the parts of a body to a callback, as they are decompressed. */
export class StreamedBody implements BodySink {
  readonly #callback: (chunk: Uint8Array) => unknown;
  readonly #decompressor: StreamDecompressor | undefined;

  constructor(callback: (chunk: Uint8Array) => unknown, coding: string | undefined, limit: number) {
    this.#callback = callback;
    if (coding === undefined) return;
    this.#decompressor = new StreamDecompressor(coding, limit, callback);
  }

  receive(start: number, length: number): PromiseLike<unknown> | void {
    const own = copyBytes(start, length);
    if (this.#decompressor !== undefined) return this.#decompressor.write(own);
    const waiting = this.#callback(own);
    return isThenable(waiting) ? waiting : undefined;
  }

  finish(): Uint8Array | Promise<Uint8Array> {
    return this.#decompressor?.finish().then(() => EMPTY) ?? EMPTY;
  }

  abandon(): void {
    this.#decompressor?.abandon();
  }
}

/** Throws away the body of a response that another one will replace, for as long as that is cheap. */
export class DiscardedBody implements BodySink {
  readonly #limit: number;
  readonly #tooLong: () => void;
  #size = 0;

  /** Calls `tooLong` when reading on costs more than a new connection. */
  constructor(limit: number, tooLong: () => void) {
    this.#limit = limit;
    this.#tooLong = tooLong;
  }

  receive(_start: number, length: number): void {
    this.#size += length;
    if (this.#size > this.#limit) this.#tooLong();
  }

  finish(): Uint8Array {
    return EMPTY;
  }

  abandon(): void {}
}
