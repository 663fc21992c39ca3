/**
 * Both ends of an HTTP/1.x connection: bytes in, events out, no waiting (Tornado `http1connection`).
 * `httpserver` has one end, `httpclient` the other. What a message is stands in `httputil`.
 */

export { HTTP1ClientConnection } from "./http1connection/client-connection.ts";
export type { ClientConnectionOwner, ClientExchange } from "./http1connection/client-exchange.ts";
export type { ConnectionOwner } from "./http1connection/connection-owner.ts";
export { clock, secondsSince } from "./http1connection/deadlines.ts";
export {
  type ConnectionLimits,
  connectionLimits,
  DEFAULT_LIMITS,
} from "./http1connection/limits.ts";
export { ResponseHead } from "./http1connection/response-head.ts";
export { HTTP1ServerConnection } from "./http1connection/server-connection.ts";
export { warmUp } from "./http1connection/warm-up.ts";
