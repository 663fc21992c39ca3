/**
 * Writes frames (RFC 6455 section 5.2) into the core's output region, from where the host sends
 * them: one call to the kernel for all that one batch writes to a socket. Called by `connection.ts`.
 */

import {
  frameHeadBytes,
  frameHeadLength,
  maskAt,
  putBytes,
  putFrameHead,
  putUtf8,
  utf8Bytes,
  utf8Length,
} from "../core.ts";
import type { Socket, Tcp } from "../host.ts";

/** A frame above this goes out in pieces of it. Four of them fit into the output region. */
const PIECE = 256 * 1024;
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
  const length = payloadLength(payload);
  const key = masked ? newKey() : undefined;
  const head = frameHeadLength(length, masked);
  if (length > PIECE) {
    const bytes = typeof payload === "string" ? utf8Bytes(payload) : payload;
    const start = tcp.reserve(head);
    putFrameHead(start, first, length, key);
    socket.send(start, head);
    sendPieces(tcp, socket, bytes, key);
    return;
  }
  const start = tcp.reserve(head + length);
  putFrameHead(start, first, length, key);
  if (typeof payload === "string") putUtf8(payload, start + head, length);
  else putBytes(payload, start + head);
  if (key !== undefined) maskAt(start + head, length, key, 0);
  socket.send(start, head + length);
}

function sendPieces(tcp: Tcp, socket: Socket, bytes: Uint8Array, key: number | undefined): void {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    const start = tcp.reserve(piece.length);
    putBytes(piece, start);
    if (key !== undefined) maskAt(start, piece.length, key, at);
    socket.send(start, piece.length);
  }
}

/** Sends bytes of a frame that is there as a whole. */
export function sendBytes(tcp: Tcp, socket: Socket, frame: Uint8Array): void {
  const start = tcp.reserve(frame.length);
  putBytes(frame, start);
  socket.send(start, frame.length);
}

/** A server's frame, as bytes that can be sent to many. */
export function encodeFrame(first: number, payload: Uint8Array): Uint8Array {
  const head = frameHeadBytes(first, payload.length);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}
