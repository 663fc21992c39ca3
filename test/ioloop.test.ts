import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Callback, type Deadline, IOLoop, PeriodicCallback } from "../src/ioloop.ts";
import { type LogRecord, type Sink, setSinks } from "../src/log.ts";
import { TimeoutError } from "../src/util.ts";
import { createFakeHost } from "./support/fake-host.ts";
import { startProgram } from "./support/program.ts";

let loop: IOLoop;
let records: LogRecord[];
let before: readonly Sink[];

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  loop = new IOLoop(createFakeHost());
  records = [];
  before = setSinks({ write: (record) => records.push(record) });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  setSinks(...before);
  vi.useRealTimers();
});

const turn = (seconds = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1000);
const messages = (): string[] => records.map(({ message }) => message);

describe("the current loop", () => {
  test("is one for the process, until another one is made current", () => {
    const own = IOLoop.current();
    expect(IOLoop.instance()).toBe(own);
    loop.makeCurrent();
    expect(IOLoop.current()).toBe(loop);
    IOLoop.clearCurrent();
    expect(IOLoop.current()).not.toBe(loop);
    own.makeCurrent();
  });
});

describe("start and stop", () => {
  test("start resolves at stop, for all who wait", async () => {
    let started = 0;
    for (const promise of [loop.start(), loop.start()]) promise.then(() => started++);
    await turn();
    expect(started).toBe(0);
    loop.stop();
    await turn();
    expect(started).toBe(2);
  });

  test("a stop before start lets the next start return at once, and only that", async () => {
    loop.stop();
    await loop.start();
    let again = false;
    loop.start().then(() => {
      again = true;
    });
    await turn();
    expect(again).toBe(false);
    loop.stop();
  });
});

test("start keeps the process alive until stop", async () => {
  vi.useRealTimers();
  const program = startProgram(new URL("ioloop/programs/start.ts", import.meta.url));
  expect(await program.ended).toBe(0);
  expect(program.output).toBe("stopped\n");
  vi.useFakeTimers();
});

describe("runSync", () => {
  test("gives a function's result, or what it throws", async () => {
    const results = Promise.all([loop.runSync(() => 1), loop.runSync(async () => 2, 5)]);
    await turn();
    expect(await results).toEqual([1, 2]);
    const failing = expect(loop.runSync(() => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
    await turn();
    await failing;
  });

  test("ends with a TimeoutError", async () => {
    const late = expect(loop.runSync(() => new Promise(() => {}), 2)).rejects.toThrow(TimeoutError);
    await turn(2);
    await late;
  });

  test("logs what is thrown after that", async () => {
    const failing = (): Promise<never> =>
      new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), 3000));
    const late = expect(loop.runSync(failing, 2)).rejects.toThrow(TimeoutError);
    await turn(2);
    await late;
    expect(messages()).toEqual([]);
    await turn(2);
    expect(messages()).toEqual(["Exception in callback failing"]);
  });
});

describe("callbacks", () => {
  test("run after what runs now, in their order, also those that others add", async () => {
    const log: unknown[] = [];
    loop.addCallback((...args) => log.push(args), 1, "a");
    loop.addCallback(() => loop.addCallback(() => log.push("later")));
    loop.spawnCallback(() => log.push("last"));
    expect(log).toEqual([]);
    await turn(0.001);
    await turn(0.001);
    expect(log).toEqual([[1, "a"], "last", "later"]);
  });

  test("that throw or reject are logged, and the others run", async () => {
    const log: unknown[] = [];
    loop.addCallback(function breaks() {
      throw new Error("one");
    });
    loop.spawnCallback(async () => {
      throw new Error("two");
    });
    loop.callLater(0, () => {
      throw new Error("three");
    });
    loop.addCallback(() => log.push("ran"));
    await turn();
    await turn();
    expect(log).toEqual(["ran"]);
    expect(messages()).toEqual([
      "Exception in callback breaks",
      "Exception in callback (anonymous)",
      "Exception in callback (anonymous)",
    ]);
    expect(records.map(({ details }) => String(details.error)).sort()).toEqual([
      "Error: one",
      "Error: three",
      "Error: two",
    ]);
  });

  test("handleCallbackException can be replaced", async () => {
    const seen: unknown[] = [];
    loop.handleCallbackException = (callback, error) => seen.push([callback.name, error]);
    loop.addCallback(function breaks() {
      throw "text";
    });
    await turn();
    expect(seen).toEqual([["breaks", "text"]]);
    expect(records).toEqual([]);
  });

  test("that the hook throws for are the runtime's; the others run all the same", async () => {
    const log: unknown[] = [];
    loop.handleCallbackException = (_callback, error) => {
      throw error;
    };
    loop.addCallback(() => {
      loop.addCallback(() => log.push("last"));
      throw new Error("one");
    });
    loop.addCallback(() => log.push("second"));
    await expect(turn()).rejects.toThrow("one");
    await turn(0.001);
    expect(log).toEqual(["second", "last"]);
  });

  test("addFuture runs one when a promise has settled, either way", async () => {
    const log: unknown[] = [];
    const fulfilled = Promise.resolve(5);
    const rejected = Promise.reject(new Error("no"));
    loop.addFuture(fulfilled, async (future) => log.push(await future));
    loop.addFuture(rejected, (future) => log.push(future === rejected));
    await turn();
    await turn();
    expect(new Set(log)).toEqual(new Set([5, true]));
  });
});

