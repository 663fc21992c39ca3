/**
 * HTTP over one host's real sockets: what the wire tests on the fake host cannot see, such as
 * resets, large bodies against slow readers, and many connections. Clients are raw sockets of
 * `node:net`, so that no HTTP client's leniency hides a fault.
 */

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/host.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler, streamRequestBody } from "../../src/web.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";

const MEBIBYTE = 1024 * 1024;

class Hello extends RequestHandler {
  get(name = "world"): void {
    this.write(`Hello, ${name}`);
  }
}

class Echo extends RequestHandler {
  post(): void {
    this.write(this.request.body);
  }
}

/** Answers with as many bytes as asked for, in parts that wait for the client. */
class Bytes extends RequestHandler {
  async get(count: string): Promise<void> {
    const part = new Uint8Array(MEBIBYTE);
    for (let at = 0; at < part.length; at++) part[at] = at * 31 + (at >> 8);
    for (let left = Number(count); left > 0; left -= part.length) {
      this.write(part.subarray(0, Math.min(left, part.length)));
      await this.flush();
    }
  }
}

class Slow extends RequestHandler {
  async get(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await Promise.resolve();
    this.write("slow");
  }
}

class Digest extends RequestHandler {
  readonly #hash = createHash("sha256");
  override dataReceived(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }
  put(): void {
    this.write(this.#hash.digest("hex"));
  }
}
streamRequestBody(Digest);

/** The body of a chunked answer. */
function dechunk(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = answer.indexOf("\r\n\r\n") + 4;
  for (;;) {
    const end = answer.indexOf("\r\n", at);
    const size = Number.parseInt(answer.toString("latin1", at, end), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(answer.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const HOST = "Host: localhost\r\n";

/** Has a host serve an application over its sockets. */
export function httpOnHost(name: string, createHost: () => Host): void {
  describe(`HTTP on ${name}`, () => {
    let server: HTTPServer;
    let port = 0;

    beforeAll(async () => {
      setLogLevel("none");
      const application = new Application([
        ["/", Hello],
        ["/hello/:name", Hello],
        ["/echo", Echo],
        ["/bytes/([0-9]+)", Bytes],
        ["/slow", Slow],
        ["/digest", Digest],
      ]);
      server = new HTTPServer(application, { loop: new IOLoop(createHost()), lingerTimeout: 2 });
      await server.listen(0, "127.0.0.1");
      port = server.addresses[0]?.port as number;
      await server.listen(port, "::1");
    });

    afterAll(async () => {
      setLogLevel("warning");
      server.stop();
      await server.closeAllConnections();
      expect(server.connectionCount).toBe(0);
    });

    const open = (address = "127.0.0.1"): RawClient => new RawClient(address, port);

    test.each(["127.0.0.1", "::1"])("answers on %s", async (address) => {
      const client = open(address);
      client.send(`GET /hello/you HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      expect(await client.whole()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nHello, you$/);
    });

    test("1,000 pipelined requests are answered in order", async () => {
      const client = open();
      const paths = Array.from({ length: 1000 }, (_, index) => `/hello/n${index}.`);
      client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join(""));
      await until(() => client.text.endsWith("n999."));
      const answered = client.text.match(/Hello, n\d+\./g);
      expect(answered).toEqual(paths.map((path) => path.replace("/hello/", "Hello, ")));
      client.peer.end();
    });

    test("200 connections at once, each with a slow and a quick answer", async () => {
      const clients = Array.from({ length: 200 }, () => open());
      for (const client of clients) {
        client.send(`GET /slow HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.0\r\n\r\n`);
      }
      for (const client of clients) {
        expect(await client.whole()).toMatch(/\r\n\r\nslowHTTP[\s\S]*\r\n\r\nHello, world$/);
      }
    });

    test("16 MiB come back byte for byte", async () => {
      const body = Buffer.alloc(16 * MEBIBYTE, "0123456789abcdef!");
      const client = open();
      client.send(
        `POST /echo HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
      );
      client.send(body);
      await client.whole();
      const answer = client.received;
      expect(sha256(answer.subarray(answer.indexOf("\r\n\r\n") + 4))).toBe(sha256(body));
    });

    test("a chunked upload is streamed to its handler", async () => {
      const body = Buffer.alloc(8 * MEBIBYTE, "chunks of some odd size ");
      const client = open();
      client.send(
        `PUT /digest HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`,
      );
      for (let at = 0, size = 1; at < body.length; at += size, size = (size * 3) % 70_001) {
        const part = body.subarray(at, at + size);
        client.send(`${part.length.toString(16)}\r\n`);
        client.send(part);
        client.send("\r\n");
        if (part.length < size) break;
      }
      client.send("0\r\n\r\n");
      expect(await client.whole()).toContain(sha256(body));
    });

    test("a slow reader gets 32 MiB whole", async () => {
      const client = open();
      client.send(`GET /bytes/${32 * MEBIBYTE} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      const pauses = setInterval(() => {
        client.peer.pause();
        setTimeout(() => client.peer.resume(), 5);
      }, 10);
      await client.whole();
      clearInterval(pauses);
      const body = dechunk(client.received);
      expect(body.length).toBe(32 * MEBIBYTE);
      expect(sha256(body.subarray(0, MEBIBYTE))).toBe(sha256(body.subarray(-MEBIBYTE)));
    });

    test("a client that reads late gets every answer of its pipeline", async () => {
      const client = open();
      client.peer.pause();
      const requests = Array.from({ length: 10 }, (_, index) => {
        const last = index === 9 ? "Connection: close\r\n" : "";
        return `GET /bytes/${MEBIBYTE} HTTP/1.1\r\n${HOST}${last}\r\nGET /slow HTTP/1.1\r\n${HOST}\r\n`;
      });
      client.send(requests.join(""));
      await until(() => server.connectionCount === 1);
      client.peer.resume();
      const text = await client.whole();
      expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(19);
      expect(text.length).toBeGreaterThan(10 * MEBIBYTE);
    });

    test("a refused upload can read its 413, though it goes on sending", async () => {
      const small = new HTTPServer(new Application([["/echo", Echo]]), {
        loop: server.loop,
        maxBodySize: 1000,
      });
      await small.listen(0, "127.0.0.1");
      const client = new RawClient("127.0.0.1", small.addresses[0]?.port as number);
      client.send(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: ${4 * MEBIBYTE}\r\n\r\n`);
      client.send(Buffer.alloc(4 * MEBIBYTE));
      expect(await client.whole()).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/);
      small.stop();
      await small.closeAllConnections();
    });

    test("a malformed request can read its 400", async () => {
      const client = open();
      client.send(`GET / HTTP/1.1\r\nBad Header: x\r\n\r\n${"more ".repeat(100_000)}`);
      expect(await client.whole()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    });

    test("clients that vanish leave nothing behind", async () => {
      await until(() => server.connectionCount === 0);
      const clients = Array.from({ length: 100 }, () => open());
      for (const [index, client] of clients.entries()) {
        if (index % 3 === 0)
          client.send(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nhalf`);
        if (index % 3 === 1) client.send(`GET /bytes/${64 * MEBIBYTE} HTTP/1.1\r\n${HOST}\r\n`);
      }
      await until(() => server.connectionCount === 100);
      for (const [index, client] of clients.entries()) {
        if (index % 2 === 0) client.peer.resetAndDestroy();
        else client.peer.destroy();
      }
      await until(() => server.connectionCount === 0);
    });
  });
}
