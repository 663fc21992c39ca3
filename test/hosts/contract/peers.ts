/** The contract's tests against independent peers: the plain sockets of `node:net`. */
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { Address } from "../../../src/host.ts";
import { until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { MIB, noise } from "./flow.ts";
import type { Probe } from "./probe.ts";
import { testUnless } from "./unless.ts";

interface Peer {
  readonly socket: Socket;
  readonly chunks: Buffer[];
  ended: boolean;
  closed: boolean;
  code: string | undefined;
}

function watch(socket: Socket): Peer {
  const peer: Peer = { socket, chunks: [], ended: false, closed: false, code: undefined };
  socket.on("data", (bytes: Buffer) => peer.chunks.push(bytes));
  socket.on("end", () => {
    peer.ended = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    peer.code = error.code;
  });
  socket.on("close", () => {
    peer.closed = true;
  });
  return peer;
}

async function reach(address: Address): Promise<Peer> {
  const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true });
  await new Promise<void>((done) => socket.once("connect", done));
  return watch(socket);
}

export function testPeers(bench: Bench): void {
  test("peer: half-close and answer", async () => {
    const answer = (probe: Probe) => {
      probe.write(noise(MIB));
      probe.finish();
    };
    const { listener, accepted } = await bench.listen({}, { end: answer });
    const peer = await reach(listener.address);
    peer.socket.end("question");
    await until(() => peer.closed && accepted[0]?.closed === true);
    expect(accepted[0]?.text).toBe("question");
    expect(Buffer.concat(peer.chunks).equals(noise(MIB))).toBe(true);
    expect([peer.ended, peer.code, accepted[0]?.error]).toEqual([true, undefined, undefined]);
  });

  test("peer: hears end after shutdown and may go on", async () => {
    const { listener, accepted } = await bench.listen({}, { open: (probe) => probe.shutdown() });
    const peer = await reach(listener.address);
    await until(() => peer.ended);
    peer.socket.write("more");
    await until(() => accepted[0]?.text === "more");
    peer.socket.end("!");
    await until(() => peer.closed && accepted[0]?.closed === true);
    expect([accepted[0]?.text, accepted[0]?.error]).toEqual(["more!", undefined]);
  });

  test.each([
    { when: "as it was opened", script: { open: (probe: Probe) => probe.pause() }, hears: "" },
    {
      when: "when it was spoken to",
      script: { data: (_: Buffer, probe: Probe) => probe.pause() },
      hears: "hello",
    },
  ])("peer: its reset is heard by a socket that was paused $when", async ({ script, hears }) => {
    const { listener, accepted } = await bench.listen({}, script);
    const peer = await reach(listener.address);
    await until(() => accepted.length === 1);
    if (hears !== "") peer.socket.write(hears);
    await until(() => accepted[0]?.paused === true);
    peer.socket.resetAndDestroy();
    await until(() => accepted[0]?.closed === true);
    expect([accepted[0]?.text, accepted[0]?.code]).toEqual([hears, "ECONNRESET"]);
  });

  test("peer: its reset ends the socket with ECONNRESET", async () => {
    const { listener, accepted } = await bench.listen();
    const peer = await reach(listener.address);
    peer.socket.write("hello");
    await until(() => accepted[0]?.text === "hello");
    peer.socket.resetAndDestroy();
    await until(() => accepted[0]?.closed === true);
    expect(accepted[0]?.code).toBe("ECONNRESET");
  });

  test("peer: its reset is heard of by who writes whenever nothing waits", async () => {
    let blocks = 0;
    const answer = async (probe: Probe): Promise<void> => {
      peer.socket.resetAndDestroy();
      // Promises alone go on here, as in a handler that awaits each flush: the runtime gets no turn.
      for (; blocks < 2000 && !probe.closed && probe.socket.bufferedAmount <= MIB; blocks++) {
        probe.write(noise(30_000));
        await undefined;
      }
    };
    const { listener, accepted } = await bench.listen(
      {},
      { data: (_, probe) => void answer(probe) },
    );
    const peer = await reach(listener.address);
    peer.socket.write("question");
    await until(() => accepted[0]?.closed === true);
    expect(blocks).toBeLessThan(2000);
  });

  test("peer: what it sent before its reset is heard, though more was to be written", async () => {
    const { listener, accepted } = await bench.listen();
    const peer = await reach(listener.address);
    peer.socket.pause();
    await until(() => accepted.length === 1);
    const [probe] = accepted as [Probe];
    for (let i = 0; i < 20; i++) probe.write(noise(MIB));
    await until(() => probe.socket.bufferedAmount > 0);
    peer.socket.write("too much", () => peer.socket.resetAndDestroy());
    await until(() => probe.closed);
    expect(probe.text).toBe("too much");
    expect(probe.error).toBeInstanceOf(Error);
  });

  testUnless(bench.limits.noReset, "peer: sees abort as ECONNRESET", async () => {
    const { listener, accepted } = await bench.listen();
    const peer = await reach(listener.address);
    await until(() => accepted.length === 1);
    accepted[0]?.abort();
    await until(() => peer.closed);
    expect(peer.code).toBe("ECONNRESET");
  });

  test("peer: bytes in small pieces arrive whole", async () => {
    const { listener, accepted } = await bench.listen();
    const peer = await reach(listener.address);
    const text = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";
    peer.socket.setNoDelay(true);
    for (const letter of text) {
      peer.socket.write(letter);
      await new Promise((done) => setImmediate(done));
    }
    await until(() => accepted[0]?.text === text);
    peer.socket.destroy();
  });

  test("peer: as a server", async () => {
    const peers: Peer[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => peers.push(watch(socket)));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const bound = server.address() as { port: number };
    const client = await bench.connect({ host: "127.0.0.1", port: bound.port });
    client.write(Buffer.from("hello"));
    client.shutdown();
    await until(() => peers[0]?.ended === true);
    peers[0]?.socket.end("welcome");
    await until(() => client.closed && peers[0]?.closed === true);
    expect(Buffer.concat(peers[0]?.chunks ?? []).toString()).toBe("hello");
    expect([client.text, client.ended, client.error]).toEqual(["welcome", true, undefined]);
    await new Promise((done) => server.close(done));
  });
}
