/**
 * HTTP's vocabulary: headers, requests, start lines, the interfaces between a connection and an
 * application, and small functions (Tornado `httputil`). Used alone it loads no server.
 */

export { type Arguments, parseArguments } from "./httputil/arguments.ts";
export { BodyBuffer } from "./httputil/body-buffer.ts";
export { currentDate, formatTimestamp } from "./httputil/date.ts";
export type {
  Extent,
  HTTPConnection,
  HTTPMessageDelegate,
  HTTPRequestContext,
  HTTPServerConnectionDelegate,
} from "./httputil/delegates.ts";
export { HTTPInputError, HTTPOutputError } from "./httputil/errors.ts";
export { HeaderBlock, HTTPHeaders, normalizeHeaderName } from "./httputil/headers.ts";
export { HTTPServerRequest } from "./httputil/request.ts";
export type { RequestStartLine, ResponseStartLine } from "./httputil/start-line.ts";
export { REASONS, reasonFor, standardStartLine } from "./httputil/start-line.ts";
