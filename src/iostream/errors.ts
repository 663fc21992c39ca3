/** What goes wrong on a stream. */

/** A stream was used, or waited for, after it was closed. `cause` is what closed it, if known. */
export class StreamClosedError extends Error {
  override readonly name: string = "StreamClosedError";

  constructor(cause?: Error) {
    super("The stream is closed", cause === undefined ? undefined : { cause });
  }

  /** Tornado's name of `cause`. */
  get realError(): Error | undefined {
    return this.cause as Error | undefined;
  }
}

/** The peer has sent more than a read's `maxBytes` without what the read waits for. */
export class UnsatisfiableReadError extends Error {
  override readonly name: string = "UnsatisfiableReadError";
}

/** More would have to be kept than `maxBufferSize` or `maxWriteBufferSize` allow. */
export class StreamBufferFullError extends Error {
  override readonly name: string = "StreamBufferFullError";
}
