/** TCPServer on the fake host: what is served, what is logged, what is no place to listen at. */
import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Address } from "../src/host.ts";
import { IOLoop } from "../src/ioloop.ts";
import type { IOStream } from "../src/iostream.ts";
import { setSinks } from "../src/log.ts";
import { bindSockets, bindUnixSocket } from "../src/netutil.ts";
import { TCPClient } from "../src/tcpclient.ts";
import { TCPServer } from "../src/tcpserver.ts";
import { certificates, noCertificates } from "./support/certificates.ts";
import { Echo, echoes } from "./support/echo-server.ts";
import { createFakeHost } from "./support/fake-host.ts";
import { until } from "./support/until.ts";

/** What is logged while something runs. */
async function logged(run: () => Promise<void>): Promise<string[]> {
  const messages: string[] = [];
  const earlier = setSinks({ write: (record) => messages.push(record.message) });
  try {
    await run();
  } finally {
    setSinks(...earlier);
  }
  return messages;
}

describe("TCPServer", () => {
  test("serves streams; that a peer goes is no error", async () => {
    const loop = new IOLoop(createFakeHost());
    const server = new Echo({ loop });
    await server.listen(0, "127.0.0.1");
    const { host, port } = server.addresses[0] as Address;
    const messages = await logged(async () => {
      const stream = await new TCPClient({ loop }).connect(host, port);
      await echoes(stream);
      const [served] = server.served;
      expect(served?.address).toEqual(stream.localAddress);
      stream.close();
      await until(() => served?.stream.closed === true);
    });
    expect(messages).toEqual([]);
    server.stop();
    await expect(new TCPClient({ loop }).connect(host, port)).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  test("what a handler throws is logged, and its stream closed", async () => {
    class Failing extends TCPServer {
      override handleStream(stream: IOStream): Promise<void> | void {
        if (this.addresses.length === 1) throw new Error("at once");
        return stream.readBytes(1).then(() => {
          throw new Error("later");
        });
      }
    }
    const loop = new IOLoop(createFakeHost());
    const server = new Failing({ loop });
    await server.listen(0, "127.0.0.1");
    const client = new TCPClient({ loop });
    const messages = await logged(async () => {
      const first = await client.connect("127.0.0.1", server.addresses[0]?.port ?? 0);
      await first.readUntilClose();
      await server.listen(0, "127.0.0.1");
      const second = await client.connect("127.0.0.1", server.addresses[1]?.port ?? 0);
      await second.write("x");
      await second.readUntilClose();
    });
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatch(/handleStream/);
  });

  test.skipIf(noCertificates !== undefined)("speaks TLS, and goes over to it", async () => {
    const { ca, server: identity } = certificates();
    const loop = new IOLoop(createFakeHost());
    const server = new Echo({ loop, sslOptions: identity });
    await server.listen(0, "127.0.0.1");
    const port = server.addresses[0]?.port ?? 0;
    const client = new TCPClient({ loop });
    const stream = await client.connect("127.0.0.1", port, { sslOptions: { ca } });
    await echoes(stream);
    expect(stream.tls?.authorized).toBe(true);
    await expect(client.connect("127.0.0.1", port, { sslOptions: {} })).rejects.toThrow(
      /certificate/,
    );

    class Upgrading extends TCPServer {
      override async handleStream(stream: IOStream): Promise<void> {
        await stream.readUntil("STARTTLS\n");
        await stream.write("go\n");
        const secure = await stream.startTls(true, identity);
        await secure.write(await secure.readUntil("\n"));
      }
    }
    const upgrading = new Upgrading({ loop });
    await upgrading.listen(0, "127.0.0.1");
    const plain = await client.connect("127.0.0.1", upgrading.addresses[0]?.port ?? 0);
    await plain.write("STARTTLS\n");
    await plain.readUntil("go\n");
    const secure = await plain.startTls(false, { ca }, "localhost");
    await echoes(secure);
    await expect(plain.write("x")).rejects.toThrow("closed");
  });

  test.skipIf(noCertificates !== undefined)("closes what TLS took over, too", async () => {
    const { ca, server: identity } = certificates();
    const loop = new IOLoop(createFakeHost());
    class Failing extends TCPServer {
      override async handleStream(stream: IOStream): Promise<void> {
        await stream.startTls(true, identity);
        throw new Error("out of order");
      }
    }
    const server = new Failing({ loop });
    await server.listen(0, "127.0.0.1");
    const client = new TCPClient({ loop });
    const messages = await logged(async () => {
      const plain = await client.connect("127.0.0.1", server.addresses[0]?.port ?? 0);
      const secure = await plain.startTls(false, { ca }, "localhost");
      expect(await secure.readUntilClose()).toHaveLength(0);
    });
    expect(messages).toHaveLength(1);
  });

  test.skipIf(noCertificates !== undefined)("a stream's end is that of what TLS is", async () => {
    const { ca, server: identity } = certificates();
    const loop = new IOLoop(createFakeHost());
    const served: IOStream[] = [];
    class Upgrading extends TCPServer {
      override handleStream(stream: IOStream): void {
        served.push(stream);
      }
    }
    const server = new Upgrading({ loop });
    await server.listen(0, "127.0.0.1");
    const connect = (): Promise<IOStream> =>
      new TCPClient({ loop }).connect("127.0.0.1", server.addresses[0]?.port ?? 0);
    const closes: string[] = [];

    const given = await connect();
    given.setCloseCallback(() => closes.push("given up"));
    const handshake = given.startTls(false, { ca }, "localhost");
    expect(closes).toEqual([]);
    given.close(new Error("too slow"));
    await expect(handshake).rejects.toMatchObject({
      name: "StreamClosedError",
      cause: { message: "too slow" },
    });
    expect(closes).toEqual(["given up"]);

    const secured = await connect();
    await until(() => served.length === 2);
    secured.setCloseCallback(() => closes.push("never"));
    served[1]?.startTls(true, identity).catch(() => undefined);
    const secure = await secured.startTls(false, { ca }, "localhost");
    secured.setCloseCallback(() => closes.push("secured"));
    secure.close();
    await until(() => closes.length > 1);
    expect(closes).toEqual(["given up", "secured"]);

    const refused = await connect();
    await until(() => served.length === 3);
    refused.setCloseCallback(() => closes.push("refused"));
    served[2]?.startTls(true, identity).catch(() => undefined);
    await expect(refused.startTls(false, {}, "localhost")).rejects.toThrow();
    expect(refused.error).toBeInstanceOf(Error);
    expect(closes.at(-1)).toBe("refused");
    server.stop();
  });

  test.skipIf(noCertificates !== undefined)("what is thrown at a handshake is logged", async () => {
    const loop = new IOLoop(createFakeHost());
    const throwing = (): never => {
      throw new Error("out of order");
    };
    const { server: identity } = certificates();
    const sslOptions = { ...identity, handshakeBegun: throwing, handshakeFailed: throwing };
    const server = new Echo({ loop, sslOptions });
    await server.listen(0, "127.0.0.1");
    const messages = await logged(async () => {
      const port = server.addresses[0]?.port ?? 0;
      const stream = await new TCPClient({ loop }).connect("127.0.0.1", port);
      await stream.write("GET / HTTP/1.1\r\n\r\n");
      await stream.readUntilClose();
    });
    expect(messages).toHaveLength(2);
    server.stop();
  });

  test.skipIf(noCertificates !== undefined)("holds back a writer at once over TLS", async () => {
    const { ca, server: identity } = certificates();
    const loop = new IOLoop(createFakeHost());
    class Silent extends TCPServer {
      override handleStream(): void {}
    }
    const server = new Silent({ loop, sslOptions: identity });
    await server.listen(0, "127.0.0.1");
    const stream = await new TCPClient({ loop }).connect(
      "127.0.0.1",
      server.addresses[0]?.port ?? 0,
      { sslOptions: { ca, serverName: "localhost" }, maxWriteBufferSize: 1000 },
    );
    const first = stream.write(new Uint8Array(800));
    expect(stream.writing).toBe(true);
    await expect(stream.write(new Uint8Array(800))).rejects.toThrow("maxWriteBufferSize is 1000");
    await first;
    stream.close();
    server.stop();
  });

  test("bytes that came in the clear do not count as received over TLS", async () => {
    const loop = new IOLoop(createFakeHost());
    let refusal: Promise<unknown> | undefined;
    class Upgrading extends TCPServer {
      override async handleStream(stream: IOStream): Promise<void> {
        await stream.readUntil("STARTTLS\n");
        refusal = stream.startTls(true, {}).catch((error) => error);
      }
    }
    const server = new Upgrading({ loop });
    await server.listen(0, "127.0.0.1");
    const stream = await new TCPClient({ loop }).connect(
      "127.0.0.1",
      server.addresses[0]?.port ?? 0,
    );
    await stream.write("STARTTLS\nDELETE everything\n");
    await until(() => refusal !== undefined);
    expect(`${await refusal}`).toContain("not idle, or has unread bytes");
  });
});

test("a stop ends what has not begun to listen", async () => {
  const server = new TCPServer({ loop: new IOLoop(createFakeHost()) });
  const listening = server.listen(0, "127.0.0.1");
  server.stop();
  await listening;
  expect(server.addresses).toEqual([]);
  await server.listen(0, "127.0.0.1");
  expect(server.addresses).toHaveLength(1);
  server.stop();
});

test.skipIf(noCertificates !== undefined)(
  "a certificate renewed before it listens is its certificate",
  async () => {
    const loop = new IOLoop(createFakeHost());
    const { ca, server: first, renewed } = certificates();
    const server = new Echo({ loop, sslOptions: first });
    const listening = server.listen(0, "127.0.0.1");
    server.setSslOptions(renewed);
    await listening;
    const { host, port } = server.addresses[0] as Address;
    const stream = await new TCPClient({ loop }).connect(host, port, { sslOptions: { ca } });
    const { serialNumber } = new X509Certificate(renewed.cert);
    expect(stream.tls?.peerCertificate?.serialNumber).toBe(serialNumber);
    stream.close();
    server.stop();
  },
);

test.each([
  ["8080", 'port "8080"'],
  [65536, "port 65536"],
  [-1, "port -1"],
  [1.5, "port 1.5"],
  [Number.NaN, "port NaN"],
  [undefined, "port undefined"],
])("%s is no port", async (given, named) => {
  const port = given as number;
  const server = new TCPServer();
  const why = `${named}: expected an integer from 0 to 65535`;
  await expect(server.listen(port)).rejects.toThrow(`Cannot listen on ${why}`);
  expect(() => server.bind(port)).toThrow(`Cannot bind ${why}`);
  await expect(bindSockets(port)).rejects.toThrow(`Cannot bind ${why}`);
  await expect(new TCPClient().connect("127.0.0.1", port)).rejects.toThrow(
    `Cannot connect to ${why}`,
  );
});

test("who listens already starts no processes, which would fail to listen", async () => {
  const server = new TCPServer({ loop: new IOLoop(createFakeHost()) });
  await server.listen(0);
  // Ends at once where it is started nevertheless.
  const starting = server.start(2, { maxRestarts: 0, command: ["false"] });
  await expect(starting).rejects.toThrow("Cannot start 2 processes: the server listens already");
  server.stop();
});

test.each([undefined, null, ""])("%j is every address", async (address) => {
  const loop = new IOLoop(createFakeHost());
  const server = new TCPServer({ loop });
  const everywhere = address as string | undefined;
  await server.listen(0, everywhere);
  server.bind(0, everywhere);
  await server.start();
  expect(server.addresses.map(({ host }) => host)).toEqual(["::", "::"]);
  await expect(server.listen(0, 5 as never)).rejects.toThrow("Cannot listen on address 5");
  server.stop();
});

test.each(["", "/tmp/a\0b", 5 as unknown as string])(
  "%j is no path of a Unix socket",
  async (path) => {
    const loop = new IOLoop(createFakeHost());
    await expect(new Echo({ loop }).listenUnix(path)).rejects.toThrow(TypeError);
    await expect(bindUnixSocket(path, 0o600, { loop })).rejects.toThrow(TypeError);
    await expect(new TCPClient({ loop }).connectUnix(path)).rejects.toThrow(TypeError);
  },
);
