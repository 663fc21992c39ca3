/** Long text that a handler passes on: to one or many, as it came or changed, now or later. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Application, type HTTPServer } from "../../src/web.ts";
import {
  type WebSocketClientConnection,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";

const members = new Set<WebSocketHandler>();
/** What a handler does with a message. */
let answer: (handler: WebSocketHandler, text: string) => unknown;

class Relay extends WebSocketHandler {
  override open(): void {
    members.add(this);
  }
  override onMessage(message: string | Uint8Array): unknown {
    return answer(this, message as string);
  }
  override onClose(): void {
    members.delete(this);
  }
}

let server: HTTPServer;
let url: string;

beforeAll(async () => {
  const app = new Application([["/", Relay]], { logFunction: () => undefined });
  server = await app.listen(0, "127.0.0.1", { stopOnSignals: false });
  url = `ws://127.0.0.1:${server.addresses[0]?.port}/`;
});

afterAll(() => server.stop());

beforeEach(() => {
  answer = (handler, text) => handler.writeMessage(text);
});

const connect = (): Promise<WebSocketClientConnection> => websocketConnect(url);

/** Texts of all the ways in which an engine keeps them. */
const kinds: readonly { readonly name: string; of(length: number, seed: number): string }[] = [
  { name: "ASCII", of: (length, seed) => `${seed} plain `.repeat(length).slice(0, length) },
  { name: "Latin-1", of: (length, seed) => `${seed} é ü ÿ `.repeat(length).slice(0, length) },
  { name: "any", of: (length, seed) => `\u{1f600}${seed} 写`.padEnd(length, " 写 é") },
];

/** About the length from which on the bytes are passed on, about what arrives at once, and beyond. */
const lengths = [100, 5_461, 16_383, 16_384, 16_385, 65_500, 65_536, 131_072, 400_000];

test.each(kinds)("$name is echoed as it came", async ({ of }) => {
  const client = await connect();
  for (const length of lengths) {
    const text = of(length, length);
    client.writeMessage(text);
    expect((await client.readMessage()) === text).toBe(true);
  }
  client.close();
});

test.each(kinds)("$name, of the same length, is not taken for what came", async ({ of }) => {
  const client = await connect();
  for (const length of lengths) {
    const other = of(length, 2);
    answer = (handler, text) => {
      handler.writeMessage(other);
      handler.writeMessage(`${text.slice(0, -1)}.`);
    };
    const text = of(length, 1);
    client.writeMessage(text);
    expect((await client.readMessage()) === other).toBe(true);
    expect((await client.readMessage()) === `${text.slice(0, -1)}.`).toBe(true);
  }
  client.close();
});

test("one that is written later is what it was, whatever has come since", async () => {
  const [ascii] = kinds;
  const client = await connect();
  let waiting: string | undefined;
  answer = (handler, text) => {
    if (waiting === undefined) waiting = text;
    else {
      handler.writeMessage(waiting);
      handler.writeMessage(text);
      waiting = undefined;
    }
  };
  for (let count = 0; count < 10; count++) {
    const texts = [2 * count, 2 * count + 1].map((seed) => ascii?.of(65_536, seed) ?? "");
    for (const text of texts) client.writeMessage(text);
    for (const text of texts) expect((await client.readMessage()) === text).toBe(true);
  }
  client.close();
});

test("all members get it, also those that do not read yet", async () => {
  const [, , any] = kinds;
  answer = (_handler, text) => {
    for (const member of members) member.writeMessage(text);
  };
  const clients = [await connect(), await connect(), await connect()];
  const texts = Array.from({ length: 40 }, (_, seed) => any?.of(200_000, seed) ?? "");
  const [sender, ...readers] = clients;
  for (const text of texts) {
    sender?.writeMessage(text);
    expect((await sender?.readMessage()) === text).toBe(true);
  }
  for (const reader of readers) {
    for (const text of texts) expect((await reader.readMessage()) === text).toBe(true);
  }
  for (const client of clients) client.close();
});
