/**
 * The words of RFC 6455 that every part of `websocket` uses: opcodes, bits of a frame's first byte,
 * close codes, and the errors of the module.
 */

import { utf8Length } from "../core.ts";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The frame is the last of its message. */
export const FIN = 0x80;
/** RSV1: the message is compressed (RFC 7692 section 6). */
export const COMPRESSED = 0x40;

/** Close codes that this module sends by itself (RFC 6455 section 7.4.1). */
export const NORMAL = 1000;
export const GOING_AWAY = 1001;
export const PROTOCOL_ERROR = 1002;
export const INVALID_PAYLOAD = 1007;
export const MESSAGE_TOO_BIG = 1009;
export const INTERNAL_ERROR = 1011;

/** Payload of a control frame, at most (section 5.5). */
export const MAX_CONTROL = 125;
/** Longest reason of a close: what its code leaves. */
const MAX_REASON = MAX_CONTROL - 2;

/** A WebSocket could not be opened, or its peer broke the protocol (Tornado `WebSocketError`). */
export class WebSocketError extends Error {
  override readonly name: string = "WebSocketError";
}

/**
 * The WebSocket is closed or closing, or not yet open (Tornado `WebSocketClosedError`). `code` and
 * `reason` are those that the peer closed with, if it did.
 */
export class WebSocketClosedError extends WebSocketError {
  override readonly name: string = "WebSocketClosedError";
  readonly code: number | undefined;
  readonly reason: string | undefined;

  constructor(code?: number, reason?: string, state = "closed") {
    const why = code === undefined ? "" : ` with ${code}${reason ? ` "${reason}"` : ""}`;
    super(`The WebSocket is ${state}${why}`);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Whether a close frame may carry a code: those that are registered and not reserved for what no
 * frame says, and those of libraries and applications (section 7.4.2).
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Throws a RangeError for a code or a reason that no close frame can carry, TypeError for no text. */
export function checkClose(code: number | undefined, reason: string): void {
  if (code !== undefined && !(Number.isInteger(code) && isCloseCode(code))) {
    throw new RangeError(`Cannot close with code ${code}: use 1000, or 3000 to 4999`);
  }
  if (typeof reason !== "string") {
    throw new TypeError(`Cannot close: the reason is of type ${typeof reason}, not text`);
  }
  const length = utf8Length(reason);
  if (length > MAX_REASON) {
    throw new RangeError(`Cannot close: the reason has ${length} bytes, more than ${MAX_REASON}`);
  }
}
