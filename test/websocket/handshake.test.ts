/** The opening handshake of a server: what it refuses, what it agrees on, what it sends. */

import { describe, expect, test } from "vitest";
import { Application, OutputTransform } from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { parseAnswer } from "../support/ask.ts";
import { serve } from "../support/server.ts";
import { handshakeText, open, openTo, serveSocket } from "../support/websocket.ts";

class Quiet extends WebSocketHandler {
  override onMessage(): void {}
}

const refusals: { name: string; headers: Record<string, string>; status: number }[] = [
  { name: "another upgrade", headers: { Upgrade: "h2c" }, status: 400 },
  { name: "no Connection: Upgrade", headers: { Connection: "keep-alive" }, status: 400 },
  { name: "a short key", headers: { "Sec-WebSocket-Key": "c2hvcnQ=" }, status: 400 },
  { name: "no key", headers: { "Sec-WebSocket-Key": "" }, status: 400 },
  { name: "version 12", headers: { "Sec-WebSocket-Version": "12" }, status: 426 },
  { name: "no version", headers: { "Sec-WebSocket-Version": "" }, status: 426 },
  { name: "another origin", headers: { Origin: "http://evil.example" }, status: 403 },
  { name: "a subdomain", headers: { Origin: "http://a.example.org" }, status: 403 },
  { name: "another port", headers: { Origin: "http://example.org:81" }, status: 403 },
  { name: "the origin null", headers: { Origin: "null" }, status: 403 },
  { name: "an origin without scheme", headers: { Origin: "example.org" }, status: 403 },
  { name: "an origin with a user", headers: { Origin: "http://x@example.org" }, status: 403 },
  {
    name: "a draft's origin",
    headers: { "Sec-WebSocket-Origin": "http://evil.example" },
    status: 403,
  },
];

describe("refuses", () => {
  test.each(refusals)("$name", async ({ headers, status }) => {
    const { exchange } = await serveSocket(Quiet);
    const answer = parseAnswer(await exchange(handshakeText(headers)));
    expect(answer.status).toBe(status);
    if (status === 426) expect(answer.header("Sec-WebSocket-Version")).toEqual(["13, 8, 7"]);
  });

  test.each(["POST", "HEAD"])("%s", async (method) => {
    const { exchange } = await serveSocket(Quiet);
    const text = handshakeText({ "Content-Length": "0" }).replace("GET", method);
    expect(parseAnswer(await exchange(text)).status).toBe(405);
  });

  test("HTTP/1.0", async () => {
    const { exchange } = await serveSocket(Quiet);
    const text = handshakeText().replace("HTTP/1.1", "HTTP/1.0");
    expect(parseAnswer(await exchange(text)).status).toBe(400);
  });

  test("7,000 blanks in a list of protocols in no time", async () => {
    const peer = await openTo(Quiet, {}, { "Sec-WebSocket-Protocol": `b${" ".repeat(7000)}x` });
    expect(peer.head).toContain(" 101 ");
  });
});

