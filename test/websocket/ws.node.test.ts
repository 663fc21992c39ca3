/**
 * Both ends with `ws` and Chromium as peers. On Node alone: Bun and Deno put something of their own
 * in the place of `ws`, and one browser looks at one server.
 */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { HTTPServer } from "../../src/httpserver.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import {
  type CompressionOptions,
  PreparedMessage,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Origins that were not let in. */
const refused: string[] = [];

class Page extends RequestHandler {
  get(): void {
    this.write("<!doctype html><title>page</title>");
  }
}

class Echo extends WebSocketHandler {
  override async checkOrigin(origin: string): Promise<boolean> {
    const isAllowed = await super.checkOrigin(origin);
    if (!isAllowed) refused.push(origin);
    return isAllowed;
  }

  override selectSubprotocol(offered: readonly string[]): string | undefined {
    return offered[0];
  }

  override getCompressionOptions(): CompressionOptions {
    return { threshold: 0 };
  }

  override onMessage(message: string | Uint8Array): unknown {
    if (message === "close") return this.close(4000, "asked to");
    return this.writeMessage(message === "prepared" ? new PreparedMessage(message) : message);
  }
}

const handlers = [
  ["/", Page],
  ["/echo", Echo],
] as const;
const application = new Application(handlers, { logFunction: () => undefined });
const server = new HTTPServer(application, { loop });
let url = "";

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  url = `127.0.0.1:${server.addresses[0]?.port}`;
});

afterAll(() => server.stop());

const long = "compress me ".repeat(20_000);

describe("ws", () => {
  test("as a client of our server, compressed with context takeover", async () => {
    const socket = new WebSocket(`ws://${url}/echo`, ["a"], {
      perMessageDeflate: { threshold: 0 },
    });
    const heard: string[] = [];
    const closed = new Promise<[number, string]>((resolve) => {
      socket.on("close", (code, reason) => resolve([code, String(reason)]));
    });
    const messages = ["one", "one again", long, "", "prepared", "one again", long];
    socket.on("open", () => {
      for (const message of messages) socket.send(message);
      socket.send("close");
    });
    socket.on("message", (data) => heard.push(String(data)));
    expect(await closed).toEqual([4000, "asked to"]);
    expect(heard).toEqual(messages);
    expect(socket.protocol).toBe("a");
    expect(socket.extensions).toBe("permessage-deflate");
  });

  test("as a server of our client, compressed with context takeover", async () => {
    const peer = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      perMessageDeflate: { threshold: 0 },
    });
    peer.on("connection", (socket) => {
      socket.on("message", (data, binary) => socket.send(data, { binary }));
    });
    await new Promise((resolve) => peer.once("listening", resolve));
    const { port } = peer.address() as { port: number };
    const connection = await websocketConnect(`ws://127.0.0.1:${port}/`, {
      compressionOptions: { threshold: 0 },
      loop,
    });
    for (const message of ["one", "one again", long, "", Uint8Array.of(1, 2), long]) {
      connection.writeMessage(message);
      expect(await connection.readMessage()).toEqual(message);
    }
    connection.close(4001, "done");
    await connection.closed;
    expect(connection.closeCode).toBe(4001);
    await new Promise((resolve) => peer.close(resolve));
  });
});

const noBrowser = existsSync(CHROMIUM) ? "" : " (skipped: chromium is not installed)";

describe.skipIf(noBrowser !== "")(`Chromium${noBrowser}`, () => {
  test("opens, echoes and closes; a page of another origin may not", async () => {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    try {
      const page = await browser.newPage();
      await page.goto(`http://${url}/`);
      const talk = `(address) => new Promise((resolve) => {
        const socket = new WebSocket(address, ["chat"]);
        const heard = [];
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          socket.send("grüße");
          socket.send(Uint8Array.of(1, 2, 3));
          socket.send("compress me ".repeat(20000));
          socket.send("close");
        };
        socket.onmessage = ({ data }) => {
          heard.push(typeof data === "string" ? data.length : [...new Uint8Array(data)]);
        };
        socket.onclose = ({ code, reason, wasClean }) => {
          const { protocol, extensions } = socket;
          resolve({ heard, code, reason, wasClean, protocol, extensions });
        };
      })`;
      expect(await page.evaluate(`(${talk})("ws://${url}/echo")`)).toEqual({
        heard: [5, [1, 2, 3], 240_000],
        code: 4000,
        reason: "asked to",
        wasClean: true,
        protocol: "chat",
        extensions: "permessage-deflate",
      });
      const elsewhere = `ws://${url.replace("127.0.0.1", "localhost")}/echo`;
      expect(await page.evaluate(`(${talk})("${elsewhere}")`)).toMatchObject({ code: 1006 });
      expect(refused).toEqual([`http://${url}`]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
