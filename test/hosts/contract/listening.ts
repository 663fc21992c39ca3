/** The contract's tests of places: addresses, ports, Unix sockets, and who may bind and connect. */
import { lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Address } from "../../../src/host.ts";
import { until } from "../../support/until.ts";
import { type Bench, failure } from "./bench.ts";
import type { Script } from "./probe.ts";
import { testUnless } from "./unless.ts";

const answering: Script = { data: (_, probe) => probe.send(Buffer.from("pong")) };

export function testListening(bench: Bench): void {
  const { noFiles, noReusePort, noIPv6 } = bench.options;
  const folder = mkdtempSync(join(tmpdir(), "squall-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const exchange = async (address: Address): Promise<void> => {
    const client = await bench.connect(address);
    client.write(Buffer.from("ping"));
    await until(() => client.text === "pong");
    client.finish();
  };

  test("port 0 takes a free port, and both ends know all addresses", async () => {
    const { client, server, listener } = await bench.pair();
    const { host, port, path } = listener.address;
    expect([host, path]).toEqual(["127.0.0.1", ""]);
    expect(port).toBeGreaterThan(0);
    expect(server.socket.localAddress).toEqual(listener.address);
    expect(client.socket.remoteAddress).toEqual(listener.address);
    expect(client.socket.localAddress).toEqual(server.socket.remoteAddress);
    expect(client.socket.localAddress.host).toBe("127.0.0.1");
    expect(client.socket.localAddress.port).toBeGreaterThan(0);
  });

  test("the peer's address can still be read after close", async () => {
    const { client, server } = await bench.pair();
    const { localAddress } = client.socket;
    client.abort();
    await until(() => client.closed && server.closed);
    expect(server.socket.remoteAddress).toEqual(localAddress);
  });

  testUnless(noIPv6, "shows the IPv4 addresses of a socket for both families as such", async () => {
    const { listener, accepted } = await bench.listen({ host: "::ffff:127.0.0.1" }, answering);
    await exchange({ ...listener.address, host: "127.0.0.1" });
    expect(accepted[0]?.socket.remoteAddress.host).toBe("127.0.0.1");
    expect(accepted[0]?.socket.localAddress.host).toBe("127.0.0.1");
  });

  test("connects by name", async () => {
    const { listener } = await bench.listen({}, answering);
    await exchange({ ...listener.address, host: "localhost" });
  });

  test("listens by name", async () => {
    const { listener } = await bench.listen({ host: "localhost" }, answering);
    expect(["127.0.0.1", "::1"]).toContain(listener.address.host);
    await exchange(listener.address);
  });

  testUnless(noIPv6, "listens and connects on ::1", async () => {
    const { listener, accepted } = await bench.listen({ host: "::1" }, answering);
    expect(listener.address.host).toBe("::1");
    await exchange(listener.address);
    expect(accepted[0]?.socket.remoteAddress.host).toBe("::1");
    expect(accepted[0]?.socket.localAddress).toEqual(listener.address);
  });

  test("a port in use is refused with EADDRINUSE", async () => {
    const { listener } = await bench.listen();
    const { port } = listener.address;
    expect(await failure(bench.listen({ port }))).toBe("EADDRINUSE");
    await bench.connect(listener.address);
  });

  testUnless(noReusePort, "two listeners share a port with reusePort", async () => {
    const first = await bench.listen({ reusePort: true });
    const { port } = first.listener.address;
    const second = await bench.listen({ reusePort: true, port });
    expect(second.listener.address.port).toBe(port);
    // The kernel spreads them by a hash: all 64 on one side has a chance of 2^-63.
    await Promise.all(Array.from({ length: 64 }, () => bench.connect(first.listener.address)));
    await until(() => first.accepted.length + second.accepted.length === 64);
    expect(Math.min(first.accepted.length, second.accepted.length)).toBeGreaterThan(0);
  });

  test("reusePort of one alone does not open a port to others", async () => {
    const { listener } = await bench.listen();
    const { port } = listener.address;
    expect(await failure(bench.listen({ port, reusePort: true }))).toBe("EADDRINUSE");
  });

  test("a port that nobody listens on refuses with ECONNREFUSED", async () => {
    const { listener } = await bench.listen();
    listener.close();
    expect(await failure(bench.connect(listener.address))).toBe("ECONNREFUSED");
    expect(await failure(bench.connect(listener.address))).toBe("ECONNREFUSED");
  });

  test("a closed listener accepts no more, keeps its connections, and closes once", async () => {
    const { listener, accepted } = await bench.listen({}, answering);
    const client = await bench.connect(listener.address);
    await until(() => accepted.length === 1);
    listener.close();
    listener.close();
    expect(await failure(bench.connect(listener.address))).toBe("ECONNREFUSED");
    client.write(Buffer.from("ping"));
    await until(() => client.text === "pong");
    expect(listener.address.port).toBeGreaterThan(0);
    const again = await bench.listen({ port: listener.address.port });
    listener.close();
    await bench.connect(again.listener.address);
  });

  test("a closed port can be bound again while its connections live", async () => {
    const { listener, client } = await bench.pair();
    listener.close();
    const again = await bench.listen({ port: listener.address.port }, answering);
    await exchange(again.listener.address);
    expect(client.closed).toBe(false);
  });

  test("Unix socket: addresses and bytes", async () => {
    const path = join(folder, "plain.sock");
    const { listener, accepted } = await bench.listen({ path }, answering);
    expect(listener.address).toEqual({ host: "", port: 0, path });
    await exchange(listener.address);
    const client = await bench.connect({ path });
    await until(() => accepted.length === 2);
    expect(client.socket.remoteAddress).toEqual({ host: "", port: 0, path });
    expect(accepted[1]?.socket.remoteAddress).toEqual({ host: "", port: 0, path: "" });
    client.socket.setNoDelay(true);
  });

  test("Unix socket: half-close and reset", async () => {
    const path = join(folder, "ends.sock");
    const { accepted } = await bench.listen({ path });
    const client = await bench.connect({ path });
    await until(() => accepted.length === 1);
    client.write(Buffer.from("all"));
    client.shutdown();
    await until(() => accepted[0]?.ended === true);
    accepted[0]?.send(Buffer.from("heard"));
    accepted[0]?.finish();
    await until(() => client.closed);
    expect([accepted[0]?.text, client.text, client.error]).toEqual(["all", "heard", undefined]);
    const second = await bench.connect({ path });
    second.abort();
    await until(() => accepted[1]?.ended === true || accepted[1]?.closed === true);
  });

  test("Unix socket: a path where nothing is, ENOENT", async () => {
    expect(await failure(bench.connect({ path: join(folder, "nothing.sock") }))).toBe("ENOENT");
  });

  testUnless(noFiles, "Unix socket: mode, and removal on close", async () => {
    const path = join(folder, "mode.sock");
    const { listener } = await bench.listen({ path });
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    listener.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
    const open = await bench.listen({ path, mode: 0o666 });
    expect(lstatSync(path).mode & 0o777).toBe(0o666);
    listener.close();
    expect(lstatSync(path).isSocket()).toBe(true);
    open.listener.close();
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  testUnless(noFiles, "Unix socket: a stale file refuses, and is replaced", async () => {
    const path = join(folder, "stale.sock");
    const moved = createServer();
    await new Promise<void>((done) => moved.listen(join(folder, "moved.sock"), done));
    renameSync(join(folder, "moved.sock"), path);
    await new Promise((done) => moved.close(done));
    expect(lstatSync(path).isSocket()).toBe(true);
    expect(await failure(bench.connect({ path }))).toBe("ECONNREFUSED");
    const { listener } = await bench.listen({ path }, answering);
    await exchange(listener.address);
  });

  testUnless(noFiles, "Unix socket: a file that is no socket stays", async () => {
    const path = join(folder, "precious.txt");
    writeFileSync(path, "keep me");
    expect(await failure(bench.listen({ path }))).toBe("EADDRINUSE");
    expect(lstatSync(path).size).toBe(7);
  });

  testUnless(noFiles, "Unix socket: a folder that is not there, ENOENT", async () => {
    expect(await failure(bench.listen({ path: join(folder, "no/such.sock") }))).toBe("ENOENT");
  });
}
