import { afterEach, beforeEach, expect, test } from "vitest";
import type { DescriptorWatch, Host, Tcp } from "../../src/host.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { type Sink, setSinks } from "../../src/log.ts";
import { createFakeHost } from "../support/fake-host.ts";

/** What was asked of the host. */
let asked: unknown[];
/** Calls of the descriptors' handlers. */
let ready: Map<number, (events: number) => void>;
let loop: IOLoop;
let messages: string[];
let sinks: readonly Sink[];

beforeEach(() => {
  asked = [];
  ready = new Map();
  messages = [];
  sinks = setSinks({ write: ({ message }) => messages.push(message) });
  const watch = (fd: number, events: number, call: (events: number) => void): DescriptorWatch => {
    asked.push(["watch", fd, events]);
    ready.set(fd, call);
    return {
      change: (wanted) => asked.push(["change", fd, wanted]),
      close: () => asked.push(["close", fd]),
    };
  };
  const host: Host = { ...createFakeHost(), openTcp: () => ({ watch }) as unknown as Tcp };
  loop = new IOLoop(host);
});

afterEach(() => {
  setSinks(...sinks);
});

test("handlers get their descriptor and its events", () => {
  const calls: unknown[] = [];
  loop.addHandler(5, (...args) => calls.push(args), IOLoop.READ);
  loop.addHandler({ fd: 6 }, (...args) => calls.push(args), IOLoop.READ | IOLoop.WRITE);
  ready.get(5)?.(IOLoop.READ);
  ready.get(6)?.(IOLoop.WRITE | IOLoop.ERROR);
  expect(calls).toEqual([
    [5, 1],
    [6, 28],
  ]);
  loop.updateHandler({ fd: 5 }, IOLoop.WRITE);
  loop.removeHandler(5);
  loop.removeHandler(5);
  loop.addHandler(5, () => undefined, IOLoop.READ);
  expect(asked).toEqual([
    ["watch", 5, 1],
    ["watch", 6, 5],
    ["change", 5, 4],
    ["close", 5],
    ["watch", 5, 1],
  ]);
});

test("a descriptor has one handler, and cannot be updated without", () => {
  loop.addHandler(5, () => undefined, IOLoop.READ);
  expect(() => loop.addHandler(5, () => undefined, IOLoop.READ)).toThrow(
    "Cannot add a handler: descriptor 5 has one already",
  );
  expect(() => loop.updateHandler(6, IOLoop.READ)).toThrow(
    "Cannot update a handler: descriptor 6 has none",
  );
});

test("what is no descriptor, or no handler, is refused", () => {
  for (const fd of [
    -1,
    1.5,
    2 ** 32,
    Number.NaN,
    "5" as unknown as number,
    { fd: undefined as never },
  ]) {
    expect(() => loop.addHandler(fd, () => undefined, IOLoop.READ)).toThrow(RangeError);
  }
  expect(() => loop.addHandler(5, undefined as never, IOLoop.READ)).toThrow(TypeError);
});

test("what a handler throws is logged, and the handler stays", () => {
  loop.addHandler(
    5,
    function breaks() {
      throw new Error("broken");
    },
    IOLoop.READ,
  );
  ready.get(5)?.(IOLoop.READ);
  ready.get(5)?.(IOLoop.READ);
  expect(messages).toEqual(Array(2).fill("Exception in callback breaks"));
});
