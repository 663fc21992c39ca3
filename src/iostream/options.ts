/** What a stream may be told. */
import type { IOLoop } from "../ioloop.ts";
import { checkLimit } from "../util.ts";

/** The limits of a stream, and what the peer's end means to it. */
export interface IOStreamOptions {
  /** Most received bytes that are kept for a read, 100 MiB by default as in Tornado. */
  readonly maxBufferSize?: number;
  /** Most written bytes that wait for the peer; no limit by default, as in Tornado. */
  readonly maxWriteBufferSize?: number;
  /**
   * Seconds in which the peer must take some of the output that waits when the stream is closed, 60
   * by default: then the socket is aborted. 0 waits for ever.
   */
  readonly closeTimeout?: number;
  /** The peer's end leaves the stream open for writing. False by default: it closes the stream. */
  readonly allowHalfOpen?: boolean;
  readonly loop?: IOLoop;
}

/**
 * Most received bytes that a stream keeps for one read. A read that waits for a delimiter holds all
 * that comes before it: this bounds what one peer can make us hold. Tornado's default.
 */
export const MAX_BUFFER_SIZE: number = 100 * 1024 * 1024;

/**
 * Seconds that a closed stream waits for a peer that takes nothing. Such a peer would hold the socket,
 * the output and the process for ever; Tornado drops at once what waits. As `sendTimeout` of HTTP.
 */
const CLOSE_TIMEOUT = 60;

/** What holds a stream back. */
export type StreamLimits = Required<
  Pick<IOStreamOptions, "maxBufferSize" | "maxWriteBufferSize" | "closeTimeout">
>;

/** The limits that hold. Throws a RangeError for one that cannot be held to. */
export function streamLimits({
  maxBufferSize = MAX_BUFFER_SIZE,
  maxWriteBufferSize = Number.POSITIVE_INFINITY,
  closeTimeout = CLOSE_TIMEOUT,
}: IOStreamOptions): StreamLimits {
  checkLimit("maxBufferSize", maxBufferSize);
  checkLimit("maxWriteBufferSize", maxWriteBufferSize);
  checkLimit("closeTimeout", closeTimeout);
  return { maxBufferSize, maxWriteBufferSize, closeTimeout };
}
