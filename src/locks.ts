/**
 * Locks for asynchronous code: they order what runs on one event loop, and protect nothing from
 * other threads. First come, first served. Stands on promises and timers alone; `queues` shares
 * its waiters (Tornado `locks`).
 */

import { type Timeout, Waiters } from "./locks/waiters.ts";
import { tooLate } from "./util.ts";

export { type Timeout, Waiter, Waiters, type WaitOptions } from "./locks/waiters.ts";

const late = (): false => false;

/** Lets some wait until others notify them (Tornado `locks.Condition`). */
export class Condition {
  readonly #waiters: Waiters<boolean> = new Waiters<boolean>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Resolves with true once notified, or with false when the time is up. */
  wait(timeout?: Timeout): Promise<boolean> {
    return this.#waiters.wait(undefined, timeout, late);
  }

  /** Wakes the first `count` of those who wait. */
  notify(count = 1): void {
    for (let left = Math.min(count, this.#waiters.size); left > 0; left--) {
      this.#waiters.shift()?.wake(true);
    }
  }

  /** Wakes all who wait. */
  notifyAll(): void {
    this.notify(this.#waiters.size);
  }
}

/** A flag to wait for (Tornado `locks.Event`). */
export class Event {
  readonly #waiters: Waiters = new Waiters();
  #isSet = false;

  /** Whether nobody would have to wait. */
  isSet(): boolean {
    return this.#isSet;
  }

  /** Sets the flag and wakes all who wait. Nobody waits from now on. */
  set(): void {
    this.#isSet = true;
    for (let left = this.#waiters.size; left > 0; left--) this.#waiters.shift()?.wake();
  }

  /** Takes the flag back: who calls `wait` from now on waits for the next `set`. */
  clear(): void {
    this.#isSet = false;
  }

  /** Resolves once the flag is set. Rejects with a TimeoutError when the time is up. */
  wait(timeout?: Timeout): Promise<void> {
    if (this.#isSet) return Waiters.refusal(timeout) ?? Promise.resolve();
    return this.#waiters.wait(undefined, timeout, tooLate("wait for the event"));
  }
}

/**
 * What `acquire` resolves with: the right to go on, to be given back once. Also for
 * `using permit = await lock.acquire()`.
 */
export class Permit {
  #release: (() => void) | undefined;

  constructor(release: () => void) {
    this.#release = release;
  }

  /** Gives the permit back. A second call does nothing. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Lets a number of holders in at once; others wait (Tornado `locks.Semaphore`). */
export class Semaphore {
  readonly #waiters: Waiters<Permit> = new Waiters<Permit>();
  #value: number;

  /** Throws a RangeError unless the number is a whole one from 0 up. */
  constructor(value = 1) {
    if (!(Number.isInteger(value) && value >= 0))
      throw new RangeError(`Cannot make a semaphore of ${value} permits`);
    this.#value = value;
  }

  /** Permits that are free. */
  get value(): number {
    return this.#value;
  }

  /** Resolves with a permit once one is free. Rejects with a TimeoutError when the time is up. */
  acquire(timeout?: Timeout): Promise<Permit> {
    if (this.#value === 0) {
      return this.#waiters.wait(undefined, timeout, tooLate(`acquire the ${this.kind}`));
    }
    const refused = Waiters.refusal(timeout);
    if (refused !== undefined) return refused;
    this.#value--;
    return Promise.resolve(this.#permit());
  }

  /** Gives one permit back, and with it wakes the first who waits. */
  release(): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#value++;
    else waiter.wake(this.#permit());
  }

  /** Runs a function with a permit, which is given back when its promise settles. */
  async run<Result>(task: () => Result | PromiseLike<Result>, timeout?: Timeout): Promise<Result> {
    const permit = await this.acquire(timeout);
    try {
      return await task();
    } finally {
      permit.release();
    }
  }

  /** What errors call it. */
  protected get kind(): string {
    return "semaphore";
  }

  #permit(): Permit {
    return new Permit(() => this.release());
  }
}

/** A semaphore that throws when more is released than was acquired (Tornado). */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  constructor(value = 1) {
    super(value);
    this.#bound = value;
  }

  override release(): void {
    if (this.value >= this.#bound) {
      throw new Error(`Cannot release the ${this.kind}: it is not held`);
    }
    super.release();
  }
}

/** A lock that one holds at a time (Tornado `locks.Lock`). */
export class Lock extends BoundedSemaphore {
  constructor() {
    super(1);
  }

  /** Whether somebody has it. */
  get locked(): boolean {
    return this.value === 0;
  }

  protected override get kind(): string {
    return "lock";
  }
}
