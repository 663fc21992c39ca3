/**
 * HTTPS over one host's real sockets, as `node:https` sees it: the same on each runtime, so that
 * what differs is the server.
 */
import { type RequestOptions, request } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../src/host.ts";
import { banner, HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { certificates, noCertificates } from "../support/certificates.ts";

class Who extends RequestHandler {
  get(): void {
    const { protocol, tls } = this.request;
    const name = this.request.getSslCertificate()?.subject.CN ?? "nobody";
    this.write(`${protocol} ${tls?.protocol} ${tls?.serverName} ${name}`);
  }
}

class Echo extends RequestHandler {
  post(): void {
    this.write(this.request.body);
  }
}

interface Answer {
  readonly body: Buffer;
  readonly fingerprint: string;
}

/** Has a host serve an application with TLS. */
export function httpsOnHost(name: string, createHost: () => Host): void {
  describe.skipIf(noCertificates !== undefined)(`HTTPS on ${name} ${noCertificates ?? ""}`, () => {
    let server: HTTPServer;

    beforeAll(async () => {
      const { ca, server: identity } = certificates();
      const application = new Application([
        ["/", Who],
        ["/echo", Echo],
      ]);
      const sslOptions = { ...identity, ca, requestCert: true, rejectUnauthorized: false };
      server = new HTTPServer(application, { sslOptions, loop: new IOLoop(createHost()) });
      await server.listen(0, "127.0.0.1");
    });

    afterAll(async () => {
      server.stop();
      await server.closeAllConnections();
    });

    function ask(path: string, body?: Buffer, more: RequestOptions = {}): Promise<Answer> {
      const { ca } = certificates();
      const { port } = server.addresses[0] as { port: number };
      const method = body === undefined ? "GET" : "POST";
      const own = { host: "127.0.0.1", servername: "localhost", port, ca, method, path };
      return new Promise((resolve, reject) => {
        const asked = request({ ...own, agent: false, ...more }, (response) => {
          const { fingerprint256 } = (
            response.socket as unknown as { getPeerCertificate(): { fingerprint256: string } }
          ).getPeerCertificate();
          const parts: Buffer[] = [];
          response.on("data", (bytes: Buffer) => parts.push(bytes));
          response.on("end", () =>
            resolve({ body: Buffer.concat(parts), fingerprint: fingerprint256 }),
          );
          response.on("error", reject);
        });
        asked.on("error", reject);
        asked.end(body);
      });
    }

    test("a handler knows of it, and of the client's certificate", async () => {
      expect(`${(await ask("/")).body}`).toBe("https TLSv1.3 localhost nobody");
      const { client } = certificates();
      expect(`${(await ask("/", undefined, client)).body}`).toBe("https TLSv1.3 localhost client");
      expect(banner(server)).toMatch(/: https:\/\/127\.0\.0\.1:\d+\/$/);
    });

    test("20 at once, a mebibyte there and back each", async () => {
      const bodies = Array.from({ length: 20 }, (_, i) => Buffer.alloc(1024 * 1024, `${i} bytes `));
      const answers = await Promise.all(bodies.map((body) => ask("/echo", body)));
      for (const [i, { body }] of answers.entries()) {
        expect(body.equals(bodies[i] as Buffer)).toBe(true);
      }
    });

    test("a renewed certificate", async () => {
      const { ca, renewed, client } = certificates();
      const before = await ask("/");
      expect(() => server.setSslOptions({ cert: renewed.cert, key: client.key })).toThrow("key");
      expect((await ask("/")).fingerprint).toBe(before.fingerprint);
      server.setSslOptions({ ...renewed, ca, requestCert: true, rejectUnauthorized: false });
      expect((await ask("/")).fingerprint).not.toBe(before.fingerprint);
    });
  });
}
