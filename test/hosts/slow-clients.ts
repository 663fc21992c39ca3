/**
 * Clients that are slow on purpose, over one host's real sockets: each is ended by the timeout that
 * is named for it, and costs no more than its buffers. The timeouts are short here; what they count
 * is tested on the fake host.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/host.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { RawClient } from "../support/raw-client.ts";
import { pass, until } from "../support/until.ts";

const MEBIBYTE = 1024 * 1024;
/** Far more than the kernel buffers for one connection. */
const ENDLESS = 1024 * MEBIBYTE;
const LONG = "x".repeat(100 * 1024);
let written = 0;

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello");
  }

  post(): void {
    this.write("Thanks");
  }
}

class Endless extends RequestHandler {
  async get(): Promise<void> {
    const part = new Uint8Array(MEBIBYTE);
    for (written = 0; written < ENDLESS; written += part.length) {
      this.write(part);
      await this.flush();
    }
  }
}

let begun = 0;

/** Answers 100 KiB: at once, or later. */
class Long extends RequestHandler {
  get(when: string): Promise<void> | undefined {
    begun++;
    if (when === "later") return Promise.resolve().then(() => this.write(LONG));
    this.write(LONG);
    return undefined;
  }
}

/** Sends one byte after another until the server has had enough. */
async function drip(client: RawClient, text: string): Promise<void> {
  for (const byte of text) {
    if (client.ended || client.error !== undefined) return;
    client.send(byte);
    await pass(20);
  }
}

const HEAD = "GET / HTTP/1.1\r\nHost: localhost\r\n";
const REFUSED = /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*Connection: close\r\n/;

/** Has a host serve slow clients over its sockets. */
export function slowClientsOnHost(name: string, createHost: () => Host): void {
  describe(`slow clients on ${name}`, () => {
    let server: HTTPServer;

    beforeAll(async () => {
      setLogLevel("none");
      const application = new Application([
        ["/", Hello],
        ["/endless", Endless],
        ["/long/(.*)", Long],
      ]);
      server = new HTTPServer(application, {
        loop: new IOLoop(createHost()),
        headerTimeout: 0.3,
        bodyTimeout: 0.3,
        idleConnectionTimeout: 0.3,
        sendTimeout: 0.3,
        lingerTimeout: 0.3,
      });
      await server.listen(0, "127.0.0.1");
    });

    afterAll(async () => {
      setLogLevel("warning");
      server.stop();
      await server.closeAllConnections();
    });

    const open = (): RawClient => new RawClient("127.0.0.1", server.addresses[0]?.port as number);

    test("headerTimeout: one that says nothing", async () => {
      expect(await open().whole()).toMatch(REFUSED);
    });

    test("headerTimeout: one that sends its head byte by byte", async () => {
      const client = open();
      const dripping = drip(client, `${HEAD}X-Long: ${"x".repeat(1000)}`);
      expect(await client.whole()).toMatch(REFUSED);
      await dripping;
    });

    test("bodyTimeout: one that sends its body byte by byte", async () => {
      const client = open();
      client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
      const dripping = drip(client, "x".repeat(1000));
      expect(await client.whole()).toMatch(REFUSED);
      await dripping;
    });

    test("idleConnectionTimeout: one that has its answer and stays", async () => {
      const client = open();
      client.send(`${HEAD}\r\n`);
      expect(await client.whole()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nHello$/);
    });

    test("sendTimeout: one that never reads", async () => {
      const client = open();
      client.peer.pause();
      client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await until(() => written > 0);
      await until(() => server.connectionCount === 0);
      expect(written).toBeLessThan(ENDLESS / 8);
      client.peer.destroy();
    });

    test.each(["now", "later"])("sendTimeout: one that asks %s and never reads", async (when) => {
      begun = 0;
      const client = open();
      client.peer.pause();
      client.send(`GET /long/${when} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(1000));
      await until(() => begun > 0);
      await until(() => server.connectionCount === 0);
      expect(begun, "as many as the kernel takes, and three").toBeLessThan(300);
      client.peer.destroy();
    });

    test("the next client is served as ever", async () => {
      const client = open();
      client.send(`${HEAD}Connection: close\r\n\r\n`);
      expect(await client.whole()).toMatch(/\r\n\r\nHello$/);
      await until(() => server.connectionCount === 0);
    });
  });
}