describe("timers", () => {
  test.each([
    { name: "callLater", add: (run: () => void) => loop.callLater(2, run) },
    { name: "callAt", add: (run: () => void) => loop.callAt(1002, run) },
    { name: "addTimeout, a number", add: (run: () => void) => loop.addTimeout(1002, run) },
    {
      name: "addTimeout, a date",
      add: (run: () => void) => loop.addTimeout(new Date(1_002_000), run),
    },
    { name: "addTimeout, a delta", add: (run: () => void) => loop.addTimeout({ seconds: 2 }, run) },
  ])("$name runs in time, once", async ({ add }) => {
    const run = vi.fn();
    expect(add(run).deadline).toBe(1002);
    await turn(1.999);
    expect(run).not.toHaveBeenCalled();
    await turn(0.001);
    await turn(10);
    expect(run).toHaveBeenCalledOnce();
  });

  test("get their arguments, and can be removed before and after", async () => {
    const log: unknown[] = [];
    const kept = loop.callLater(1, (...args) => log.push(args), 1, 2);
    const removed = loop.callLater(1, () => log.push("removed"));
    loop.removeTimeout(removed);
    await turn(1);
    loop.removeTimeout(kept);
    loop.removeTimeout(removed);
    expect(log).toEqual([[1, 2]]);
  });

  test("of the past run soon", async () => {
    const run = vi.fn();
    loop.callAt(1, run);
    await turn();
    expect(run).toHaveBeenCalledOnce();
  });

  test("may be further away than the runtime's, which fire those at once", async () => {
    const run = vi.fn();
    const days = 24 * 3600;
    loop.callLater(60 * days, run);
    loop.removeTimeout(loop.callLater(90 * days, run));
    await turn(60 * days - 1);
    expect(run).not.toHaveBeenCalled();
    await turn(1);
    expect(run).toHaveBeenCalledOnce();
  });
});

test.each<[string, unknown]>([
  ["NaN", Number.NaN],
  ["a date that is none", new Date("never")],
  ["minutes", { minutes: 5 }],
  ["text", { seconds: "5" }],
])("a time that is not a number is refused: %s", (_name, deadline) => {
  expect(() => loop.addTimeout(deadline as Deadline, () => undefined)).toThrow(RangeError);
});

test("a callback that is none is refused where it is given", () => {
  const none = undefined as unknown as Callback;
  expect(() => loop.addCallback(none)).toThrow(TypeError);
  expect(() => loop.callLater(1, none)).toThrow(TypeError);
  expect(() => loop.addFuture(Promise.resolve(), none)).toThrow(TypeError);
  expect(() => new PeriodicCallback(none, 10)).toThrow(TypeError);
});

test("a time that is none is refused, and named", () => {
  const at = (time: unknown) => () => loop.callAt(time as number, () => undefined);
  const timeout = (time: unknown) => () => loop.addTimeout(time as Deadline, () => undefined);
  expect(at("12")).toThrow(new RangeError("Cannot call at 12: it is not a time in seconds"));
  expect(at(undefined)).toThrow("Cannot call at undefined:");
  expect(timeout(new Date(Number.NaN))).toThrow("Cannot call at NaN:");
  for (const time of [undefined, null, "12", {}]) {
    const message = `Cannot call at ${time}: it is no number, Date or { seconds }`;
    expect(timeout(time)).toThrow(new RangeError(message));
  }
});

test("runSync refuses what is no function, and no time", async () => {
  await expect(loop.runSync(undefined as unknown as Callback)).rejects.toThrow(TypeError);
  await expect(loop.runSync(() => 1, Number.NaN)).rejects.toThrow(RangeError);
});

describe("blocking", () => {
  test("looks no more often because the threshold is longer than timers can be", () => {
    const timers = vi.spyOn(globalThis, "setInterval");
    loop.setBlockingLogThreshold(Number.POSITIVE_INFINITY);
    expect(timers.mock.lastCall?.[1]).toBe(2 ** 31 - 1);
    loop.setBlockingLogThreshold(undefined);
    timers.mockRestore();
  });

  test("is logged with its length once it is over", async () => {
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    loop.setBlockingLogThreshold(0.4);
    for (const step of [100, 100, 399, 500, 100]) {
      now += step;
      await turn(0.1);
    }
    expect(messages()).toEqual(["IOLoop blocked for 0.500 s"]);
    loop.setBlockingLogThreshold(undefined);
    clock.mockRestore();
  });

  test("needs a threshold above 0", () => {
    expect(() => loop.setBlockingLogThreshold(0)).toThrow(RangeError);
  });
});
