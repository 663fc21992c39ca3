/** When the hosts have memory collected, with time and heap in the test's hands. */

import { expect, test } from "vitest";
import { QuietCollector } from "../../host-node/quiet-collector.ts";

const MIB = 1024 * 1024;

function collector(heap: number) {
  const done: (() => void)[] = [];
  let collections = 0;
  const quiet = new QuietCollector({
    collect: () => collections++,
    heapUsed: () => heap,
    wait: (callback) => done.push(callback),
  });
  return {
    quiet,
    /** Connections that open or close. */
    change(count: number): void {
      for (let index = 0; index < count; index++) quiet.changed();
    },
    /** A second goes by, in which nothing else happens; whether anything waited for it. */
    pass(): boolean {
      const callbacks = done.splice(0);
      for (const callback of callbacks) callback();
      return callbacks.length > 0;
    },
    get collections(): number {
      return collections;
    },
  };
}

test("few connections are nothing to collect for", () => {
  const server = collector(8 * MIB);
  server.change(999);
  expect(server.pass()).toBe(false);
});

test("many are, once, as soon as it is quiet", () => {
  const server = collector(8 * MIB);
  for (const wave of [1, 2]) {
    server.change(5000);
    // The second that began with the thousandth has seen the others.
    server.pass();
    expect(server.collections).toBe(wave - 1);
    server.pass();
    expect(server.collections).toBe(wave);
    expect(server.pass()).toBe(false);
  }
});

test("not while connections come and go, or anything is received", () => {
  const server = collector(8 * MIB);
  server.change(1000);
  server.change(1);
  server.pass();
  server.quiet.received++;
  server.pass();
  expect(server.collections).toBe(0);
  server.pass();
  expect(server.collections).toBe(1);
});

test("not for what is a small part of a large heap, until it is more", () => {
  const server = collector(512 * MIB);
  server.change(10_000);
  while (server.pass());
  expect(server.collections).toBe(0);
  server.change(10_000);
  while (server.pass());
  expect(server.collections).toBe(1);
});
