/** The contract's tests of addresses and ports: who may bind, and who may connect. */
import { expect, test } from "vitest";
import { noIPv6 as noRealIPv6 } from "../../support/ipv6.ts";
import { until } from "../../support/until.ts";
import { answering, type Bench, exchange, failure } from "./bench.ts";
import { testUnless } from "./unless.ts";

export function testListening(bench: Bench): void {
  const { inMemory } = bench.options;
  const { noReusePort, noDescriptors, noSource, lossyClose } = bench.limits;
  const notLinux = process.platform === "linux" ? undefined : "only Linux has all of 127.0.0.0/8";
  const noIPv6 = inMemory ? undefined : noRealIPv6;

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
    await until(() => server.closed || server.ended);
    server.finish();
    await until(() => client.closed && server.closed);
    expect(server.socket.remoteAddress).toEqual(localAddress);
  });

  testUnless(noIPv6, "shows the IPv4 addresses of a socket for both families as such", async () => {
    const { listener, accepted } = await bench.listen({ host: "::ffff:127.0.0.1" }, answering);
    await exchange(bench, { ...listener.address, host: "127.0.0.1" });
    expect(accepted[0]?.socket.remoteAddress.host).toBe("127.0.0.1");
    expect(accepted[0]?.socket.localAddress.host).toBe("127.0.0.1");
  });

  test("connects by name", async () => {
    const { listener } = await bench.listen({}, answering);
    await exchange(bench, { ...listener.address, host: "localhost" });
  });

  testUnless(noSource ?? notLinux, "connects from an address and from a port", async () => {
    const { listener, accepted } = await bench.listen({}, answering);
    // A port that is taken for another address only.
    const { port } = listener.address;
    for (const source of [{ host: "127.83.81.3" }, { host: "127.83.81.4", port }]) {
      const client = await bench.connect({ ...listener.address, source });
      await until(() => accepted.length === 1);
      const peer = accepted.pop()?.socket.remoteAddress;
      expect(peer).toEqual(client.socket.localAddress);
      expect(peer).toMatchObject(source);
      client.abort();
    }
  });

  test("tells why it does not connect from an address", async () => {
    const { listener } = await bench.listen();
    // Of a network for examples: RFC 5737.
    const source = { host: "192.0.2.1" };
    const code = noSource === undefined ? "EADDRNOTAVAIL" : "ENOTSUP";
    expect(await failure(bench.connect({ ...listener.address, source }))).toBe(code);
  });

  test("listens by name", async () => {
    const { listener } = await bench.listen({ host: "localhost" }, answering);
    expect(["127.0.0.1", "::1"]).toContain(listener.address.host);
    await exchange(bench, listener.address);
  });

  testUnless(noIPv6, "listens and connects on ::1", async () => {
    const { listener, accepted } = await bench.listen({ host: "::1" }, answering);
    expect(listener.address.host).toBe("::1");
    await exchange(bench, listener.address);
    expect(accepted[0]?.socket.remoteAddress.host).toBe("::1");
    expect(accepted[0]?.socket.localAddress).toEqual(listener.address);
  });

  testUnless(bench.epoll ? noIPv6 : "says it in words of its own", "keeps the zone", async () => {
    // Nobody has this address; which error that is depends on the machine.
    const nobody = bench.connect({ host: "fe80::1%1", port: 9 });
    await expect(nobody).rejects.toThrow("%1]:9");
  });

  test("a port in use is refused with EADDRINUSE", async () => {
    const { listener } = await bench.listen();
    const { port } = listener.address;
    expect(await failure(bench.listen({ port }))).toBe("EADDRINUSE");
    if (bench.options.inMemory !== true) {
      await expect(bench.listen({ port })).rejects.toThrow(`127.0.0.1:${port}`);
    }
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

  testUnless(noReusePort, "reusePort of one alone does not open a port to others", async () => {
    const { listener } = await bench.listen();
    const { port } = listener.address;
    expect(await failure(bench.listen({ port, reusePort: true }))).toBe("EADDRINUSE");
  });

  testUnless(noDescriptors, "clients wait at an idle listener until it is adopted", async () => {
    const idle = await bench.tcp.openListener({ host: "127.0.0.1", port: 0 });
    const client = await bench.connect(idle.address);
    client.write(Buffer.from("ping"));
    const { listener, accepted } = await bench.listen({ fd: idle.fd }, answering);
    expect(listener.address).toEqual(idle.address);
    await until(() => client.text === "pong");
    expect(accepted.length).toBe(1);
    const second = await bench.connect(idle.address);
    second.write(Buffer.from("ping"));
    await until(() => second.text === "pong");
  });

  testUnless(noDescriptors, "several idle listeners share a port with reusePort", async () => {
    const place = { host: "127.0.0.1", reusePort: true };
    const first = await bench.tcp.openListener({ ...place, port: 0 });
    const second = await bench.tcp.openListener({ ...place, port: first.address.port });
    expect(second.address).toEqual(first.address);
    first.close();
    await bench.connect(second.address);
    second.close();
    second.close();
    expect(await failure(bench.connect(second.address))).toBe("ECONNREFUSED");
  });

  test("a descriptor that does not listen is refused", async () => {
    expect(await failure(bench.listen({ fd: 987 }))).toMatch(/^E(BADF|NOTSUP|INVAL)$/);
  });

  test("a connection that is given up", async () => {
    const { listener, accepted } = await bench.listen();
    const control = new AbortController();
    const { signal } = control;
    const connecting = failure(bench.connect({ ...listener.address, signal }));
    control.abort(Object.assign(new Error("enough"), { code: "GIVEN_UP" }));
    expect(await connecting).toBe("GIVEN_UP");
    expect(await failure(bench.connect({ ...listener.address, signal }))).toBe("GIVEN_UP");
    // What was accepted all the same is gone again.
    await until(() => accepted.every((probe) => probe.ended || probe.closed));
  });

  test("a connection that is given up while its name is looked up", async () => {
    const { listener } = await bench.listen({}, answering);
    const control = new AbortController();
    let connected = 0;
    const place = { host: "localhost", port: listener.address.port, path: "" };
    const { signal } = control;
    const connecting = bench.connect({ ...place, signal }, { open: () => connected++ });
    let error: unknown;
    connecting.catch((reason) => {
      error = reason;
    });
    for (let step = 0; step < 5; step++) await Promise.resolve();
    const reason = new Error("enough");
    control.abort(reason);
    // Long before any name is found.
    for (let step = 0; step < 20; step++) await Promise.resolve();
    expect(error).toBe(reason);
    // Looked up after it.
    await exchange(bench, place);
    expect(connected).toBe(0);
  });

  test("a port that nobody listens on refuses with ECONNREFUSED", async () => {
    const { listener } = await bench.listen();
    listener.close();
    expect(await failure(bench.connect(listener.address))).toBe("ECONNREFUSED");
    if (bench.options.inMemory === true) return;
    const { port } = listener.address;
    await expect(bench.connect(listener.address)).rejects.toThrow(`127.0.0.1:${port}`);
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

  testUnless(lossyClose, "who has connected is accepted, though the listener closes", async () => {
    const place = { host: "127.0.0.1", backlog: 256 };
    const { listener, accepted } = await bench.listen(place, answering);
    const connecting = Array.from({ length: 200 }, () => bench.connect(listener.address));
    // The calls to connect are made, and no turn of the loop has passed: all wait in the kernel.
    for (let step = 0; step < 20; step++) await Promise.resolve();
    expect(accepted.length).toBe(0);
    bench.call(() => listener.close());
    const clients = await Promise.all(connecting);
    for (const client of clients) client.write(Buffer.from("ping"));
    await until(() => clients.every((client) => client.text === "pong"));
    expect(accepted.length).toBe(200);
    expect(await failure(bench.connect(listener.address))).toBe("ECONNREFUSED");
  });

  test("who connects while the listener closes is answered, reset or refused", async () => {
    for (let round = 0; round < 100; round++) {
      const { listener } = await bench.listen({}, answering);
      const others = Array.from({ length: round % 5 }, () => bench.connect(listener.address));
      const connecting = [...others, bench.connect(listener.address)];
      await Promise.any(connecting);
      listener.close();
      const outcomes = await Promise.allSettled(connecting);
      const clients = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      for (const client of clients) client.write(Buffer.from("ping"));
      await until(() => clients.every(({ text, ended, closed }) => text !== "" || ended || closed));
      expect(clients.filter(({ text, ended }) => ended && text === "")).toEqual([]);
      for (const client of clients) client.abort();
    }
  });

  testUnless(
    lossyClose,
    "who waits at an adopted listener is accepted, though it closes",
    async () => {
      const idle = await bench.tcp.openListener({ host: "127.0.0.1", port: 0, backlog: 8 });
      const clients = await Promise.all([1, 2, 3].map(() => bench.connect(idle.address)));
      idle.refuseClients();
      const { listener, accepted } = await bench.listen({ fd: idle.fd }, answering);
      listener.close();
      await until(() => accepted.length === 3);
      for (const client of clients) client.write(Buffer.from("ping"));
      await until(() => clients.every((client) => client.text === "pong"));
    },
  );

  test("a closed port can be bound again while its connections live", async () => {
    const { listener, client } = await bench.pair();
    listener.close();
    const again = await bench.listen({ port: listener.address.port }, answering);
    await exchange(bench, again.listener.address);
    expect(client.closed).toBe(false);
  });
}
