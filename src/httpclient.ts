/**
 * The HTTP client: non-blocking, with kept connections, on the same sockets, parser and limits as the
 * server (Tornado `httpclient`).
 */

export {
  AsyncHTTPClient,
  type AsyncHTTPClientOptions,
  type FetchCallback,
  type FetchOptions,
  HTTPClient,
} from "./httpclient/client.ts";
export {
  HTTPClientError,
  HTTPClientError as HTTPError,
  HTTPStreamClosedError,
  HTTPTimeoutError,
} from "./httpclient/errors.ts";
export type { ClientLimits } from "./httpclient/limits.ts";
export {
  type Chunk,
  type HeaderFields,
  HTTPRequest,
  type HTTPRequestOptions,
} from "./httpclient/request.ts";
export { type ConnectTarget, connectFor, type SocketOptions } from "./httpclient/request-socket.ts";
export { HTTPResponse } from "./httpclient/response.ts";
