/**
 * Streams, servers and clients on the sockets of the runtime that runs the tests: what the fake host
 * cannot show, such as Unix sockets, inherited descriptors, resets and peers that do nothing.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket as Peer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Address } from "../src/host.ts";
import { HTTPServer } from "../src/httpserver.ts";
import { IOStream, StreamClosedError } from "../src/iostream.ts";
import { bindSockets, bindUnixSocket } from "../src/netutil.ts";
import { TCPClient } from "../src/tcpclient.ts";
import { TCPServer } from "../src/tcpserver.ts";
import { testUnless } from "./hosts/contract/unless.ts";
import { limitsOf } from "./hosts/limits.ts";
import { certificates, noCertificates } from "./support/certificates.ts";
import { testGuide } from "./support/guide.ts";
import { noIPv6 } from "./support/ipv6.ts";
import { RUN } from "./support/program.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";
import { until } from "./support/until.ts";

const MIB = 1024 * 1024;

testGuide("streams");

class Echo extends TCPServer {
  readonly streams: IOStream[] = [];

  override async handleStream(stream: IOStream): Promise<void> {
    this.streams.push(stream);
    for (;;) await stream.write(await stream.readUntil("\n", { maxBytes: MIB }));
  }
}

const client = new TCPClient({ loop: runtimeLoop });
const folder = mkdtempSync(join(tmpdir(), "squall-sockets-"));
const server = new Echo({ loop: runtimeLoop });
let port = 0;

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  port = server.addresses[0]?.port as number;
});
afterAll(() => {
  server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function echoes(stream: IOStream, line = "hello\n"): Promise<void> {
  const writing = stream.write(line);
  expect(new TextDecoder().decode(await stream.readUntil("\n"))).toBe(line);
  await writing;
}

/** A peer of another make, that does only what it is told. */
async function peer(): Promise<Peer> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return socket;
}

async function served(before: number): Promise<IOStream> {
  await until(() => server.streams.length > before);
  return server.streams[before] as IOStream;
}

