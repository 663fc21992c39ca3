/** The contract's tests of bytes that many sockets are sent: each gets them among its own. */
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { noise } from "./flow.ts";
import type { Probe } from "./probe.ts";

/** Connections of one listener, whose clients do not read until they are told to. */
async function manyPairs(bench: Bench, count: number): Promise<[servers: Probe[], Probe[]]> {
  const { listener, accepted } = await bench.listen();
  const clients: Probe[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(await bench.connect(listener.address));
    await until(() => accepted.length === clients.length);
  }
  return [accepted, clients];
}

/** Sends, and notes for each of the servers what has to arrive. */
class Sent {
  readonly #servers: readonly Probe[];
  readonly #expected: Buffer[][];

  constructor(servers: readonly Probe[]) {
    this.#servers = servers;
    this.#expected = servers.map(() => []);
  }

  /** To each its own, to all the same, to each its own. */
  round(shared: Buffer): void {
    this.#servers.forEach((probe, which) => {
      const before = Buffer.from(`<${which}`);
      const after = Buffer.from(`${which}>`);
      if (which % 3 !== 0) probe.send(before);
      probe.writeShared(shared);
      if (which % 2 === 0) probe.write(after);
      this.#expected[which]?.push(
        which % 3 === 0 ? Buffer.of() : before,
        shared,
        which % 2 === 0 ? after : Buffer.of(),
      );
    });
  }

  of(which: number): Buffer {
    return Buffer.concat(this.#expected[which] ?? []);
  }
}

export function testSharing(bench: Bench): void {
  const count = bench.tls === undefined ? 12 : 4;

  test.each([
    { lengths: [1, 127, 16_384], what: "short" },
    { lengths: [16_385, 100_000], what: "long" },
    { lengths: [5000, 40_000, 200], what: "short and long" },
  ])("shares $what bytes between sockets, among what each is sent alone", async ({ lengths }) => {
    const [servers, clients] = await manyPairs(bench, count);
    const sent = new Sent(servers);
    const frames = lengths.map((length) => noise(length, length));
    // Two in turn, each again, within one call and after others.
    for (let go = 0; go < 3; go++) {
      for (const frame of frames) sent.round(frame);
      for (const frame of frames) sent.round(frame);
      await undefined;
    }
    for (const [which, client] of clients.entries()) {
      await until(() => client.length === sent.of(which).length);
      expect(Buffer.concat(client.chunks).equals(sent.of(which))).toBe(true);
    }
  });

  test("shares bytes with who does not read, and keeps them in their place", async () => {
    const [servers, clients] = await manyPairs(bench, 3);
    const [slow] = clients as [Probe];
    slow.pause();
    const sent = new Sent(servers);
    const frames = [noise(15_000, 1), noise(120_000, 2)] as const;
    for (let i = 0; i < 100; i++) sent.round(frames[i % 10 === 0 ? 1 : 0]);
    await until(() =>
      clients.slice(1).every((client, i) => client.length === sent.of(i + 1).length),
    );
    slow.resume();
    await until(() => slow.length === sent.of(0).length);
    for (const [which, client] of clients.entries()) {
      expect(Buffer.concat(client.chunks).equals(sent.of(which))).toBe(true);
    }
  });

  test("shares nothing with a socket that is closed", async () => {
    const [servers, clients] = await manyPairs(bench, 2);
    const [gone, other] = servers as [Probe, Probe];
    gone.finish();
    for (const probe of servers) probe.writeShared(Buffer.from("to all"));
    await until(() => clients[1]?.text === "to all" && clients[0]?.ended === true);
    expect(clients[0]?.text).toBe("");
    other.abort();
    other.writeShared(Buffer.from("late"));
  });
}
