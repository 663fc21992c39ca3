import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull } from "../src/queues.ts";
import { TimeoutError } from "../src/util.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

function takeAll<T>(queue: Queue<T>): T[] {
  const items: T[] = [];
  while (!queue.empty) items.push(queue.getNowait());
  return items;
}

describe("Queue", () => {
  test("first in, first out, through any number of turns of its ring", () => {
    const steps = fc.array(fc.oneof(fc.constant("take" as const), fc.nat(100)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        for (const step of list) {
          if (step !== "take") {
            queue.putNowait(step);
            model.push(step);
          } else if (model.length > 0) expect(queue.getNowait()).toBe(model.shift());
          expect(queue.size).toBe(model.length);
        }
        expect(takeAll(queue)).toEqual(model);
      }),
      { numRuns: 50 },
    );
  });

  test("who waits gets the items in the order of waiting", async () => {
    const queue = new Queue<string>();
    const log: string[] = [];
    for (const name of ["a", "b"]) queue.get().then((item) => log.push(name + item));
    queue.putNowait("1");
    queue.putNowait("2");
    await settle();
    expect(log).toEqual(["a1", "b2"]);
    expect(queue.empty).toBe(true);
  });

  test("a full queue holds producers back, in their order", async () => {
    const queue = new Queue<string>(1);
    await queue.put("a");
    const log: string[] = [];
    for (const item of ["b", "c"]) queue.put(item).then(() => log.push(item));
    await settle();
    expect(queue.full).toBe(true);
    expect(log).toEqual([]);
    expect(await queue.get()).toBe("a");
    await settle();
    expect(log).toEqual(["b"]);
    expect([queue.getNowait(), queue.getNowait()]).toEqual(["b", "c"]);
    await settle();
    expect(log).toEqual(["b", "c"]);
  });

  test("without waiting there are errors", () => {
    const queue = new Queue<number>(1);
    expect(() => queue.getNowait()).toThrow(QueueEmpty);
    queue.putNowait(1);
    expect(() => queue.putNowait(2)).toThrow(QueueFull);
    expect(() => queue.putNowait(2)).toThrow("Cannot put: the queue has its 1 items");
  });

  test("what came too late was not put, and nobody too late gets anything", async () => {
    const queue = new Queue<string>(1);
    const get = expect(queue.get({ seconds: 1 })).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(1000);
    await get;
    queue.putNowait("a");
    const put = expect(queue.put("b", { seconds: 1 })).rejects.toThrow(
      "Cannot put an item: the time is up",
    );
    await vi.advanceTimersByTimeAsync(1000);
    await put;
    expect(takeAll(queue)).toEqual(["a"]);
  });

  test("who has given up before puts nothing and gets nothing", async () => {
    const queue = new Queue<string>();
    queue.putNowait("a");
    const reason = new Error("gone");
    const timeout = { signal: AbortSignal.abort(reason) };
    await expect(queue.put("b", timeout)).rejects.toBe(reason);
    await expect(queue.get(timeout)).rejects.toBe(reason);
    expect(takeAll(queue)).toEqual(["a"]);
  });

  test("join waits for the work on all items, also on those that had to wait", async () => {
    const queue = new Queue<number>(1);
    await queue.join();
    queue.putNowait(1);
    const second = queue.put(2);
    await expect(queue.join({ seconds: 0 })).rejects.toThrow(
      new TimeoutError("Cannot join the queue: the time is up"),
    );
    let joined = false;
    queue.join().then(() => {
      joined = true;
    });
    queue.getNowait();
    queue.taskDone();
    await second;
    await settle();
    expect(joined).toBe(false);
    queue.getNowait();
    queue.taskDone();
    await settle();
    expect(joined).toBe(true);
    expect(() => queue.taskDone()).toThrow("taskDone() was called more often than put()");
  });

  test("can be iterated while others put", async () => {
    const queue = new Queue<number>();
    const items: number[] = [];
    const consumer = (async () => {
      for await (const item of queue) {
        items.push(item);
        queue.taskDone();
        if (item === 3) return;
      }
    })();
    for (const item of [1, 2, 3]) {
      await settle();
      queue.putNowait(item);
    }
    await consumer;
    expect(items).toEqual([1, 2, 3]);
  });

  test.each([-1, Number.NaN, "2", null])("%j makes no sense as a size", (maxsize) => {
    const error = new RangeError(`Cannot make a queue of ${maxsize} items`);
    expect(() => new Queue(maxsize as number)).toThrow(error);
  });
});

