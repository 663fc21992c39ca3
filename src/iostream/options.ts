/** What a stream may be told. */
import type { IOLoop } from "../ioloop.ts";

/** The limits of a stream, and what the peer's end means to it. */
export interface IOStreamOptions {
  /** Most received bytes that are kept for a read, 100 MiB by default as in Tornado. */
  readonly maxBufferSize?: number;
  /** Most written bytes that wait for the peer; no limit by default, as in Tornado. */
  readonly maxWriteBufferSize?: number;
  /** The peer's end leaves the stream open for writing. False by default: it closes the stream. */
  readonly allowHalfOpen?: boolean;
  readonly loop?: IOLoop;
}

/**
 * Most received bytes that a stream keeps for one read. A read that waits for a delimiter holds all
 * that comes before it: this bounds what one peer can make us hold. Tornado's default.
 */
export const MAX_BUFFER_SIZE: number = 100 * 1024 * 1024;
