/** https, directly and through a tunnel, on the runtime's own sockets and certificates of openssl. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TlsServerOptions } from "../../src/host.ts";
import { type FetchOptions, HTTPClient, HTTPClientError } from "../../src/httpclient.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { HTTPHeaders, type HTTPServerRequest } from "../../src/httputil.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";
import { until } from "../support/until.ts";

/** Answers with the head of the request. */
function show(request: HTTPServerRequest): void {
  const body = `${request.method} ${request.uri}\r\n${request.headers}`;
  const length = String(Buffer.byteLength(body));
  const { connection } = request;
  connection?.writeHeaders(
    { code: 200, reason: "OK" },
    new HTTPHeaders([["Content-Length", length]]),
    body,
  );
  connection?.finish();
}

/** A proxy that makes tunnels, and notes what it was asked. */
class TunnelProxy {
  readonly asked: string[] = [];
  readonly server: net.Server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (head) => this.#connect(socket, head.toString()));
  });
  #sockets: net.Socket[] = [];

  #connect(socket: net.Socket, head: string): void {
    this.asked.push(head);
    const port = Number(/:(\d+) /.exec(head)?.[1]);
    const there = net.connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(there).pipe(socket);
    });
    there.on("error", () => socket.destroy());
    this.#sockets.push(socket, there);
  }

  async listen(): Promise<{ proxyHost: string; proxyPort: number }> {
    await new Promise<void>((resolve) => {
      this.server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = this.server.address() as net.AddressInfo;
    return { proxyHost: "127.0.0.1", proxyPort: port };
  }

  close(): void {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

const title = noCertificates === undefined ? "https" : `https (${noCertificates})`;

describe.skipIf(noCertificates !== undefined)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-"));
  const file = (name: string): string => join(folder, name);
  const servers: HTTPServer[] = [];
  const client = new HTTPClient({ loop: runtimeLoop });

  /** A server's URL. */
  async function serve(tls: TlsServerOptions): Promise<string> {
    const server = new HTTPServer(show, { loop: runtimeLoop });
    servers.push(server);
    await server.listen(0, "127.0.0.1", { tls: { handshakeFailed: () => undefined, ...tls } });
    return `https://localhost:${server.addresses[0]?.port}/a`;
  }

  const trusting = (): FetchOptions => ({ caCerts: file("ca.pem"), allowIpv6: false });
  const textOf = ({ body }: { body: Uint8Array }): string => Buffer.from(body).toString();
  let url = "";

  beforeAll(async () => {
    const { ca, client: own, server } = certificates();
    writeFileSync(file("ca.pem"), ca);
    writeFileSync(file("own.pem"), own.cert);
    writeFileSync(file("own.key"), own.key);
    writeFileSync(file("both.pem"), `Certificate and key:\n${own.cert}${own.key}`);
    url = await serve(server);
  });

  afterAll(async () => {
    client.close();
    for (const server of servers) {
      server.stop();
      await server.closeAllConnections();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test("fetches, and keeps the connection", async () => {
    const before = client.idleConnections;
    for (let count = 0; count < 3; count++) {
      const response = await client.fetch(url, trusting());
      expect(textOf(response)).toMatch(/^GET \/a\r\nHost: localhost:/);
    }
    expect(client.idleConnections).toBe(before + 1);
  });

  test.each([
    { name: "of nobody who is trusted", options: {}, who: "server" },
    { name: "of itself", options: undefined, who: "rogue" },
    { name: "of somebody else", options: undefined, who: "other" },
  ] as const)("refuses a certificate $name", async ({ options, who }) => {
    const there = await serve(certificates()[who]);
    const error = await client.fetch(there, options ?? trusting()).catch((reason) => reason);
    expect(error).toBeInstanceOf(HTTPClientError);
    expect(error.code).toBe(599);
    expect(error.cause).toBeInstanceOf(Error);
    const response = await client.fetch(there, { validateCert: false });
    expect(response.code).toBe(200);
    // What was accepted then is not reused where it is not accepted.
    await expect(client.fetch(there, options ?? trusting())).rejects.toThrow(HTTPClientError);
  });

  test("says the name that it is told to", async () => {
    const there = await serve(certificates().other);
    const options = { ...trusting(), sslOptions: { serverName: "www.other.test" } };
    expect((await client.fetch(there, options)).code).toBe(200);
  });

  test("shows its own certificate, to whom it is meant for", async () => {
    const { ca, server } = certificates();
    const there = await serve({ ...server, ca, requestCert: true });
    const own = { clientCert: file("own.pem"), clientKey: file("own.key") };
    expect((await client.fetch(there, { ...trusting(), ...own })).code).toBe(200);
    const both = { clientCert: file("both.pem") };
    expect((await client.fetch(there, { ...trusting(), ...both })).code).toBe(200);
    // Without it, the connection of the fetch before is not to be had.
    await expect(client.fetch(there, trusting())).rejects.toThrow(HTTPClientError);
  });

  test("a file that is not there says so", async () => {
    const promise = client.fetch(url, { caCerts: file("nowhere.pem") });
    await expect(promise).rejects.toMatchObject({ code: 599, cause: { code: "ENOENT" } });
  });

  test("goes through a tunnel, which shows nothing of it", async () => {
    const proxy = new TunnelProxy();
    const place = await proxy.listen();
    const options = { ...trusting(), ...place, proxyUsername: "us", authUsername: "secret" };
    const before = client.idleConnections;
    for (let count = 0; count < 2; count++) {
      const text = textOf(await client.fetch(url, options));
      expect(text).toMatch(/^GET \/a\r\n/);
      expect(text).toContain("\r\nAuthorization: Basic ");
      expect(text).not.toContain("Proxy-");
    }
    expect(client.idleConnections).toBe(before + 1);
    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toMatch(/^CONNECT localhost:\d+ HTTP\/1\.1\r\nHost: localhost:\d+\r\n/);
    expect(proxy.asked[0]).toContain("\r\nProxy-Authorization: Basic dXM6\r\n");
    proxy.close();
    await until(() => client.idleConnections === before);
  });

  test("verifies the name behind a tunnel", async () => {
    const proxy = new TunnelProxy();
    const place = await proxy.listen();
    const there = await serve(certificates().other);
    const error = await client.fetch(there, { ...trusting(), ...place }).catch((reason) => reason);
    expect(error).toBeInstanceOf(HTTPClientError);
    proxy.close();
  });

  test("a redirect to http loses the credentials", async () => {
    const plain = new HTTPServer(show, { loop: runtimeLoop });
    servers.push(plain);
    await plain.listen(0, "127.0.0.1");
    const to = `http://localhost:${plain.addresses[0]?.port}/b`;
    const redirecting = new HTTPServer(
      (request) => {
        const headers = new HTTPHeaders([
          ["Location", to],
          ["Content-Length", "0"],
        ]);
        request.connection?.writeHeaders({ code: 302, reason: "Found" }, headers);
        request.connection?.finish();
      },
      { loop: runtimeLoop },
    );
    servers.push(redirecting);
    await redirecting.listen(0, "127.0.0.1", { tls: certificates().server });
    const from = `https://user:secret@localhost:${redirecting.addresses[0]?.port}/`;
    const response = await client.fetch(from, { ...trusting(), headers: { Cookie: "secret" } });
    expect(response.effectiveUrl).toBe(to);
    expect(textOf(response)).not.toMatch(/Cookie|Authorization/);
  });
});
