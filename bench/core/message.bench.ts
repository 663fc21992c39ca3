/**
 * What one WebSocket message costs above the socket: an echo of 125 bytes and of 64 KiB, as bytes
 * and as text, and of long text that is changed. A socket that throws its output away delivers the same masked frame over and over.
 * Prints nanoseconds a message, the best and the median of some rounds; putting the frame where
 * the kernel would have put it is in them.
 */

import {
  frameHeadLength,
  maskAt,
  putBytes,
  putFrameHead,
  transferMemory,
  viewBytes,
} from "../../src/core.ts";
import { Application } from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { acceptorOf, printRounds, Sink } from "./sink.ts";

class Echo extends WebSocketHandler {
  onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

/** Makes another text of it before it is sent back. */
class Change extends WebSocketHandler {
  onMessage(message: string | Uint8Array): void {
    this.writeMessage(`.${message.slice(1)}`);
  }
}

const ROUNDS = 40;
/** Messages of a round, by their length. */
const COUNTS = { 125: 50_000, 65536: 2_000 };
const KEY = 0x3d21fa37;
const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const { start } = transferMemory.input;

/** A frame of a client: its head, its key, the masked payload. */
function frameOf(opcode: number, length: number): Uint8Array {
  const head = frameHeadLength(length, true);
  putFrameHead(start, 0x80 | opcode, length, KEY);
  putBytes(Buffer.alloc(length, "Hello, world. "), start + head);
  maskAt(start + head, length, KEY, 0);
  return viewBytes(start, head + length).slice();
}

async function measure(
  kind: "bytes" | "text",
  length: 125 | 65_536,
  changes = false,
): Promise<void> {
  const socket = new Sink();
  const accept = await acceptorOf(new Application([["/", changes ? Change : Echo]]));
  socket.handler = accept(socket);
  putBytes(Buffer.from(HANDSHAKE), start);
  socket.handler.data(start, HANDSHAKE.length);
  const frame = frameOf(kind === "text" ? 1 : 2, length);
  const sent = socket.sent;
  const title = `${length} bytes of ${kind}${changes ? ", changed" : ""}`;
  await printRounds(title, ROUNDS, COUNTS[length], () => {
    putBytes(frame, start);
    socket.handler.data(start, frame.length);
  });
  const answered = (socket.sent - sent) / (frameHeadLength(length, false) + length);
  if (answered !== ROUNDS * COUNTS[length])
    throw new Error(`Answered ${answered}, not all messages`);
  socket.handler.close(undefined);
}

for (const kind of ["bytes", "text", "bytes", "text"] as const) await measure(kind, 125);
for (const kind of ["bytes", "text", "bytes", "text"] as const) await measure(kind, 65_536);
await measure("text", 65_536, true);
