/**
 * What a read waits for: each kind says how many of the received bytes satisfy it. Called by
 * `io-stream.ts` whenever there are more; knows no socket.
 */
import { StreamBufferFullError, UnsatisfiableReadError } from "./errors.ts";
import type { ReadBuffer } from "./read-buffer.ts";

/** One read that is under way. */
export interface Read {
  /** How many bytes are to be taken, or -1 if there are not enough. */
  find(buffer: ReadBuffer): number;
  /** Milliseconds until it is worth to look again, if `find` has not looked. */
  readonly wait: number;
  /** How many bytes satisfy it when no more will come, or -1; `error` is what closed the stream. */
  atEnd(buffer: ReadBuffer, error: Error | undefined): number;
}

/** A read, and who waits for it. */
export interface Waiting {
  readonly read: Read;
  resolve(result: Uint8Array): void;
  reject(error: Error): void;
}

function check(needed: number, maxBytes: number, what: string): void {
  if (needed <= maxBytes) return;
  throw new UnsatisfiableReadError(`Cannot read until ${what}: not within ${maxBytes} bytes`);
}

/** Ends with a delimiter. What has been looked through is not looked through again. */
export class DelimiterRead implements Read {
  readonly wait = 0;
  readonly #delimiter: Uint8Array;
  readonly #maxBytes: number;
  #looked = 0;

  constructor(delimiter: Uint8Array, maxBytes: number) {
    this.#delimiter = delimiter;
    this.#maxBytes = maxBytes;
  }

  find(buffer: ReadBuffer): number {
    const { length } = this.#delimiter;
    const at = buffer.indexOf(this.#delimiter, this.#looked);
    this.#looked = Math.max(0, buffer.length - length + 1);
    const end = at < 0 ? -1 : at + length;
    // A delimiter that may have begun ends behind what is there.
    check(at < 0 ? this.#looked + length : end, this.#maxBytes, "a delimiter");
    return end;
  }

  atEnd(): number {
    return -1;
  }
}

/** An expression is matched against all bytes each time: up to this length at every byte. */
const EAGER_LENGTH = 4096;
/** Longer ones rest this many times as long as the last look took. */
const REST = 8;

/** Ends where a regular expression first matches. */
export class RegexRead implements Read {
  readonly #regex: RegExp;
  readonly #maxBytes: number;
  #nextLook = 0;
  #failed = 0;

  constructor(regex: RegExp, maxBytes: number) {
    // With "g" or "y", an expression goes on where it was.
    this.#regex = new RegExp(regex.source, regex.flags.replace(/[gy]/g, ""));
    this.#maxBytes = maxBytes;
  }

  get wait(): number {
    return this.#nextLook === 0 ? 0 : Math.max(1, this.#nextLook - performance.now());
  }

  find(buffer: ReadBuffer): number {
    if (buffer.length === this.#failed) return -1;
    const began = performance.now();
    // A drip of single bytes would else cost quadratic time.
    if (buffer.length > EAGER_LENGTH && began < this.#nextLook && buffer.length <= this.#maxBytes) {
      return -1;
    }
    const match = this.#regex.exec(buffer.latin1());
    if (match !== null) {
      const end = match.index + match[0].length;
      check(end, this.#maxBytes, "an expression");
      return end;
    }
    check(buffer.length + 1, this.#maxBytes, "an expression");
    this.#failed = buffer.length;
    const now = performance.now();
    this.#nextLook = now + REST * (now - began);
    return -1;
  }

  atEnd(buffer: ReadBuffer): number {
    this.#nextLook = 0;
    return this.find(buffer);
  }
}

/** Throws for a length that is no count, or that is more than may be kept for one read. */
export function checkLength(length: number, partial: boolean, maxBufferSize: number): void {
  const countable = Number.isInteger(length) || (partial && length === Number.POSITIVE_INFINITY);
  if (!countable || length < 0) throw new RangeError(`Cannot read ${length} bytes`);
  if (length <= maxBufferSize || partial) return;
  const most = `maxBufferSize is ${maxBufferSize}`;
  throw new StreamBufferFullError(`Cannot read ${length} bytes at once: ${most}`);
}

/** Ends after a number of bytes, or after any if a part will do. */
export class BytesRead implements Read {
  readonly wait = 0;
  readonly #length: number;
  readonly #partial: boolean;

  constructor(length: number, partial: boolean) {
    this.#length = length;
    this.#partial = partial;
  }

  find(buffer: ReadBuffer): number {
    if (buffer.length >= this.#length) return this.#length;
    return this.#partial && buffer.length > 0 ? buffer.length : -1;
  }

  atEnd(): number {
    return -1;
  }
}

/** Moves bytes to where they are wanted as they come, so that none are kept. */
export class IntoRead implements Read {
  readonly wait = 0;
  readonly #target: Uint8Array;
  readonly #partial: boolean;
  filled = 0;

  constructor(target: Uint8Array, partial: boolean) {
    this.#target = target;
    this.#partial = partial;
  }

  find(buffer: ReadBuffer): number {
    this.filled += buffer.takeInto(this.#target.subarray(this.filled));
    return this.filled === this.#target.length || (this.#partial && this.filled > 0) ? 0 : -1;
  }

  atEnd(): number {
    return -1;
  }
}

/** Ends with the stream. */
export class CloseRead implements Read {
  readonly wait = 0;

  find(): number {
    return -1;
  }

  /** All there is, but not as if it were all when there was no room for the rest. */
  atEnd(buffer: ReadBuffer, error: Error | undefined): number {
    return error instanceof StreamBufferFullError ? -1 : buffer.length;
  }
}
