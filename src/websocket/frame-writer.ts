/**
 * Writes frames (RFC 6455 section 5.2) into the core's output region, from where the host sends
 * them: one call to the kernel for all that one batch writes to a socket. Called by `connection.ts`.
 */

import {
  frameHeadBytes,
  frameHeadLength,
  maskAt,
  moveBytes,
  putBytes,
  putFrameHead,
  putText,
  utf8Bytes,
  utf8Length,
} from "../core.ts";
import type { Socket, Tcp } from "../host.ts";
import { bytesOfDelivered } from "./delivered-text.ts";

/** A frame above this goes out in pieces of it. Four of them fit into the output region. */
const PIECE = 256 * 1024;
/** Text up to this length is put there before its length as UTF-8 is known: three bytes a unit. */
const MOST_TEXT: number = Math.floor(PIECE / 3);
/** Room for any head. */
const HEAD_ROOM = 14;
/** Bytes above this, if they are not masked, are sent from where they are. */
const COPY_LIMIT = 16 * 1024;
/** Keys are drawn from the runtime's generator this many at a time. */
const KEYS = 1024;

const keys = new Int32Array(KEYS);
let nextKey = KEYS;

/** A masking key that nobody can foresee (section 5.3). */
function newKey(): number {
  if (nextKey === KEYS) {
    crypto.getRandomValues(keys);
    nextKey = 0;
  }
  return keys[nextKey++] as number;
}

/** Bytes that a payload takes. */
export function payloadLength(payload: string | Uint8Array): number {
  return typeof payload === "string" ? utf8Length(payload) : payload.length;
}

/**
 * Sends one frame, masked if this is a client's end. `first` is its first byte: FIN, the reserved
 * bits, the opcode. The payload may change once this has returned.
 */
export function sendFrame(
  tcp: Tcp,
  socket: Socket,
  first: number,
  payload: string | Uint8Array,
  masked: boolean,
): void {
  const key = masked ? newKey() : undefined;
  if (typeof payload !== "string") {
    sendPayload(tcp, socket, first, payload, key);
    return;
  }
  const bytes = bytesOfDelivered(payload);
  if (bytes !== undefined) sendPayload(tcp, socket, first, bytes, key);
  else if (payload.length <= MOST_TEXT) sendText(tcp, socket, first, payload, key);
  else sendPayload(tcp, socket, first, utf8Bytes(payload), key);
}

/** Puts text where it is sent from, with room before it for the head that ASCII would have. */
function sendText(
  tcp: Tcp,
  socket: Socket,
  first: number,
  text: string,
  key: number | undefined,
): void {
  const masked = key !== undefined;
  const start = tcp.reserve(HEAD_ROOM + 3 * text.length);
  const likely = frameHeadLength(text.length, masked);
  const length = putText(text, start + likely);
  const head = frameHeadLength(length, masked);
  if (head !== likely) moveBytes(start + likely, start + head, length);
  putFrameHead(start, first, length, key);
  if (masked) maskAt(start + head, length, key, 0);
  socket.send(start, head + length);
}

function sendPayload(
  tcp: Tcp,
  socket: Socket,
  first: number,
  bytes: Uint8Array,
  key: number | undefined,
): void {
  const { length } = bytes;
  const head = frameHeadLength(length, key !== undefined);
  const isCopied = length <= COPY_LIMIT || (key !== undefined && length <= PIECE);
  const start = tcp.reserve(isCopied ? head + length : head);
  putFrameHead(start, first, length, key);
  if (!isCopied) {
    socket.send(start, head);
    if (key === undefined) socket.write(bytes, true);
    else sendPieces(tcp, socket, bytes, key);
    return;
  }
  putBytes(bytes, start + head);
  if (key !== undefined) maskAt(start + head, length, key, 0);
  socket.send(start, head + length);
}

/** Sends a long payload in pieces that are masked, which its own bytes must not be. */
function sendPieces(tcp: Tcp, socket: Socket, bytes: Uint8Array, key: number): void {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    const start = tcp.reserve(piece.length);
    putBytes(piece, start);
    maskAt(start, piece.length, key, at);
    socket.send(start, piece.length);
  }
}

/** A server's frame, as bytes that can be sent to many. */
export function encodeFrame(first: number, payload: Uint8Array): Uint8Array {
  const head = frameHeadBytes(first, payload.length);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}
