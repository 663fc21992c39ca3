/** Messages that are lent instead of copied: right while they may be used, and only then. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Application, type HTTPServer } from "../../src/web.ts";
import {
  PreparedMessage,
  type WebSocketClientConnection,
  type WebSocketConnectOptions,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";

/** What handlers have kept of the last message, which they must not. */
let kept: string | Uint8Array | undefined;
/** Bytes other than zero that are left of it once the handler has returned. */
let left: number | undefined;

class Lent extends WebSocketHandler {
  override get lendsMessages(): boolean {
    return true;
  }

  override onMessage(message: string | Uint8Array): void {
    kept = message;
    this.writeMessage(message);
    queueMicrotask(() => {
      left = typeof message === "string" ? undefined : message.filter((byte) => byte !== 0).length;
    });
  }
}

class LentAndCompressed extends Lent {
  override getCompressionOptions(): object {
    return { threshold: 64 };
  }
}

/** Two answers of one prepared message. */
class Twice extends Lent {
  override onMessage(message: string | Uint8Array): void {
    const prepared = new PreparedMessage(message);
    this.writeMessage(prepared);
    this.writeMessage(prepared);
  }
}

class Owned extends WebSocketHandler {
  override onMessage(message: string | Uint8Array): void {
    kept = message;
    this.writeMessage(message);
  }
}

const servers: HTTPServer[] = [];

async function serve(debug: boolean): Promise<void> {
  const handlers = [
    ["/lent", Lent],
    ["/compressed", LentAndCompressed],
    ["/twice", Twice],
    ["/owned", Owned],
  ] as const;
  const settings = { debug, autoreload: false, logFunction: () => undefined };
  const options = { stopOnSignals: false };
  servers.push(await new Application([...handlers], settings).listen(0, "127.0.0.1", options));
}

beforeAll(async () => {
  await serve(false);
  await serve(true);
});

afterAll(() => Promise.all(servers.map((server) => server.stop())));

function connect(
  path: string,
  debug: boolean,
  options: WebSocketConnectOptions = {},
): Promise<WebSocketClientConnection> {
  const port = servers[Number(debug)]?.addresses[0]?.port;
  return websocketConnect(`ws://127.0.0.1:${port}${path}`, options);
}

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 0xff);
}

function isSame(message: unknown, bytes: Uint8Array): boolean {
  return message instanceof Uint8Array && Buffer.compare(message, bytes) === 0;
}

const lengths = [0, 1, 125, 126, 1023, 16_385, 65_535, 65_536, 300_000, 5_000_000];

test.each([false, true])("each is echoed as it came, debug %s", async (debug) => {
  const client = await connect("/lent", debug);
  for (const length of lengths) {
    const bytes = bytesOf(length, length);
    client.writeMessage(bytes);
    expect(isSame(await client.readMessage(), bytes)).toBe(true);
  }
  client.close();
});

test.each([false, true])("all are echoed while none is read, debug %s", async (debug) => {
  const client = await connect("/lent", debug);
  const all = Array.from({ length: 64 }, (_, at) => bytesOf(65_536, at));
  for (const bytes of all) client.writeMessage(bytes);
  for (const bytes of all) expect(isSame(await client.readMessage(), bytes)).toBe(true);
  client.close();
});

test("they may be compressed after they have been taken back", async () => {
  const compressionOptions = { threshold: 10_000_000 };
  const client = await connect("/compressed", true, { compressionOptions });
  for (const length of [1000, 65_536, 300_000]) {
    const bytes = bytesOf(length, 7);
    client.writeMessage(bytes);
    expect(isSame(await client.readMessage(), bytes)).toBe(true);
  }
  client.close();
});

test("a prepared message may be made of one", async () => {
  const client = await connect("/twice", true);
  const bytes = bytesOf(70_000, 3);
  client.writeMessage(bytes);
  expect(isSame(await client.readMessage(), bytes)).toBe(true);
  expect(isSame(await client.readMessage(), bytes)).toBe(true);
  client.close();
});

test("text is a handler's own, lent or not", async () => {
  const client = await connect("/lent", true);
  client.writeMessage("text");
  expect(await client.readMessage()).toBe("text");
  expect(kept).toBe("text");
  client.close();
});

test("in debug mode nothing is left of one that is kept", async () => {
  const client = await connect("/lent", true);
  client.writeMessage(bytesOf(1000, 1));
  await client.readMessage();
  expect(kept?.length).toBe(1000);
  expect(left).toBe(0);
  client.close();
});

test("what is not lent stays as it came", async () => {
  const client = await connect("/owned", true);
  const bytes = bytesOf(65_536, 5);
  client.writeMessage(bytes);
  await client.readMessage();
  const first = kept;
  client.writeMessage(bytesOf(65_536, 6));
  await client.readMessage();
  expect(isSame(first, bytes)).toBe(true);
  client.close();
});
