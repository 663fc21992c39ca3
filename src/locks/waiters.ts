/**
 * Those who wait for something, first come, first served. `locks` and `queues` are made of it. Who
 * gives up leaves the list at once, so that a lock nobody releases does not collect the dead.
 */

import { LONGEST_TIMER, onAbort } from "../util.ts";

/** How long to wait. */
export interface WaitOptions {
  /** From now on; for ever if left out. 0 does not wait. */
  readonly seconds?: number;
  /**
   * Gives up when aborted; the promise rejects with the signal's reason. One that was aborted before
   * gets nothing, even if there is no need to wait.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How long to wait: a number is a time in seconds since the epoch, as of `IOLoop.time()`, and so
 * is a Date; an object counts from now.
 */
export type Timeout = number | Date | WaitOptions;

/** Milliseconds that are left to wait; undefined if there is no end. Throws a RangeError for no time. */
function millisecondsOf(timeout: Timeout | undefined): number | undefined {
  if (timeout === undefined) return undefined;
  if (timeout instanceof Date) return checked(timeout.getTime()) - Date.now();
  if (typeof timeout !== "object") return checked(timeout) * 1000 - Date.now();
  return timeout.seconds === undefined ? undefined : checked(timeout.seconds) * 1000;
}

function checked(time: number): number {
  if (typeof time === "number" && !Number.isNaN(time)) return time;
  throw new RangeError(`Cannot wait until ${time}: it is no time, nor a number of seconds`);
}

/** One who waits, and what it has brought: the item to be put, for example. */
export class Waiter<Value, Item> {
  readonly item: Item;
  next: Waiter<Value, Item> | undefined;
  previous: Waiter<Value, Item> | undefined;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unlisten: (() => void) | undefined;

  constructor(item: Item, resolve: (value: Value) => void, reject: (error: unknown) => void) {
    this.item = item;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ends the wait. Only for one that has been taken off the list, as `fail`. */
  wake(value: Value): void {
    this.#stopLimit();
    this.#resolve(value);
  }

  /** Ends the wait with an error. */
  fail(error: unknown): void {
    this.#stopLimit();
    this.#reject(error);
  }

  #stopLimit(): void {
    clearTimeout(this.#timer);
    this.#unlisten?.();
  }

  /** Arranges for the wait to end by itself. */
  limit(milliseconds: number | undefined, signal: AbortSignal | undefined, leave: Leave): void {
    if (milliseconds !== undefined && milliseconds <= LONGEST_TIMER) {
      this.#timer = setTimeout(() => {
        this.#unlisten?.();
        leave(undefined);
      }, milliseconds);
    }
    if (signal === undefined) return;
    this.#unlisten = onAbort(signal, () => {
      clearTimeout(this.#timer);
      leave(signal);
    });
  }
}

/** The wait is over: the time is up, or the signal was aborted. */
type Leave = (signal: AbortSignal | undefined) => void;

/** A list of waiters. */
export class Waiters<Value = void, Item = undefined> {
  #first: Waiter<Value, Item> | undefined;
  #last: Waiter<Value, Item> | undefined;
  #size = 0;

  /** A promise that rejects, for who has given up before it has asked; else undefined. */
  static refusal(timeout: Timeout | undefined): Promise<never> | undefined {
    const signal = signalOf(timeout);
    return signal?.aborted ? Promise.reject(signal.reason) : undefined;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Waits at the end of the list. When the time is up, the promise resolves with `late`'s value, or
   * rejects with what it throws. Rejects with a RangeError for a timeout that is no time.
   */
  wait(item: Item, timeout: Timeout | undefined, late: () => Value): Promise<Value> {
    const refused = Waiters.refusal(timeout);
    if (refused !== undefined) return refused;
    const signal = signalOf(timeout);
    return new Promise((resolve, reject) => {
      const milliseconds = millisecondsOf(timeout);
      if (milliseconds !== undefined && milliseconds <= 0) {
        resolve(late());
        return;
      }
      const waiter: Waiter<Value, Item> = new Waiter(item, resolve, reject);
      this.#append(waiter);
      if (timeout === undefined) return;
      waiter.limit(milliseconds, signal, (aborted) => {
        this.#remove(waiter);
        try {
          if (aborted === undefined) resolve(late());
          else reject(aborted.reason);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Takes the first one off the list; undefined if nobody waits. */
  shift(): Waiter<Value, Item> | undefined {
    const first = this.#first;
    if (first !== undefined) this.#remove(first);
    return first;
  }

  #append(waiter: Waiter<Value, Item>): void {
    waiter.previous = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#size++;
  }

  #remove(waiter: Waiter<Value, Item>): void {
    const { previous, next } = waiter;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    this.#size--;
  }
}

function signalOf(timeout: Timeout | undefined): AbortSignal | undefined {
  const isOptions = typeof timeout === "object" && !(timeout instanceof Date);
  return isOptions ? timeout.signal : undefined;
}