describe("streams on sockets", () => {
  test("by name, by address, by path", async () => {
    await echoes(await client.connect("127.0.0.1", port));
    await echoes(await client.connect("localhost", port, { family: 4 }));
    const path = join(folder, "echo.sock");
    await server.listenUnix(path);
    const stream = await client.connectUnix(path);
    await echoes(stream);
    expect(stream.remoteAddress.path).toBe(path);
  });

  testUnless(noIPv6, "one port of several addresses", async () => {
    const own = new Echo({ loop: runtimeLoop });
    await own.listen(0, "127.0.0.1");
    const taken = own.addresses[0]?.port ?? 0;
    await own.listen(taken, "::1");
    for (const host of ["127.0.0.1", "::1"]) {
      const stream = await client.connect(host, taken);
      await echoes(stream);
      stream.close();
    }
    expect(own.addresses.map(({ host }) => host)).toEqual(["127.0.0.1", "::1"]);
    own.stop();
  });

  test("a mebibyte in one line, 20 times at once", async () => {
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => client.connect("127.0.0.1", port)),
    );
    const line = `${"x".repeat(MIB - 1)}\n`;
    await Promise.all(streams.map((stream) => echoes(stream, line)));
    for (const stream of streams) stream.close();
  });

  test("a peer that resets, one that vanishes in a line, one that sends too long a line", async () => {
    let before = server.streams.length;
    const resetting = await peer();
    let stream = await served(before);
    resetting.write("half a li");
    await until(() => stream.reading);
    resetting.resetAndDestroy();
    await until(() => stream.closed);

    before = server.streams.length;
    const vanishing = await peer();
    stream = await served(before);
    vanishing.end("half a li");
    await until(() => stream.closed);
    expect(stream.error).toBeUndefined();
    vanishing.destroy();

    before = server.streams.length;
    const babbling = await peer();
    stream = await served(before);
    babbling.write(Buffer.alloc(MIB + 1, "x"));
    await until(() => stream.closed);
    expect(stream.error?.name).toBe("UnsatisfiableReadError");
    babbling.destroy();
  });

  test("a peer that half-closes gets its answer", async () => {
    const half = await peer();
    let text = "";
    half.on("data", (bytes) => {
      text += bytes;
    });
    const over = new Promise<void>((resolve) => half.once("end", resolve));
    half.end("last words\n");
    await over;
    expect(text).toBe("last words\n");
  });

  test("a peer that does not read holds the writer, not its memory", async () => {
    const before = server.streams.length;
    const deaf = await peer();
    deaf.pause();
    const stream = await served(before);
    let written = 0;
    const writing = (async () => {
      for (;;) {
        await stream.write(new Uint8Array(MIB));
        written++;
      }
    })().catch((error: unknown) => error);
    await until(() => stream.writing);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(stream.writing).toBe(true);
    expect(written).toBeLessThan(64);
    deaf.destroy();
    expect(await writing).toBeInstanceOf(StreamClosedError);
  });

  test("a connection that was HTTP's, with what came behind the head", async () => {
    const http = new HTTPServer(
      (request) => {
        const stream = new IOStream(request.connection.detach(), { loop: runtimeLoop });
        stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n");
        stream.readUntil("\n").then((line) => stream.write(line));
      },
      { loop: runtimeLoop },
    );
    await http.listen(0, "127.0.0.1");
    const stream = await client.connect("127.0.0.1", http.addresses[0]?.port ?? 0);
    await stream.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\r\nhello\n");
    const head = new TextDecoder().decode(await stream.readUntilRegex(/\r\n\r\n/));
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(new TextDecoder().decode(await stream.readUntil("\n"))).toBe("hello\n");
    expect(http.connectionCount).toBe(0);
    stream.close();
    http.stop();
  });

  test.skipIf(noCertificates !== undefined)("TLS, with a name that is looked up", async () => {
    const { ca, server: identity } = certificates();
    const secure = new Echo({ loop: runtimeLoop, sslOptions: identity });
    await secure.listen(0, "127.0.0.1");
    const place = secure.addresses[0] as Address;
    const stream = await client.connect("localhost", place.port, { sslOptions: { ca }, family: 4 });
    await echoes(stream, `${"x".repeat(MIB - 1)}\n`);
    expect(stream.tls?.peerCertificate?.subject.CN).toBe("localhost");
    stream.close();
    secure.stop();
  });
});

const { noDescriptors, noUnixDescriptors } = limitsOf(runtimeLoop.host.name);

describe("sockets that listen already", () => {
  testUnless(noDescriptors, "bound before, then served", async () => {
    const sockets = await bindSockets(0, "127.0.0.1", { loop: runtimeLoop });
    const own = new Echo({ loop: runtimeLoop });
    await own.addSockets(sockets);
    const place = sockets[0]?.address as Address;
    expect(own.addresses[0]?.port).toBe(place.port);
    await echoes(await client.connect("127.0.0.1", place.port));
    own.stop();
  });

  testUnless(noUnixDescriptors, "a Unix socket", async () => {
    const path = join(folder, "bound.sock");
    const socket = await bindUnixSocket(path, 0o600, { loop: runtimeLoop });
    const own = new Echo({ loop: runtimeLoop });
    await own.addSocket(socket);
    await echoes(await client.connectUnix(path));
    own.stop();
  });

  testUnless(noDescriptors, "passed on to a program, as systemd does", async () => {
    const [socket] = await bindSockets(0, "127.0.0.1", { loop: runtimeLoop });
    const program = fileURLToPath(new URL("./support/activated.ts", import.meta.url));
    const line = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=echo exec "$0" "$@"';
    const child = spawn("/bin/sh", ["-c", line, process.execPath, ...RUN, program], {
      stdio: ["ignore", "pipe", "inherit", socket?.fd],
    });
    try {
      const stream = await client.connect("127.0.0.1", socket?.address.port ?? 0);
      await echoes(stream);
      stream.close();
    } finally {
      child.kill();
      socket?.close();
    }
  });
});
