/**
 * WebSockets, both ends of them: RFC 6455, and compression by RFC 7692 (Tornado `websocket`).
 */

export {
  type ReceivedMessage,
  WebSocketClientConnection,
  type WebSocketConnectOptions,
  websocketConnect,
} from "./websocket/client.ts";
export type { CompressionOptions } from "./websocket/extension.ts";
export { WebSocketHandler } from "./websocket/handler.ts";
export { DEFAULT_LIMITS, type WebSocketLimits } from "./websocket/limits.ts";
export { type Message, PreparedMessage } from "./websocket/prepared-message.ts";
export { WebSocketClosedError, WebSocketError } from "./websocket/protocol.ts";
