import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IOLoop, PeriodicCallback } from "../../src/ioloop.ts";
import { type Sink, setSinks } from "../../src/log.ts";

let messages: string[];
let sinks: readonly Sink[];

beforeEach(() => {
  vi.useFakeTimers();
  messages = [];
  sinks = setSinks({ write: ({ message }) => messages.push(message) });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  setSinks(...sinks);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

test("calls once in every period, from one period after start until stop", async () => {
  const times: number[] = [];
  const start = performance.now();
  const periodic = new PeriodicCallback(() => times.push(performance.now() - start), 100);
  expect(periodic.isRunning()).toBe(false);
  periodic.start();
  periodic.start();
  expect(periodic.isRunning()).toBe(true);
  await pass(350);
  expect(times).toEqual([100, 200, 300]);
  periodic.stop();
  periodic.stop();
  await pass(500);
  expect(times).toHaveLength(3);
  periodic.start();
  await pass(100);
  expect(times.at(-1)).toBe(950);
  periodic.stop();
});

test("counts from start to start, and skips what an async callback was too slow for", async () => {
  const starts: number[] = [];
  let running = 0;
  const begin = performance.now();
  const periodic = new PeriodicCallback(async () => {
    expect(++running).toBe(1);
    starts.push(performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, starts.length === 2 ? 250 : 30));
    running--;
  }, 100);
  periodic.start();
  await pass(650);
  periodic.stop();
  await pass(100);
  expect(starts).toEqual([100, 200, 500, 600]);
});

test("skips starts that a blocked loop has missed", async () => {
  const starts: number[] = [];
  let blocked = 0;
  const now = performance.now.bind(performance);
  const begin = now();
  vi.spyOn(performance, "now").mockImplementation(() => now() + blocked);
  const periodic = new PeriodicCallback(() => {
    starts.push(performance.now() - begin);
    if (starts.length === 1) blocked = 530;
  }, 100);
  periodic.start();
  await pass(270);
  periodic.stop();
  expect(starts).toEqual([100, 700, 800]);
});

test("goes on after an error, which is logged", async () => {
  let calls = 0;
  const periodic = new PeriodicCallback(function tick() {
    calls++;
    if (calls === 1) throw new Error("sync");
    return calls === 2 ? Promise.reject(new Error("async")) : undefined;
  }, 10);
  periodic.start();
  await pass(35);
  periodic.stop();
  expect(calls).toBe(3);
  expect(messages).toEqual(["Exception in callback tick", "Exception in callback tick"]);
});

test("goes on after an error that the loop's hook throws", async () => {
  const errors: unknown[] = [];
  const loop = IOLoop.current();
  const handled = vi
    .spyOn(loop, "handleCallbackException")
    .mockImplementation((_callback, error) => {
      errors.push(error);
      throw error;
    });
  const periodic = new PeriodicCallback(() => {
    throw "sync";
  }, 10);
  periodic.start();
  await expect(pass(10)).rejects.toBe("sync");
  await expect(pass(10)).rejects.toBe("sync");
  periodic.stop();
  handled.mockRestore();
  expect(errors).toEqual(["sync", "sync"]);
});

test("may stop itself, and be started again, without running twice", async () => {
  let calls = 0;
  const periodic: PeriodicCallback = new PeriodicCallback(async () => {
    calls++;
    periodic.stop();
    if (calls === 1) periodic.start();
  }, 10);
  periodic.start();
  await pass(100);
  expect(calls).toBe(2);
});

test("one that is started again does not run beside the call that was there before", async () => {
  let running = 0;
  let starts = 0;
  const periodic = new PeriodicCallback(async () => {
    starts++;
    expect(++running).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, starts === 1 ? 250 : 10));
    running--;
  }, 100);
  periodic.start();
  await pass(120);
  periodic.stop();
  periodic.start();
  await pass(250);
  expect(starts).toBe(1);
  await pass(60);
  expect(starts).toBe(2);
  periodic.stop();
  await pass(20);
  expect(messages).toEqual([]);
});

test("jitter moves each start by up to half of its part of the period", async () => {
  const starts: number[] = [];
  const begin = performance.now();
  const random = vi.spyOn(Math, "random");
  for (const value of [0, 0.5, 1 - 2 ** -53]) random.mockReturnValueOnce(value);
  random.mockReturnValue(0.5);
  const start = () => Math.round(performance.now() - begin);
  const periodic = new PeriodicCallback(() => starts.push(start()), 100, { jitter: 0.2 });
  periodic.start();
  await pass(320);
  periodic.stop();
  expect(starts).toEqual([90, 190, 300]);
});

test.each([
  { time: 0, jitter: 0 },
  { time: -1, jitter: 0 },
  { time: Number.NaN, jitter: 0 },
  { time: 1, jitter: -0.1 },
  { time: 1, jitter: 1.5 },
])("time $time with jitter $jitter makes no sense", ({ time, jitter }) => {
  expect(() => new PeriodicCallback(() => undefined, time, { jitter })).toThrow(RangeError);
});

test("runs on the loop that is current at its start", async () => {
  const own = IOLoop.current();
  const other = new IOLoop();
  const handled = vi.spyOn(other, "handleCallbackException").mockReturnValue();
  other.makeCurrent();
  const periodic = new PeriodicCallback(() => {
    throw new Error("here");
  }, 10);
  periodic.start();
  own.makeCurrent();
  await pass(15);
  periodic.stop();
  expect(handled).toHaveBeenCalledOnce();
});
