/** A server's WebSocket on the fake host, frame by frame: what is right, and what peers do wrong. */

import { describe, expect, test } from "vitest";
import { WebSocketHandler } from "../src/websocket.ts";
import { everySplit } from "./support/every-split.ts";
import { closeFrame, frame, open, serveSocket } from "./support/websocket.ts";

class Echo extends WebSocketHandler {
  override onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

/** What a client sends and what a server that echoes says, up to the end of the connection. */
const cases: { name: string; send: Uint8Array[]; said: string[] }[] = [
  {
    name: "text",
    send: [frame(1, "grüße"), closeFrame(1000)],
    said: ['text "grüße"', "close 1000"],
  },
  { name: "bytes", send: [frame(2, "abc"), closeFrame(1000)], said: ["binary 3", "close 1000"] },
  { name: "nothing", send: [frame(1), frame(2), frame(8)], said: ['text ""', "binary 0", "close"] },
  {
    name: "fragments with a ping between",
    send: [
      frame(1, "he", { final: false }),
      frame(9, "p"),
      frame(0, "l", { final: false }),
      frame(0, "", { final: false }),
      frame(0, "lo"),
      closeFrame(3000, "done"),
    ],
    said: ['pong "p"', 'text "hello"', "close 3000"],
  },
  {
    name: "a character cut by a fragment",
    send: [
      frame(1, Uint8Array.of(0xc3), { final: false }),
      frame(0, Uint8Array.of(0xbc)),
      frame(8),
    ],
    said: ['text "ü"', "close"],
  },
  {
    name: "16 bits of length",
    send: [frame(2, new Uint8Array(126)), frame(8)],
    said: ["binary 126", "close"],
  },
  { name: "no mask", send: [frame(1, "x", { masked: false })], said: ["close 1002"] },
  { name: "RSV2", send: [frame(1, "x", { reserved: 0x20 })], said: ["close 1002"] },
  {
    name: "RSV1 without compression",
    send: [frame(1, "x", { reserved: 0x40 })],
    said: ["close 1002"],
  },
  { name: "opcode 3", send: [frame(3)], said: ["close 1002"] },
  { name: "opcode 11", send: [frame(11)], said: ["close 1002"] },
  { name: "fragmented ping", send: [frame(9, "", { final: false })], said: ["close 1002"] },
  { name: "long ping", send: [frame(9, "x".repeat(126))], said: ["close 1002"] },
  { name: "continuation of nothing", send: [frame(0, "x")], said: ["close 1002"] },
  {
    name: "message in a message",
    send: [frame(1, "a", { final: false }), frame(1, "b")],
    said: ["close 1002"],
  },
  { name: "bad UTF-8", send: [frame(1, Uint8Array.of(0x61, 0xff))], said: ["close 1007"] },
  {
    name: "UTF-8 cut at the end",
    send: [frame(1, Uint8Array.of(0x61, 0xc3))],
    said: ["close 1007"],
  },
  {
    name: "bad UTF-8 in a frame that has not ended",
    send: [frame(1, Uint8Array.of(0xff), { length: 100 })],
    said: ["close 1007"],
  },
  { name: "close with half a code", send: [frame(8, Uint8Array.of(3))], said: ["close 1002"] },
  { name: "close 1005", send: [closeFrame(1005)], said: ["close 1002"] },
  {
    name: "reason that is not UTF-8",
    send: [frame(8, Uint8Array.of(3, 232, 0xff))],
    said: ["close 1007"],
  },
  {
    name: "length of 2 bytes where 1 does",
    send: [frame(1, "x", { lengthBytes: 2 })],
    said: ["close 1002"],
  },
  {
    name: "64-bit length",
    send: [frame(2, "x", { lengthBytes: 8, length: 2 ** 60 })],
    said: ["close 1002"],
  },
  {
    name: "length beyond the limit",
    send: [frame(2, "x", { lengthBytes: 8, length: 2 ** 40 })],
    said: ["close 1009"],
  },
];

describe("frames", () => {
  test.each(cases)("$name", async ({ send, said }) => {
    const server = await serveSocket(Echo);
    const wire = Uint8Array.from(Buffer.concat(send));
    for (const pieces of everySplit(wire.length > 200 ? wire.subarray(0, 0) : wire)) {
      const peer = await open(server);
      if (wire.length > 200) peer.send(wire);
      else for (const piece of pieces) peer.send(piece);
      expect(await peer.rest()).toEqual(said);
    }
  });
});
