/** Where connections come from: `sourceIp` and `sourcePort` of TCPClient, `networkInterface` of a fetch. */
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { IOLoop } from "../src/ioloop.ts";
import { TCPClient } from "../src/tcpclient.ts";
import { limitsOf } from "./hosts/limits.ts";
import { createFakeHost } from "./support/fake-host.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";
import { always, scripted } from "./support/scripted-server.ts";

const answering = always((peer) => peer.answer("200 OK"));
/** One that no load generator on this machine connects from. */
const OTHER = "127.83.81.2";
const { noSource } = limitsOf(runtimeLoop.host.name);
/** Why the host's own cannot be tried. */
const unbound = process.platform === "linux" ? noSource : "only Linux has all of 127.0.0.0/8";
const skipped = unbound === undefined ? "" : ` (skipped: ${unbound})`;
const loopback = Object.entries(networkInterfaces()).find(([, all]) => all?.[0]?.internal)?.[0];

describe.skipIf(unbound !== undefined)(`on ${runtimeLoop.host.name}${skipped}`, () => {
  test("TCPClient, from an address and a port", async () => {
    const { url, peers } = await scripted(() => {}, {}, runtimeLoop);
    const client = new TCPClient({ loop: runtimeLoop });
    const port = Number(new URL(url).port);
    // The server's port is free at another address.
    const settings = { sourceIp: OTHER, sourcePort: port };
    const stream = await client.connect("localhost", port, settings);
    expect(stream.localAddress).toEqual({ host: OTHER, port, path: "" });
    expect(peers[0]?.socket?.remoteAddress).toEqual(stream.localAddress);
    stream.close();
  });

  test("a fetch, from an address and from an interface's name", async () => {
    const { client, url, peers } = await scripted(answering, {}, runtimeLoop);
    for (const networkInterface of [OTHER, loopback ?? "lo"]) {
      await client.fetch(url, { networkInterface });
      await client.fetch(url, { networkInterface });
    }
    await client.fetch(url);
    // Connections from different places are kept apart.
    const sources = peers.map(({ socket }) => socket?.remoteAddress.host);
    expect(sources).toEqual([OTHER, "127.0.0.1", "127.0.0.1"]);
    client.close();
  });

  test("an address that is not this machine's", async () => {
    const { client, url } = await scripted(answering, {}, runtimeLoop);
    const { port } = new URL(url);
    // Of a network for examples: RFC 5737.
    const far = new TCPClient().connect("127.0.0.1", Number(port), { sourceIp: "192.0.2.1" });
    await expect(far).rejects.toThrow(/192\.0\.2\.1/);
    await expect(far).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
    const fetched = client.fetch(url, { networkInterface: "192.0.2.1" });
    await expect(fetched).rejects.toMatchObject({ code: 599, cause: { code: "EADDRNOTAVAIL" } });
    client.close();
  });
});

describe("what cannot be", () => {
  const client = new TCPClient({ loop: new IOLoop(createFakeHost()) });

  test("a name in place of an address, and another family", async () => {
    const named = client.connect("127.0.0.1", 1, { sourceIp: "localhost" });
    await expect(named).rejects.toThrow('Cannot connect from "localhost"');
    const other = client.connect("127.0.0.1", 1, { sourceIp: "::1" });
    await expect(other).rejects.toThrow("it has no IPv6 address");
    const both = client.connect("127.0.0.1", 1, { sourceIp: "::1", family: 4 });
    await expect(both).rejects.toThrow("Cannot connect by IPv4: sourceIp is ::1");
  });

  test("an interface that is not there", async () => {
    const { client: fetching, url } = await scripted(answering);
    const fetched = fetching.fetch(url, { networkInterface: "squall9" });
    await expect(fetched).rejects.toMatchObject({ code: 599, cause: { code: "ENODEV" } });
    fetching.close();
  });

  test("a host whose sockets cannot be bound", async () => {
    const { client: fetching, url } = await scripted(answering);
    const fetched = fetching.fetch(url, { networkInterface: "127.0.0.1" });
    await expect(fetched).rejects.toMatchObject({ code: 599, cause: { code: "ENOTSUP" } });
    fetching.close();
    const connected = client.connect("127.0.0.1", 1, { sourcePort: 1 });
    await expect(connected).rejects.toMatchObject({ code: "ENOTSUP" });
  });
});
