/** The client on the fake host: against our own server, and against servers that do wrong. */

import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { HTTPRequest } from "../../src/httpclient.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import type { Resolver } from "../../src/netutil.ts";
import { Application } from "../../src/web.ts";
import {
  type CompressionOptions,
  type WebSocketClientConnection,
  WebSocketClosedError,
  type WebSocketConnectOptions,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { bytesOf, Client } from "../support/server.ts";
import { until } from "../support/until.ts";
import { closeFrame, describeFrames, frame, parseFrames } from "../support/websocket.ts";

class Echo extends WebSocketHandler {
  override selectSubprotocol(offered: readonly string[]): string | undefined {
    return offered.at(-1);
  }
  override getCompressionOptions(): CompressionOptions {
    return {};
  }
  override async onMessage(message: string | Uint8Array): Promise<void> {
    if (message === "close") this.close(4000, "asked to");
    else if (message === "headers") this.writeMessage(this.request.headers.toString());
    else if (message === "many") for (let i = 0; i < 1000; i++) this.writeMessage(String(i));
    else await this.writeMessage(message);
  }
}

async function connectTo(
  options: WebSocketConnectOptions = {},
  request: string | ((port: number) => HTTPRequest) = "/",
): Promise<WebSocketClientConnection> {
  const loop = new IOLoop(createFakeHost());
  const application = new Application([["/", Echo]], { logFunction: () => undefined });
  const server = new HTTPServer(application, { loop });
  await server.listen(0);
  const port = server.addresses[0]?.port as number;
  const asked = typeof request === "string" ? `ws://127.0.0.1:${port}${request}` : request(port);
  return websocketConnect(asked, { ...options, loop });
}

/** A server of bytes: answers the handshake with what `answer` makes of its accept value. */
async function serveRaw(answer: (accept: string) => string): Promise<{
  connect: (options?: WebSocketConnectOptions) => Promise<WebSocketClientConnection>;
  peer: Client;
  said: () => string[];
}> {
  const loop = new IOLoop(createFakeHost());
  const peer = new Client();
  let answered = 0;
  const listener = await loop.tcp.listen({ port: 0 }, (socket) => {
    peer.socket = socket;
    const data = peer.data.bind(peer);
    peer.data = (start, length) => {
      data(start, length);
      if (answered > 0 || !peer.received.includes("\r\n\r\n")) return;
      answered = peer.received.length;
      const key = /Sec-Websocket-Key: (.*)\r\n/i.exec(peer.received)?.[1] ?? "";
      const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
      peer.send(
        answer(
          createHash("sha1")
            .update(key + guid)
            .digest("base64"),
        ),
      );
    };
    return peer;
  });
  const url = `ws://127.0.0.1:${listener.address.port}/`;
  return {
    connect: (options = {}) => websocketConnect(url, { ...options, loop }),
    peer,
    said: () => describeFrames(parseFrames(bytesOf(peer.received.slice(answered))).frames),
  };
}

const accepting = (accept: string, more = ""): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;

describe("with our own server", () => {
  test("text, bytes and JSON there and back, then a close", async () => {
    const connection = await connectTo();
    connection.writeMessage("grüße");
    expect(await connection.readMessage()).toBe("grüße");
    connection.writeMessage(Uint8Array.of(1, 2, 3));
    expect(await connection.readMessage()).toEqual(Uint8Array.of(1, 2, 3));
    connection.writeMessage({ a: [1] });
    expect(await connection.readMessage()).toBe('{"a":[1]}');
    connection.close(4001, "done");
    await connection.closed;
    expect(connection.closeCode).toBe(4001);
    expect(await connection.readMessage()).toBeUndefined();
    await expect(connection.writeMessage("late")).rejects.toBeInstanceOf(WebSocketClosedError);
    expect(() => connection.ping()).toThrow(WebSocketClosedError);
  });

  test.each([0, 125, 126, 65535, 65536, 700_000])("%i bytes", async (length) => {
    const connection = await connectTo();
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    connection.writeMessage(bytes);
    const back = (await connection.readMessage()) as Uint8Array;
    expect(Buffer.compare(back, bytes)).toBe(0);
    connection.close();
    await connection.closed;
  });

  test("compressed, with a protocol, headers and credentials", async () => {
    const options = { compressionOptions: {}, subprotocols: ["a", "b"] };
    const connection = await connectTo(
      options,
      (port) =>
        new HTTPRequest(`ws://user:pass@127.0.0.1:${port}/`, {
          headers: { "X-Own": "1", Origin: `http://127.0.0.1:${port}` },
        }),
    );
    expect(connection.selectedSubprotocol).toBe("b");
    expect(connection.headers.get("Sec-WebSocket-Extensions")).toMatch(/^permessage-deflate/);
    const long = "compress me ".repeat(10_000);
    for (const text of [long, "x", long]) {
      connection.writeMessage(text);
      expect(await connection.readMessage()).toBe(text);
    }
    connection.writeMessage("headers");
    const headers = (await connection.readMessage()) as string;
    expect(headers).toContain("X-Own: 1");
    expect(headers).toContain("Authorization: Basic dXNlcjpwYXNz");
    connection.close();
    await connection.closed;
  });

  test("more messages than are read at once, as an iteration", async () => {
    const connection = await connectTo();
    connection.writeMessage("many");
    connection.writeMessage("close");
    const seen: unknown[] = [];
    for await (const message of connection) seen.push(message);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
    expect([connection.closeCode, connection.closeReason]).toEqual([4000, "asked to"]);
  });

  test("a callback in place of readMessage, one message at a time", async () => {
    const seen: unknown[] = [];
    let running = 0;
    const connection = await connectTo({
      onMessage: async (message) => {
        expect(++running).toBe(1);
        await Promise.resolve();
        seen.push(message);
        running--;
      },
    });
    connection.writeMessage("one");
    connection.writeMessage("two");
    connection.writeMessage("close");
    await until(() => seen.length === 3);
    expect(seen).toEqual(["one", "two", undefined]);
  });

  test("a status that is not 101", async () => {
    await expect(connectTo({}, "/nowhere")).rejects.toMatchObject({ code: 404 });
  });

  test("a connection that is refused", async () => {
    const loop = new IOLoop(createFakeHost());
    const refused = websocketConnect("ws://127.0.0.1:1/", { loop });
    await expect(refused).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test.each(["nonsense", "ftp://a/", "ws://a/#fragment"])("the URL %s", async (url) => {
    await expect(websocketConnect(url)).rejects.toThrow(/Cannot connect/);
  });

  test.each([["a b"], [""]])("the subprotocol %j", async (protocol) => {
    await expect(connectTo({ subprotocols: [protocol] })).rejects.toThrow("not a token");
  });

  test("a subprotocol that is offered twice", async () => {
    await expect(connectTo({ subprotocols: ["a", "b", "a"] })).rejects.toThrow("twice");
  });

  const toName = (port: number): HTTPRequest => new HTTPRequest(`ws://chat.example:${port}/`);

  test("a name that a resolver knows, at the first of its addresses that answers", async () => {
    const asked: unknown[] = [];
    const resolver: Resolver = {
      resolve: async (host, port) => {
        asked.push(host);
        const closed = { family: 4, host: "127.0.0.1", port: 1 } as const;
        return [closed, { family: 4, host: "127.0.0.1", port }];
      },
    };
    const connection = await connectTo({ resolver }, toName);
    connection.writeMessage("headers");
    expect(await connection.readMessage()).toContain("Host: chat.example");
    expect(asked).toEqual(["chat.example"]);
    connection.close();
    await connection.closed;
  });

  test("a name that a resolver does not know", async () => {
    const resolver: Resolver = { resolve: () => Promise.reject(new Error("not in the list")) };
    await expect(connectTo({ resolver }, toName)).rejects.toThrow("not in the list");
  });

  test("a resolver that hangs, until the time is over", async () => {
    let answer: (addresses: []) => void = () => undefined;
    const hanging = new Promise<[]>((resolve) => {
      answer = resolve;
    });
    const options = { resolver: { resolve: () => hanging }, connectTimeout: 0.02 };
    await expect(connectTo(options, toName)).rejects.toThrow("no answer within 0.02");
    // An answer that comes too late is nobody's.
    answer([]);
    await hanging;
  });

  test.each([-1, Number.NaN, "5"])("a time limit of %j", async (seconds) => {
    const connectTimeout = seconds as number;
    await expect(connectTo({ connectTimeout })).rejects.toThrow(RangeError);
  });
});

describe("a server that answers", () => {
  const answers: { name: string; answer: (accept: string) => string; message: string }[] = [
    { name: "another accept value", answer: () => accepting("x"), message: "Accept" },
    {
      name: "no upgrade",
      answer: (accept) => accepting(accept).replace("Upgrade: websocket\r\n", ""),
      message: "another protocol",
    },
    {
      name: "a protocol that was not offered",
      answer: (accept) => accepting(accept, "Sec-WebSocket-Protocol: z\r\n"),
      message: "was not offered",
    },
    {
      name: "an extension that was not offered",
      answer: (accept) => accepting(accept, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
      message: "never offered",
    },
    { name: "no HTTP", answer: () => "SSH-2.0-OpenSSH\r\n\r\n", message: "status line" },
    {
      name: "a head without end",
      answer: () => `HTTP/1.1 101 x\r\n${"X: y\r\n".repeat(5)}X: ${"z".repeat(20_000)}`,
      message: "head above",
    },
    {
      name: "too many fields",
      answer: () => `HTTP/1.1 101 x\r\n${"X: y\r\n".repeat(101)}\r\n`,
      message: "too many headers",
    },
  ];

  test.each(answers)("$name", async ({ answer, message }) => {
    const { connect } = await serveRaw(answer);
    await expect(connect()).rejects.toThrow(message);
  });

  test.each([7, 16, 0])("server_max_window_bits=%i (CVE-2026-2229)", async (bits) => {
    const line = `Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=${bits}\r\n`;
    const { connect } = await serveRaw((accept) => accepting(accept, line));
    await expect(connect({ compressionOptions: {} })).rejects.toThrow(/never offered/);
  });

  test("nothing, until the time is over", async () => {
    const { connect } = await serveRaw(() => "");
    await expect(connect({ connectTimeout: 0.02 })).rejects.toThrow("no answer within 0.02");
  });

  test("late, but within a time that no timer reaches", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let answer = "";
    const { connect, peer } = await serveRaw((accept) => {
      answer = accepting(accept);
      return "";
    });
    const connecting = connect({ connectTimeout: 30 * 24 * 3600 });
    await vi.waitUntil(() => answer !== "");
    await vi.advanceTimersByTimeAsync(60_000);
    peer.send(answer);
    const connection = await connecting;
    expect(connection.selectedSubprotocol).toBeUndefined();
    peer.socket?.abort();
    await connection.closed;
  });

  test("an informational status first, then frames right behind the head, cut anywhere", async () => {
    for (const cut of [0, 1, 20, 60]) {
      const text = Buffer.from(frame(1, "early", { masked: false })).toString("latin1");
      const { connect, peer } = await serveRaw((accept) => {
        const all = `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${accepting(accept)}${text}`;
        peer.send(all.slice(0, cut));
        return all.slice(cut);
      });
      const connection = await connect();
      expect(await connection.readMessage()).toBe("early");
      peer.socket?.abort();
      await connection.closed;
    }
  });
});

describe("a server that sends", () => {
  const rows: { name: string; send: Uint8Array; code: number }[] = [
    { name: "a masked frame", send: frame(1, "x"), code: 1002 },
    { name: "RSV1 unasked", send: frame(1, "x", { masked: false, reserved: 0x40 }), code: 1002 },
    { name: "bad UTF-8", send: frame(1, Uint8Array.of(0xff), { masked: false }), code: 1007 },
    {
      name: "a message too large",
      send: frame(2, new Uint8Array(101), { masked: false }),
      code: 1009,
    },
    {
      name: "a length of 2^63 - 1",
      send: frame(2, "", { masked: false, lengthBytes: 8, length: 2 ** 62 }),
      code: 1002,
    },
  ];

  test.each(rows)("$name", async ({ send, code }) => {
    const { connect, peer, said } = await serveRaw((accept) => accepting(accept));
    const connection = await connect({ maxMessageSize: 100 });
    peer.send(send);
    await peer.until(() => peer.ended || peer.closed);
    expect(said()).toEqual([`close ${code}`]);
    peer.socket?.close();
    await connection.closed;
  });

  test("a close, and then does not end the connection", async () => {
    const { connect, peer, said } = await serveRaw((accept) => accepting(accept));
    const connection = await connect({ closeTimeout: 0.02 });
    peer.send(closeFrame(1001, "going", { masked: false }));
    await connection.closed;
    expect(said()).toEqual(["close 1001"]);
    expect(connection.closeCode).toBe(1001);
  });

  test("no answer to a ping", async () => {
    const { connect, said } = await serveRaw((accept) => accepting(accept));
    const connection = await connect({ pingInterval: 0.02 });
    await connection.closed;
    expect(said()[0]).toBe('ping ""');
  });
});
