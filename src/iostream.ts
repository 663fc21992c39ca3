/**
 * Streams over sockets: the other handler of a socket beside `http1connection`, for protocols that
 * read and write with promises (Tornado `iostream`). A connection goes from one to the other by
 * `detach()`. Also the error by which all readers and writers learn that a connection is gone.
 */

export {
  StreamBufferFullError,
  StreamClosedError,
  UnsatisfiableReadError,
} from "./iostream/errors.ts";
export { IOStream } from "./iostream/io-stream.ts";
export {
  type IOStreamOptions,
  MAX_BUFFER_SIZE,
  type StreamLimits,
  streamLimits,
} from "./iostream/options.ts";
export { PipeIOStream } from "./iostream/pipe-io-stream.ts";
