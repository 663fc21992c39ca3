/**
 * HTTP's vocabulary: headers, requests, start lines, the interfaces between a connection and an
 * application, and small functions (Tornado `httputil`). Used alone it loads no server.
 */

export {
  type Arguments,
  bodyConfigOf,
  maxBodyMemory,
  type ParseBodyConfig,
  parseArguments,
  parseBodyArguments,
  receiverFor,
  setParseBodyConfig,
} from "./httputil/arguments.ts";
export { BodyBuffer } from "./httputil/body-buffer.ts";
export { type CookieAttributes, formatCookie, parseCookie } from "./httputil/cookies.ts";
export { currentDate, formatTimestamp } from "./httputil/date.ts";
export type {
  Departure,
  Extent,
  HTTPConnection,
  HTTPMessageDelegate,
  HTTPRequestContext,
  HTTPServerConnectionDelegate,
} from "./httputil/delegates.ts";
export { HTTPInputError, HTTPOutputError } from "./httputil/errors.ts";
export { failRequest } from "./httputil/failed-request.ts";
export { FormReceiver } from "./httputil/form-receiver.ts";
export {
  HeaderBlock,
  type HeaderInput,
  HTTPHeaders,
  normalizeHeaderName,
} from "./httputil/headers.ts";
export { HTTPFile } from "./httputil/http-file.ts";
export { type ParsedForm, parseMultipartFormData } from "./httputil/multipart.ts";
export type { ParseMultipartConfig } from "./httputil/multipart-config.ts";
export {
  boundaryOf,
  MultipartReader,
  type PartHead,
  type PartSink,
} from "./httputil/multipart-reader.ts";
export { filePieces, type OpenFile } from "./httputil/open-file.ts";
export { encodeHeader, type ParsedHeader, parseHeader } from "./httputil/parameters.ts";
export { getContentRange, parseRequestRange, type RequestRange } from "./httputil/range.ts";
export { HTTPServerRequest } from "./httputil/request.ts";
export type { RequestStartLine, ResponseStartLine } from "./httputil/start-line.ts";
export {
  checkStartLine,
  checkStatus,
  parseRequestStartLine,
  parseResponseStartLine,
  REASONS,
  reasonFor,
  standardStartLine,
} from "./httputil/start-line.ts";
export { isToken } from "./httputil/token.ts";
export {
  encodeUsernamePassword,
  qsToQsl,
  splitHostAndPort,
  type UrlArguments,
  urlConcat,
} from "./httputil/url.ts";