describe("agrees", () => {
  test("with the key's answer of RFC 6455 section 1.3, and says what it must", async () => {
    const { head } = await openTo(Quiet, {}, { Origin: "http://EXAMPLE.org" });
    const answer = parseAnswer(head);
    expect(answer.status).toBe(101);
    expect(answer.header("Sec-WebSocket-Accept")).toEqual(["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    expect(answer.header("Upgrade")).toEqual(["websocket"]);
    expect(answer.header("Connection")).toEqual(["Upgrade"]);
    for (const name of ["Content-Type", "Content-Length", "Transfer-Encoding"]) {
      expect(answer.header(name)).toEqual([]);
    }
  });

  test("also when Connection and Upgrade are lists", async () => {
    const lists = { Connection: "keep-alive, Upgrade", Upgrade: "h2c, WebSocket" };
    expect((await openTo(Quiet, {}, lists)).head).toContain(" 101 ");
  });

  test("on a protocol, and asks also when none is offered", async () => {
    const asked: (readonly string[])[] = [];
    class Choosing extends Quiet {
      override selectSubprotocol(offered: readonly string[]): string | undefined {
        asked.push(offered);
        return offered[1];
      }
      override open(): void {
        this.writeMessage(String(this.selectedSubprotocol));
      }
    }
    const peer = await openTo(Choosing, {}, { "Sec-WebSocket-Protocol": "a, b ,c" });
    expect(parseAnswer(peer.head).header("Sec-WebSocket-Protocol")).toEqual(["b"]);
    expect(await peer.hears(1)).toEqual(['text "b"']);
    const other = await openTo(Choosing);
    expect(parseAnswer(other.head).header("Sec-WebSocket-Protocol")).toEqual([]);
    expect(asked).toEqual([["a", "b", "c"], []]);
  });

  test("on no protocol, if the hook says null", async () => {
    class Declining extends Quiet {
      override selectSubprotocol(): undefined {
        return null as unknown as undefined;
      }
    }
    const { head } = await openTo(Declining, {}, { "Sec-WebSocket-Protocol": "a" });
    expect(parseAnswer(head).header("Sec-WebSocket-Protocol")).toEqual([]);
  });

  test("on no compression, if the hook says null", async () => {
    class Plain extends Quiet {
      override getCompressionOptions(): undefined {
        return null as unknown as undefined;
      }
    }
    const { head } = await openTo(Plain, {}, { "Sec-WebSocket-Extensions": "permessage-deflate" });
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(parseAnswer(head).header("Sec-WebSocket-Extensions")).toEqual([]);
  });

  test("with cookies of prepare, through transforms, and gives open the path's groups", async () => {
    const finished: number[] = [];
    class Room extends Quiet {
      override async prepare(): Promise<void> {
        this.setCookie("seen", "1");
      }
      override open(room: unknown): void {
        this.writeMessage(`room ${room}`);
        expect(() => this.write("x")).toThrow("finished");
        expect(() => this.setHeader("X-Late", "x")).toThrow("answered");
      }
      override onFinish(): void {
        finished.push(this.getStatus());
      }
    }
    const settings = { compressResponse: true, transforms: [OutputTransform] };
    const server = await serve(new Application([["/rooms/(\\d+)", Room]], settings));
    const client = await server.connect();
    client.send(handshakeText({ "Accept-Encoding": "gzip" }, "/rooms/7"));
    await client.until(() => client.received.includes("room 7"));
    expect(client.received).toContain("Set-Cookie: seen=1");
    expect(finished).toEqual([101]);
  });

  const extensions: { offer: string; answer: string[] }[] = [
    { offer: "permessage-deflate", answer: ["permessage-deflate"] },
    { offer: "permessage-deflate; client_max_window_bits", answer: ["permessage-deflate"] },
    {
      offer: "permessage-deflate; server_max_window_bits=10; server_no_context_takeover",
      answer: ["permessage-deflate; server_no_context_takeover; server_max_window_bits=10"],
    },
    {
      offer: "permessage-deflate; client_max_window_bits=11; client_no_context_takeover",
      answer: ["permessage-deflate; client_no_context_takeover; client_max_window_bits=11"],
    },
    {
      offer: 'x-other; a="b", permessage-deflate; server_max_window_bits="9"',
      answer: ["permessage-deflate; server_max_window_bits=9"],
    },
    {
      offer: "permessage-deflate; server_max_window_bits=8, permessage-deflate",
      answer: ["permessage-deflate"],
    },
    { offer: "permessage-deflate; server_max_window_bits=16", answer: [] },
    { offer: "permessage-deflate; server_max_window_bits=09", answer: [] },
    { offer: "permessage-deflate; server_max_window_bits", answer: [] },
    { offer: "permessage-deflate; server_no_context_takeover=1", answer: [] },
    { offer: "permessage-deflate; unknown", answer: [] },
    { offer: "permessage-deflate; client_max_window_bits; client_max_window_bits", answer: [] },
    { offer: "permessage-deflate;", answer: [] },
    { offer: "x-webkit-deflate-frame", answer: [] },
  ];

  test.each(extensions)("on $offer", async ({ offer, answer }) => {
    class Compressing extends Quiet {
      override getCompressionOptions(): object {
        return {};
      }
    }
    const server = await serveSocket(Compressing);
    const peer = await open(server, { "Sec-WebSocket-Extensions": offer });
    expect(parseAnswer(peer.head).header("Sec-WebSocket-Extensions")).toEqual(answer);
  });

  test("on what the server's options say", async () => {
    class Compressing extends Quiet {
      override getCompressionOptions(): object {
        return { serverMaxWindowBits: 12, clientMaxWindowBits: 10, clientNoContextTakeover: true };
      }
    }
    const server = await serveSocket(Compressing);
    const offers = ["permessage-deflate; client_max_window_bits", "permessage-deflate"];
    const answers: string[][] = [];
    for (const offer of offers) {
      const peer = await open(server, { "Sec-WebSocket-Extensions": offer });
      answers.push(parseAnswer(peer.head).header("Sec-WebSocket-Extensions"));
    }
    const common = "permessage-deflate; client_no_context_takeover; server_max_window_bits=12";
    expect(answers).toEqual([[`${common}; client_max_window_bits=10`], [common]]);
  });
});
