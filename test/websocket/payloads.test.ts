/** Payloads of every length and kind of character, there and back, on the fake host. */

import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { Application } from "../../src/web.ts";
import {
  type CompressionOptions,
  PreparedMessage,
  type WebSocketClientConnection,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { frame, openTo } from "../support/websocket.ts";

class Echo extends WebSocketHandler {
  override onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

/** Says bytes of its own, and writes over them as soon as it may. */
class Reuser extends WebSocketHandler {
  override onMessage(length: string | Uint8Array): void {
    const bytes = Buffer.alloc(Number(length), "a");
    const prepared = new PreparedMessage(bytes);
    this.writeMessage(bytes);
    bytes.fill("b");
    this.writeMessage(prepared);
  }
}

class CompressingReuser extends Reuser {
  override getCompressionOptions(): CompressionOptions {
    return { threshold: 0 };
  }
}

let loop: IOLoop;
let server: HTTPServer;

beforeAll(async () => {
  loop = new IOLoop(createFakeHost());
  const handlers = [
    ["/echo", Echo],
    ["/reuse", Reuser],
    ["/reuse-compressed", CompressingReuser],
  ] as const;
  server = new HTTPServer(new Application([...handlers], { logFunction: () => undefined }), {
    loop,
  });
  await server.listen(0);
});

afterAll(() => server.stop());

function connect(
  path: string,
  compressionOptions?: CompressionOptions,
): Promise<WebSocketClientConnection> {
  const url = `ws://127.0.0.1:${server.addresses[0]?.port}${path}`;
  return websocketConnect(url, compressionOptions ? { loop, compressionOptions } : { loop });
}

// Lengths at which a frame's head grows, for text and for what it is as UTF-8, and limits of ours.
const lengths = [0, 1, 41, 42, 62, 63, 125, 126, 16_384, 16_385, 21_845, 21_846, 65_535, 65_536];
const longer = [87_381, 87_382, 262_144, 262_145];
const characters = { ASCII: "a", "two bytes": "é", "three bytes": "€", "four bytes": "😀" };

test.each(Object.entries(characters))("text of %s", async (_, character) => {
  const client = await connect("/echo");
  for (const length of [...lengths, ...longer]) {
    const text = character.repeat(length);
    client.writeMessage(text);
    expect((await client.readMessage()) === text).toBe(true);
  }
  client.close();
});

test("bytes in any form are bytes", async () => {
  const client = await connect("/echo");
  const { buffer } = Uint8Array.of(1, 2, 3, 4);
  for (const bytes of [buffer, new DataView(buffer), new Int16Array(buffer)]) {
    client.writeMessage(bytes);
    expect(await client.readMessage()).toEqual(Uint8Array.of(1, 2, 3, 4));
  }
  client.writeMessage(new PreparedMessage(new DataView(buffer, 1, 2)));
  expect(await client.readMessage()).toEqual(Uint8Array.of(2, 3));
  client.close();
});

test("bytes can be sent as text if they are text", async () => {
  const client = await connect("/echo");
  const [text, none] = [new TextEncoder().encode("é"), Uint8Array.of(0xff)];
  for (const message of [text, new PreparedMessage(text, false)]) {
    client.writeMessage(message, false);
    expect(await client.readMessage()).toBe("é");
  }
  expect(() => client.writeMessage(none, false)).toThrow(TypeError);
  expect(() => new PreparedMessage(none, false)).toThrow(TypeError);
  client.close();
});

test("an object of which nothing would be sent is refused, and an empty one is not", async () => {
  const client = await connect("/echo");
  for (const message of [
    Promise.resolve("x"),
    new Map([[1, 2]]),
    new Blob(["x"]),
    new Error("x"),
  ]) {
    expect(() => client.writeMessage(message)).toThrow(TypeError);
    expect(() => new PreparedMessage(message)).toThrow(TypeError);
  }
  expect(() => client.writeMessage(Promise.resolve())).toThrow(
    "Cannot write Promise: nothing of it",
  );
  client.writeMessage({});
  expect(await client.readMessage()).toBe("{}");
  client.close();
});

test("half a character is sent as U+FFFD, as by every encoder", async () => {
  const client = await connect("/echo");
  client.writeMessage("a\ud83d");
  expect(await client.readMessage()).toBe("a\ufffd");
  client.close();
});

const reused = [1, 16_384, 16_385, 300_000].map((length) => ({ path: "/reuse", length }));

test.each([...reused, { path: "/reuse-compressed", length: 300_000 }])(
  "$path: $length bytes can be changed once they are written",
  async ({ path, length }) => {
    const client = await connect(path, path === "/reuse" ? undefined : {});
    client.writeMessage(String(length));
    const expected = Buffer.alloc(length, "a");
    for (let message = 0; message < 2; message++) {
      expect(expected.equals((await client.readMessage()) as Uint8Array)).toBe(true);
    }
    client.close();
  },
);

test("long texts that arrive in pieces at the same time stay apart", async () => {
  const texts = ["a", "b", "é", "a€"].map((sign) => sign.repeat(60_000 / sign.length));
  // The second character is beyond ASCII at the end alone, which the first pieces do not show.
  texts.push(`${"c".repeat(99_999)}ü`, "d".repeat(131_073));
  for (let round = 0; round < 2; round++) {
    const peers = await Promise.all(texts.map(() => openTo(Echo)));
    const frames = texts.map((text) => frame(1, text));
    for (let piece = 0; piece < 5; piece++) {
      peers.forEach((peer, index) => {
        const { length } = frames[index] as Uint8Array;
        const [start, end] = [piece, piece + 1].map((at) => Math.round((at * length) / 5));
        peer.send((frames[index] as Uint8Array).subarray(start, end));
      });
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    for (const [index, peer] of peers.entries()) {
      await peer.hears(1);
      const { payload } = peer.frames[0] as { payload: Uint8Array };
      expect(new TextDecoder().decode(payload) === texts[index]).toBe(true);
      peer.client.end();
    }
  }
});
