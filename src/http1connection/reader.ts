/**
 * Takes the body of one message out of the bytes of a connection. Called by both of its ends, which
 * own the stream and the limits; does no I/O and knows no handlers.
 */

import {
  CHUNKED_WORDS,
  chunkedProgress,
  decodeChunked,
  reasonFor,
  statusCodeFor,
  text,
} from "../core.ts";
import { HTTPHeaders, HTTPInputError } from "../httputil.ts";
import { isOver, secondsSince } from "./deadlines.ts";
import type { ConnectionLimits } from "./limits.ts";

/** Reads one body. After `read`, `dataLength` bytes of it stand at the start that was given. */
export interface BodyReader {
  /** Bytes of body that the last `read` found. */
  readonly dataLength: number;
  /** The body is complete. */
  readonly done: boolean;
  /** What is wrong behind those bytes. Nothing more can be read then. */
  readonly error: HTTPInputError | undefined;
  /**
   * Takes what belongs to the body from received bytes in the core's memory and returns how many
   * bytes that was.
   */
  read(start: number, length: number): number;
}

/** A body while it arrives. */
export class IncomingBody {
  readonly reader: BodyReader;
  /** Bytes that it may have. */
  maxSize: number;
  /** Bytes that the last `take` found, and that it may have. */
  dataLength = 0;
  /** What is wrong behind them: malformed, or too long. */
  error: HTTPInputError | undefined = undefined;
  #size = 0;
  /** Bytes since its time has been running: since its head, or since it was last held up. */
  #timedSize = 0;
  #timedSince: number;
  #lastAt: number;

  /** Times are those of `clock`. */
  constructor(reader: BodyReader, maxSize: number, now: number) {
    this.reader = reader;
    this.maxSize = maxSize;
    this.#timedSince = now;
    this.#lastAt = now;
  }

  /** Reads on, see BodyReader. */
  take(start: number, length: number, now: number): number {
    const { reader } = this;
    const consumed = reader.read(start, length);
    const isTooLong = reader.dataLength > this.maxSize - this.#size;
    // As many as if they had come one by one.
    this.dataLength = isTooLong ? Math.max(0, this.maxSize - this.#size) : reader.dataLength;
    this.error = isTooLong ? this.tooLong() : reader.error;
    this.#size += this.dataLength;
    this.#timedSize += this.dataLength;
    this.#lastAt = now;
    return consumed;
  }

  /** It was held up until now, by us. */
  goOn(now: number): void {
    this.#timedSize = 0;
    this.#timedSince = now;
    this.#lastAt = now;
  }

  /** It may stand still for `bodyTimeout`, and take longer only as fast as `minBodyRate`. */
  isLate({ bodyTimeout, minBodyRate }: ConnectionLimits, now: number): boolean {
    if (isOver(bodyTimeout, secondsSince(this.#lastAt, now))) return true;
    const earned = minBodyRate === 0 ? 0 : this.#timedSize / minBodyRate;
    return isOver(bodyTimeout, secondsSince(this.#timedSince, now) - earned);
  }

  tooLong(): HTTPInputError {
    return new HTTPInputError(`the body is longer than ${this.maxSize} bytes`, 413);
  }
}

/** A body of known length, above zero. */
export class LengthReader implements BodyReader {
  readonly error: undefined = undefined;
  dataLength = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  read(_start: number, length: number): number {
    this.dataLength = Math.min(length, this.#left);
    this.#left -= this.dataLength;
    return this.dataLength;
  }
}

/** A body that ends where the connection ends. */
export class UntilCloseReader implements BodyReader {
  readonly error: undefined = undefined;
  dataLength = 0;
  done = false;

  /** The connection has ended. */
  end(): void {
    this.done = true;
  }

  read(_start: number, length: number): number {
    this.dataLength = length;
    return length;
  }
}

/** What ends a body without trailers after its last chunk. */
const EMPTY_LINE = 2;

/** A body in the chunked coding (RFC 9112 section 7.1). Extensions are dropped, and trailers too. */
export class ChunkedReader implements BodyReader {
  error: HTTPInputError | undefined = undefined;
  dataLength = 0;
  done = false;
  readonly #limits: ConnectionLimits;
  /** The decoder's state while other connections use the core. */
  readonly #progress = new Int32Array(CHUNKED_WORDS);

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  read(start: number, length: number): number {
    chunkedProgress.load(this.#progress);
    const { maxChunkExtensionSize, maxTrailerSize } = this.#limits;
    const consumed = decodeChunked(start, length, maxChunkExtensionSize, maxTrailerSize);
    this.dataLength = chunkedProgress.dataLength;
    if (consumed < 0) {
      const message = `Cannot read chunked body: ${reasonFor(consumed)}`;
      this.error = new HTTPInputError(message, statusCodeFor(consumed));
      return length;
    }
    chunkedProgress.store(this.#progress);
    this.done = chunkedProgress.done;
    return consumed;
  }
}

/** The same, with its trailers kept: a client may want them, a server never does. */
export class TrailersReader extends ChunkedReader {
  #text = "";
  #taken = 0;

  override read(start: number, length: number): number {
    const consumed = super.read(start, length);
    if (this.error !== undefined) return consumed;
    const taken = chunkedProgress.trailerLength;
    const isEmpty = this.done && taken === EMPTY_LINE;
    if (taken > this.#taken && !isEmpty) {
      this.#text += text(start + consumed - (taken - this.#taken), start + consumed);
    }
    this.#taken = taken;
    return consumed;
  }

  /** The fields, once the body is done; undefined if there are none. */
  get trailers(): HTTPHeaders | undefined {
    const { length } = this.#text;
    return length <= EMPTY_LINE ? undefined : HTTPHeaders.parse(this.#text.slice(0, -EMPTY_LINE));
  }
}
