/**
 * Where the body of a response goes: collected, or given on part by part, or thrown away. Made by
 * `fetch-task.ts` when a head has arrived.
 */

import { copyBytes, viewBytes } from "../core.ts";
import { BodyBuffer } from "../httputil.ts";
import { isThenable } from "../util.ts";
import { decompress, StreamDecompressor } from "./decompression.ts";

export interface BodySink {
  /** Takes a part, in the core's memory until this returns. A promise holds the next one back. */
  receive(start: number, length: number): PromiseLike<unknown> | void;
  /** The body is complete: what there is of it to show. */
  finish(): Uint8Array | Promise<Uint8Array>;
}

export const EMPTY: Uint8Array = new Uint8Array(0);

/** Collects a body; decompresses it at the end. */
export class CollectedBody implements BodySink {
  readonly #coding: string | undefined;
  readonly #limit: number;
  /** Mostly the whole body. */
  #first: Uint8Array | undefined;
  #buffer: BodyBuffer | undefined;

  constructor(coding: string | undefined, limit: number) {
    this.#coding = coding;
    this.#limit = limit;
  }

  receive(start: number, length: number): void {
    if (this.#first === undefined) {
      this.#first = copyBytes(start, length);
      return;
    }
    if (this.#buffer === undefined) {
      this.#buffer = new BodyBuffer();
      this.#buffer.append(this.#first);
    }
    this.#buffer.append(viewBytes(start, length));
  }

  finish(): Uint8Array | Promise<Uint8Array> {
    const bytes = this.#buffer?.take() ?? this.#first ?? EMPTY;
    return this.#coding === undefined ? bytes : decompress(this.#coding, bytes, this.#limit);
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
}
