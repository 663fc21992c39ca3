/** The contract's tests of many connections at once. */
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { noise } from "./flow.ts";

export function testLoad(bench: Bench): void {
  test("opens and closes 1,000 connections at once", { timeout: 60_000 }, async () => {
    const { listener, accepted } = await bench.listen(
      { backlog: 1024 },
      { end: (probe) => probe.finish() },
    );
    const clients = await Promise.all(
      Array.from({ length: 1000 }, () => bench.connect(listener.address)),
    );
    for (const client of clients) client.finish();
    await until(() => accepted.length === 1000 && accepted.every((probe) => probe.closed), 50);
    await until(() => clients.every((probe) => probe.closed), 50);
    const errors = [...accepted, ...clients].filter((probe) => probe.error !== undefined);
    expect(errors.map((probe) => probe.code)).toEqual([]);
  });

  test("opens 1,000 connections, closes each as soon as it is open", async () => {
    const { listener, accepted } = await bench.listen(
      { backlog: 1024 },
      { end: (probe) => probe.finish() },
    );
    const clients = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const client = await bench.connect(listener.address);
        client.finish();
        return client;
      }),
    );
    await until(() => accepted.length === 1000);
    await until(() => [...accepted, ...clients].every((probe) => probe.closed));
  });

  test("receives from 200 connections at once, each its own bytes", async () => {
    const { listener, accepted } = await bench.listen({ backlog: 256 });
    const sent = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const client = await bench.connect(listener.address);
        const bytes = noise(10_000 + 37 * i, i + 1);
        for (let at = 0; at < bytes.length; at += 4096) client.send(bytes.subarray(at, at + 4096));
        client.shutdown();
        return bytes.toString("latin1");
      }),
    );
    await until(() => accepted.length === 200 && accepted.every((probe) => probe.ended));
    const received = new Set(accepted.map((probe) => probe.text));
    expect(received).toEqual(new Set(sent));
  });

  test("echoes on 200 connections at once, many times", async () => {
    const { listener } = await bench.listen(
      { backlog: 256 },
      { data: (bytes, probe) => probe.send(bytes) },
    );
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => bench.connect(listener.address)),
    );
    for (let round = 1; round <= 10; round++) {
      clients.forEach((client, i) => {
        client.send(noise(500, round * 1000 + i));
      });
      await until(() => clients.every((client) => client.length === round * 500));
    }
    clients.forEach((client, i) => {
      const expected = Array.from({ length: 10 }, (_, j) => noise(500, (j + 1) * 1000 + i));
      expect(Buffer.concat(client.chunks).equals(Buffer.concat(expected))).toBe(true);
    });
  });
}
