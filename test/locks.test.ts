import { getMaxListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BoundedSemaphore, Condition, Event, Lock, Semaphore } from "../src/locks.ts";
import { TimeoutError } from "../src/util.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  // Whoever gave up or was woken has left no timer behind.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Notes the order in which promises settle. */
function watch<T>(log: unknown[], name: string, promise: Promise<T>): void {
  promise.then(
    (value) => log.push([name, value]),
    (error) => log.push([name, error.name]),
  );
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe("Condition", () => {
  test("notify wakes in the order of waiting", async () => {
    const condition = new Condition();
    const log: unknown[] = [];
    for (const name of ["a", "b", "c"]) watch(log, name, condition.wait());
    condition.notify();
    await settle();
    expect(log).toEqual([["a", true]]);
    condition.notify(5);
    await settle();
    expect(log.slice(1)).toEqual([
      ["b", true],
      ["c", true],
    ]);
    expect(condition.waiting).toBe(0);
  });

  test("notifyAll wakes those who wait, not those who come", async () => {
    const condition = new Condition();
    const log: unknown[] = [];
    watch(log, "a", condition.wait());
    condition.notifyAll();
    watch(log, "b", condition.wait({ seconds: 1 }));
    await settle();
    expect(log).toEqual([["a", true]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(log.slice(1)).toEqual([["b", false]]);
  });

  test.each([
    { name: "seconds from now", timeout: { seconds: 2 } },
    { name: "a time of the loop's clock", timeout: 1002 },
    { name: "a date", timeout: new Date(1_002_000) },
  ])("a timeout is $name", async ({ timeout }) => {
    const condition = new Condition();
    const log: unknown[] = [];
    watch(log, "late", condition.wait(timeout));
    await vi.advanceTimersByTimeAsync(1999);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual([["late", false]]);
    expect(condition.waiting).toBe(0);
  });

  test.each([{ seconds: 0 }, 0, 999, new Date(0)])("timeout %j has passed", async (timeout) => {
    const condition = new Condition();
    expect(await condition.wait(timeout)).toBe(false);
    expect(condition.waiting).toBe(0);
  });

  test("who gives up is not counted, and others keep their places", async () => {
    const condition = new Condition();
    const log: unknown[] = [];
    watch(log, "a", condition.wait());
    watch(log, "late", condition.wait({ seconds: 1 }));
    watch(log, "b", condition.wait());
    await vi.advanceTimersByTimeAsync(1000);
    expect(condition.waiting).toBe(2);
    condition.notify(2);
    await settle();
    expect(log).toEqual([
      ["late", false],
      ["a", true],
      ["b", true],
    ]);
  });

  test("a signal ends the wait with its reason", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const waiting = condition.wait({ seconds: 5, signal: controller.signal });
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(condition.waiting).toBe(0);
    await expect(condition.wait({ signal: controller.signal })).rejects.toBe(reason);
  });

  test("a signal that was aborted before refuses, also where nobody has to wait", async () => {
    const reason = new Error("gone");
    const timeout = { signal: AbortSignal.abort(reason) };
    const lock = new Lock();
    const event = new Event();
    event.set();
    await expect(lock.acquire(timeout)).rejects.toBe(reason);
    await expect(event.wait(timeout)).rejects.toBe(reason);
    expect(lock.locked).toBe(false);
  });

  test("a signal that outlives the wait changes nothing", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const waiting = condition.wait({ signal: controller.signal });
    condition.notify();
    expect(await waiting).toBe(true);
    controller.abort();
    expect(condition.waiting).toBe(0);
  });

  test("one signal ends many waits, which no runtime takes for a leak", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = Array.from({ length: 30 }, () => condition.wait({ signal }));
    expect(getMaxListeners(signal)).toBe(0);
    condition.notify();
    expect(await waiting[0]).toBe(true);
    controller.abort("enough");
    expect(await Promise.allSettled(waiting.slice(1))).toEqual(
      Array(29).fill({ status: "rejected", reason: "enough" }),
    );
    expect(condition.waiting).toBe(0);
  });

  test("a delay longer than timers can have does not end at once", async () => {
    const condition = new Condition();
    const waiting = condition.wait({ seconds: 2 ** 32 });
    condition.notify();
    expect(await waiting).toBe(true);
  });
});

