/**
 * Streams over sockets. What every reader and writer of a connection shares is the error that says
 * that the connection is gone (Tornado `iostream`).
 */

/** A stream was used, or waited for, after it was closed. `cause` is what closed it, if known. */
export class StreamClosedError extends Error {
  override readonly name: string = "StreamClosedError";

  constructor(cause?: Error) {
    super("The stream is closed", cause === undefined ? undefined : { cause });
  }
}
