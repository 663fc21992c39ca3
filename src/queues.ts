/**
 * Queues between asynchronous producers and consumers, with a limit that holds producers back.
 * Stands on `locks` (Tornado `queues`).
 */

import { type Timeout, type Waiter, Waiters } from "./locks.ts";
import { type Compare, Heap, naturalOrder, Ring, Stack, type Store } from "./queues/stores.ts";
import { tooLate } from "./util.ts";

export type { Timeout } from "./locks.ts";
export type { Compare, Store } from "./queues/stores.ts";

/** `getNowait` found nothing (Tornado `queues.QueueEmpty`). */
export class QueueEmpty extends Error {
  override readonly name: string = "QueueEmpty";

  constructor() {
    super("Cannot get: the queue is empty");
  }
}

/** `putNowait` found no room (Tornado `queues.QueueFull`). */
export class QueueFull extends Error {
  override readonly name: string = "QueueFull";

  constructor(maxsize: number) {
    super(`Cannot put: the queue has its ${maxsize} items`);
  }
}

/**
 * First in, first out (Tornado `queues.Queue`). `for await (const item of queue)` takes items for
 * ever.
 */
export class Queue<Item> {
  /** Most items that wait; 0 for no limit. */
  readonly maxsize: number;
  readonly #store: Store<Item>;
  readonly #getters: Waiters<Item> = new Waiters<Item>();
  readonly #putters: Waiters<void, Item> = new Waiters<void, Item>();
  readonly #joiners: Waiters = new Waiters();
  #unfinished = 0;

  /**
   * `maxsize` 0 is no limit. Another store than the ring makes another order. Throws a RangeError
   * if `maxsize` is no number from 0 up.
   */
  constructor(maxsize = 0, store: Store<Item> = new Ring()) {
    if (!(typeof maxsize === "number" && maxsize >= 0))
      throw new RangeError(`Cannot make a queue of ${maxsize} items`);
    this.maxsize = maxsize;
    this.#store = store;
  }

  /** Items that wait. */
  get size(): number {
    return this.#store.size;
  }

  /** Whether `get` would have to wait. */
  get empty(): boolean {
    return this.#store.size === 0;
  }

  /** Whether `put` would have to wait. */
  get full(): boolean {
    return this.maxsize > 0 && this.#store.size >= this.maxsize;
  }

  /** Resolves once there is room for the item. Rejects with a TimeoutError when the time is up. */
  put(item: Item, timeout?: Timeout): Promise<void> {
    if (this.full) return this.#putters.wait(item, timeout, tooLate("put an item"));
    const refused = Waiters.refusal(timeout);
    if (refused !== undefined) return refused;
    this.#accept(item);
    return Promise.resolve();
  }

  /** Puts an item, or throws QueueFull. */
  putNowait(item: Item): void {
    if (this.full) throw new QueueFull(this.maxsize);
    this.#accept(item);
  }

  /** Resolves with the next item. Rejects with a TimeoutError when the time is up. */
  get(timeout?: Timeout): Promise<Item> {
    if (this.empty) return this.#getters.wait(undefined, timeout, tooLate("get an item"));
    return Waiters.refusal(timeout) ?? Promise.resolve(this.#take());
  }

  /** The next item. Throws QueueEmpty if there is none. */
  getNowait(): Item {
    if (this.empty) throw new QueueEmpty();
    return this.#take();
  }

  /**
   * Says that the work on an item, which was taken before, is done; `join` waits for that. Throws
   * if it is said more often than items were put.
   */
  taskDone(): void {
    if (this.#unfinished === 0) {
      throw new Error("Cannot finish a task: taskDone() was called more often than put()");
    }
    this.#unfinished--;
    if (this.#unfinished > 0) return;
    for (let left = this.#joiners.size; left > 0; left--) this.#joiners.shift()?.wake();
  }

  /** Resolves once the work on all items is done. Rejects with a TimeoutError if that is late. */
  join(timeout?: Timeout): Promise<void> {
    if (this.#unfinished === 0) return Waiters.refusal(timeout) ?? Promise.resolve();
    return this.#joiners.wait(undefined, timeout, tooLate("join the queue"));
  }

  /** Takes items as they come, for ever. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, never> {
    for (;;) yield await this.get();
  }

  #accept(item: Item): void {
    const getter = this.#getters.shift();
    // Who waits finds an empty queue, so that the order is kept.
    if (getter === undefined) this.#store.put(item);
    else getter.wake(item);
    this.#unfinished++;
  }

  #take(): Item {
    // The first who waits for room goes in before an item comes out, as in Tornado: it may be next.
    while (this.#store.size < this.maxsize + 1) {
      const putter = this.#putters.shift();
      if (putter === undefined) break;
      this.#acceptFrom(putter);
    }
    return this.#store.take();
  }

  #acceptFrom(putter: Waiter<void, Item>): void {
    try {
      this.#accept(putter.item);
    } catch (error) {
      // An item that the store cannot put in order: whose it is hears of it, not who takes another.
      putter.fail(error);
      return;
    }
    putter.wake();
  }
}

/**
 * Least first; of equals the one that came first (Tornado `queues.PriorityQueue`). Numbers, texts
 * and dates have an order, and arrays by their first elements that differ: `[priority, data]`.
 */
export class PriorityQueue<Item> extends Queue<Item> {
  /** Takes a function like that of `Array.sort`, for items without an order of their own. */
  constructor(maxsize = 0, compare: Compare<Item> = naturalOrder) {
    super(maxsize, new Heap(compare));
  }
}

/** Last in, first out (Tornado `queues.LifoQueue`). */
export class LifoQueue<Item> extends Queue<Item> {
  constructor(maxsize = 0) {
    super(maxsize, new Stack());
  }
}