test.each([
  { name: "seconds", timeout: { seconds: Number.NaN } },
  { name: "a deadline", timeout: Number.NaN },
  { name: "a date", timeout: new Date("never") },
  { name: "text", timeout: "5" as unknown as number },
])("a timeout that is no time is refused: $name", async ({ timeout }) => {
  await expect(new Event().wait(timeout)).rejects.toThrow(RangeError);
  await expect(new Condition().wait(timeout)).rejects.toThrow("Cannot wait until ");
});

describe("Event", () => {
  test("wakes all, and lets everybody pass until it is cleared", async () => {
    const event = new Event();
    const log: unknown[] = [];
    watch(log, "a", event.wait());
    watch(log, "b", event.wait({ seconds: 9 }));
    expect(event.isSet()).toBe(false);
    event.set();
    watch(log, "c", event.wait({ seconds: 0 }));
    await settle();
    expect(log.map((entry) => (entry as [string])[0]).sort()).toEqual(["a", "b", "c"]);
    event.clear();
    await expect(event.wait({ seconds: 0 })).rejects.toThrow(TimeoutError);
  });

  test("says what was late", async () => {
    const late = new Event().wait({ seconds: 1 });
    const checked = expect(late).rejects.toThrow("Cannot wait for the event: the time is up");
    await vi.advanceTimersByTimeAsync(1000);
    await checked;
  });
});

describe("Semaphore", () => {
  test("lets so many in, and the others in their order", async () => {
    const semaphore = new Semaphore(2);
    const log: unknown[] = [];
    const first = await semaphore.acquire();
    await semaphore.acquire();
    for (const name of ["a", "b"]) semaphore.acquire().then(() => log.push(name));
    await settle();
    expect(log).toEqual([]);
    first.release();
    first.release();
    await settle();
    expect(log).toEqual(["a"]);
    semaphore.release();
    await settle();
    expect(log).toEqual(["a", "b"]);
    expect(semaphore.value).toBe(0);
    semaphore.release();
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  test("more may be released than was acquired", () => {
    const semaphore = new Semaphore(0);
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });

  test("who gives up gets no permit later", async () => {
    const semaphore = new Semaphore(1);
    const permit = await semaphore.acquire();
    const late = expect(semaphore.acquire({ seconds: 1 })).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(1000);
    await late;
    permit.release();
    expect(semaphore.value).toBe(1);
  });

  test("run gives the permit back, also after an error", async () => {
    const semaphore = new Semaphore(1);
    expect(await semaphore.run(() => semaphore.value)).toBe(0);
    const failing = semaphore.run(async () => {
      throw new Error("task");
    });
    await expect(failing).rejects.toThrow("task");
    expect(semaphore.value).toBe(1);
  });

  test("a permit can be disposed of", async () => {
    const semaphore = new Semaphore(1);
    const permit = await semaphore.acquire();
    permit[Symbol.dispose]();
    expect(semaphore.value).toBe(1);
  });

  test("a negative number makes no sense", () => {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Semaphore(value)).toThrow(RangeError);
    }
  });
});

test("BoundedSemaphore refuses a release too many", async () => {
  const semaphore = new BoundedSemaphore(1);
  (await semaphore.acquire()).release();
  expect(() => semaphore.release()).toThrow("Cannot release the semaphore: it is not held");
});

describe("Lock", () => {
  test("is held by one", async () => {
    const lock = new Lock();
    const order: string[] = [];
    const task = (name: string) => async () => {
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
    };
    await Promise.all([lock.run(task("a")), lock.run(task("b"))]);
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
    expect(lock.locked).toBe(false);
  });

  test("cannot be released by who does not hold it", () => {
    expect(() => new Lock().release()).toThrow("Cannot release the lock: it is not held");
  });
});
