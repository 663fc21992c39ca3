/**
 * What one WebSocket message costs above the socket: an echo of 125 bytes, as bytes and as text.
 * A socket that throws its output away delivers the same masked frame over and over.
 * Prints nanoseconds a message, the best and the median of some rounds; putting the frame where
 * the kernel would have put it is in them.
 */

import { maskAt, putBytes, transferMemory, viewBytes } from "../../src/core.ts";
import { Application } from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { acceptorOf, printRounds, Sink } from "./sink.ts";

class Echo extends WebSocketHandler {
  onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

const ROUNDS = 40;
const COUNT = 50_000;
const LENGTH = 125;
const KEY = 0x3d21fa37;
const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const { start } = transferMemory.input;

/** A frame of a client: its head, its key, the masked payload. */
function frameOf(opcode: number): Uint8Array {
  const head = Uint8Array.of(0x80 | opcode, 0x80 | LENGTH, 0, 0, 0, 0);
  new DataView(head.buffer).setInt32(2, KEY, true);
  putBytes(head, start);
  putBytes(Buffer.alloc(LENGTH, "Hello, world. "), start + head.length);
  maskAt(start + head.length, LENGTH, KEY, 0);
  return viewBytes(start, head.length + LENGTH).slice();
}

async function measure(kind: "bytes" | "text"): Promise<void> {
  const socket = new Sink();
  const accept = await acceptorOf(new Application([["/", Echo]]));
  socket.handler = accept(socket);
  putBytes(Buffer.from(HANDSHAKE), start);
  socket.handler.data(start, HANDSHAKE.length);
  const frame = frameOf(kind === "text" ? 1 : 2);
  const sent = socket.sent;
  await printRounds(kind, ROUNDS, COUNT, () => {
    putBytes(frame, start);
    socket.handler.data(start, frame.length);
  });
  const answered = (socket.sent - sent) / (2 + LENGTH);
  if (answered !== ROUNDS * COUNT) throw new Error(`Answered ${answered}, not all messages`);
  socket.handler.close(undefined);
}

for (const kind of ["bytes", "text", "bytes", "text"] as const) await measure(kind);