test("LifoQueue: last in, first out", () => {
  const queue = new LifoQueue<number>(3);
  for (const item of [1, 2, 3]) queue.putNowait(item);
  expect(() => queue.putNowait(4)).toThrow(QueueFull);
  expect(takeAll(queue)).toEqual([3, 2, 1]);
});

test.each([
  { name: "LifoQueue", queue: new LifoQueue<number>(2), out: [3, 4, 2, 1] },
  {
    name: "PriorityQueue",
    queue: new PriorityQueue<number>(2, (a, b) => b - a),
    out: [3, 4, 2, 1],
  },
])("$name: who waits for room goes in before an item comes out", async ({ queue, out }) => {
  for (const item of [1, 2]) queue.putNowait(item);
  const waiting = [3, 4].map((item) => queue.put(item));
  expect(takeAll(queue)).toEqual(out);
  await Promise.all(waiting);
});

describe("PriorityQueue", () => {
  test("least first, equals as they came", () => {
    const pair = fc.tuple(fc.nat(5), fc.nat());
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 60 }), (items) => {
        const queue = new PriorityQueue<[number, number]>(0, (left, right) => left[0] - right[0]);
        for (const item of items) queue.putNowait(item);
        // Array.sort keeps the order of equals.
        expect(takeAll(queue)).toEqual(items.toSorted((left, right) => left[0] - right[0]));
      }),
      { numRuns: 50 },
    );
  });

  test("arrays have the order of their first difference", () => {
    const queue = new PriorityQueue<[number, string]>();
    for (const item of [
      [10, "b"],
      [10, "a"],
      [9, "c"],
    ] as const) {
      queue.putNowait([...item]);
    }
    expect(takeAll(queue)).toEqual([
      [9, "c"],
      [10, "a"],
      [10, "b"],
    ]);
  });

  test.each([
    { items: ["b", "a"], first: "a" },
    { items: [10n, 9n], first: 9n },
    { items: [new Date(2), new Date(1)], first: new Date(1) },
    { items: [[1, 2], [1]], first: [1] },
  ])("orders $items", ({ items, first }) => {
    const queue = new PriorityQueue<unknown>();
    for (const item of items) queue.putNowait(item);
    expect(queue.getNowait()).toEqual(first);
  });

  test.each([
    { items: [{}, {}], what: "object" },
    { items: [1, "1"], what: "(number and string|string and number)" },
    { items: [null, null], what: "null" },
  ])("cannot order $items", ({ items, what }) => {
    const queue = new PriorityQueue<unknown>();
    queue.putNowait(items[0]);
    expect(() => queue.putNowait(items[1])).toThrow(new RegExp(`^Cannot compare ${what}: give`));
    expect(queue.size).toBe(1);
  });

  test("an item without order that waited for room is refused, and nothing else is lost", async () => {
    const queue = new PriorityQueue<unknown>(2);
    queue.putNowait(1);
    queue.putNowait(2);
    const wrong = expect(queue.put({})).rejects.toThrow("Cannot compare");
    const right = queue.put(3);
    expect(queue.getNowait()).toBe(1);
    await wrong;
    await right;
    expect(takeAll(queue)).toEqual([2, 3]);
  });

  test("items that turn out to have no order when one is taken stay in the queue", async () => {
    const order = { isThere: false };
    const queue = new PriorityQueue<[number, object]>(0, (left, right) => {
      if (left[0] === right[0] && !order.isThere) throw new TypeError("no order");
      return left[0] - right[0];
    });
    const items: [number, object][] = [0, 1, 1, 2, 2].map((priority, at) => [priority, { at }]);
    for (const item of items) queue.putNowait(item);
    expect(() => queue.getNowait()).toThrow("no order");
    expect(queue.size).toBe(items.length);
    order.isThere = true;
    expect(takeAll(queue)).toEqual(items);
  });
});
