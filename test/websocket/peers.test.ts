/** Both ends over real sockets with an independent peer, Debian's python3-websockets, and over TLS. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import type { Resolver } from "../../src/netutil.ts";
import { Application } from "../../src/web.ts";
import {
  type CompressionOptions,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";

const PYTHON = "/usr/bin/python3";
const PEER = join(import.meta.dirname, "..", "support", "websocket-peer.py");
const noPeer =
  spawnSync(PYTHON, ["-c", "import websockets"]).status === 0
    ? ""
    : " (skipped: python3-websockets is not installed)";

class Echo extends WebSocketHandler {
  override selectSubprotocol(offered: readonly string[]): string | undefined {
    return offered.includes("chat") ? "chat" : undefined;
  }

  override getCompressionOptions(): CompressionOptions {
    return {};
  }

  override onMessage(message: string | Uint8Array): unknown {
    if (message === "close") return this.close(4000, "asked to");
    return this.writeMessage(message);
  }
}

const application = new Application([["/", Echo]], { logFunction: () => undefined });
const server = new HTTPServer(application, { loop });
const children: ChildProcess[] = [];
let port = 0;

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  port = server.addresses[0]?.port as number;
});

afterAll(() => {
  server.stop();
  for (const child of children) child.kill();
});

function run(...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(PYTHON, [PEER, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child as ChildProcess & { stdout: NodeJS.ReadableStream };
}

async function firstLine(child: { stdout: NodeJS.ReadableStream }): Promise<string> {
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  while (!text.includes("\n")) await once(child.stdout, "data");
  return text.split("\n", 1)[0] as string;
}

describe.skipIf(noPeer !== "")(`python3-websockets${noPeer}`, () => {
  test("as a client of our server", async () => {
    const child = run("connect", `ws://127.0.0.1:${port}/`);
    expect(JSON.parse(await firstLine(child))).toEqual({
      subprotocol: "chat",
      extensions: ["permessage-deflate"],
      text: true,
      bytes: true,
      long: true,
      fragments: "fragments",
      pong: true,
      close: [4000, "asked to"],
    });
  });

  test("as a server of our client", async () => {
    const peer = run("serve");
    const url = `ws://127.0.0.1:${await firstLine(peer)}/`;
    const options = { compressionOptions: {}, subprotocols: ["chat"], loop };
    const connection = await websocketConnect(url, options);
    expect(connection.selectedSubprotocol).toBe("chat");
    expect(connection.headers.get("Sec-WebSocket-Extensions")).toMatch(/^permessage-deflate/);
    const long = "0123456789".repeat(20_000);
    for (const message of ["grüße", Uint8Array.of(0, 255), long, long]) {
      connection.writeMessage(message);
      expect(await connection.readMessage()).toEqual(message);
    }
    connection.writeMessage("close");
    expect(await connection.readMessage()).toBeUndefined();
    expect([connection.closeCode, connection.closeReason]).toEqual([4000, "asked to"]);
    peer.stdin?.end();
    await once(peer, "exit");
  });
});

describe.skipIf(noCertificates !== undefined)(`wss ${noCertificates ?? ""}`, () => {
  test("there and back, and not to a server that cannot be trusted", async () => {
    const { ca, server: identity } = certificates();
    const secure = new HTTPServer(application, { loop });
    await secure.listen(0, "127.0.0.1", { tls: identity });
    const url = `wss://127.0.0.1:${secure.addresses[0]?.port}/`;
    const connection = await websocketConnect(url, { tls: { ca }, loop });
    const long = "x".repeat(300_000);
    connection.writeMessage(long);
    expect(await connection.readMessage()).toBe(long);
    connection.close();
    await connection.closed;
    await expect(websocketConnect(url, { loop })).rejects.toThrow();
    secure.stop();
  });

  test("to the address that a resolver finds, by the certificate of the name", async () => {
    const { ca, server: identity } = certificates();
    const secure = new HTTPServer(application, { loop });
    await secure.listen(0, "127.0.0.1", { tls: identity });
    const port = secure.addresses[0]?.port;
    const resolver: Resolver = {
      resolve: async (_host, port) => [{ family: 4, host: "127.0.0.1", port }],
    };
    const options = { tls: { ca }, resolver, loop };
    const connection = await websocketConnect(`wss://localhost:${port}/`, options);
    connection.close();
    await connection.closed;
    const wrong = websocketConnect(`wss://elsewhere.example:${port}/`, options);
    await expect(wrong).rejects.toThrow();
    secure.stop();
  });
});
