/**
 * The class IOLoop: Tornado's interface to the loop that the runtime has. Callbacks and timers are
 * the runtime's own, sockets and descriptors the host's. Private to `ioloop`, which exports it.
 */

import { host as runtimeHost } from "#host";
import { transferMemory } from "../core.ts";
import { BROKEN, type DescriptorWatch, type Host, READABLE, type Tcp, WRITABLE } from "../host.ts";
import { appLog } from "../log.ts";
import { checkLimit, isThenable, LONGEST_TIMER, orLate, TimeoutError } from "../util.ts";
import { BlockingWatch } from "./blocking.ts";
import { type Executor, type Task, WorkerExecutor } from "./executor.ts";
import { openPort, type RemoteCallbacks } from "./remote.ts";
import { type Deadline, LoopTimeout, type Timeout } from "./timeout.ts";

/** What the loop runs. What it throws, or rejects with, goes to `handleCallbackException`. */
export type Callback<Args extends unknown[] = []> = (...args: Args) => unknown;

let current: IOLoop | undefined;

/**
 * Runs callbacks and timers on the runtime's event loop, and opens sockets. Promises and any
 * library of the runtime mix freely with it (Tornado `ioloop.IOLoop`).
 */
export class IOLoop {
  // What a descriptor is ready for: bits of the numbers that handlers get.
  static readonly READ: number = READABLE;
  static readonly WRITE: number = WRITABLE;
  static readonly ERROR: number = BROKEN;

  readonly host: Host;
  #tcp: Tcp | undefined;
  #running: { promise: Promise<void>; resolve: () => void } | undefined;
  #keptAlive: ReturnType<typeof setInterval> | undefined;
  /** `stop` was called while nothing ran: the next `start` returns at once. */
  #stopped = false;
  #callbacks: (() => void)[] = [];
  #executor: Executor | undefined;
  #blocking: BlockingWatch | undefined;
  readonly #handlers = new Map<number, DescriptorWatch>();

  /** A loop on the runtime's host, or on another one, as tests do. */
  constructor(host: Host = runtimeHost) {
    this.host = host;
  }

  /** The loop of this process, made on first use. */
  static current(): IOLoop {
    current ??= new IOLoop();
    return current;
  }

  /** The older name of `current()`. */
  static instance(): IOLoop {
    return IOLoop.current();
  }

  /** Makes this loop the one that `current()` returns. */
  makeCurrent(): void {
    current = this;
  }

  /** Has `current()` make a new loop when it is next called. */
  static clearCurrent(): void {
    current = undefined;
  }

  /** The host's sockets, opened on the core's memory on first use. */
  get tcp(): Tcp {
    this.#tcp ??= this.host.openTcp(transferMemory);
    return this.#tcp;
  }

  /** Seconds since the epoch, with fractions: the clock of `callAt`. */
  time(): number {
    return Date.now() / 1000;
  }

  /**
   * Resolves when `stop()` is called, and keeps the process alive until then. The runtime's loop
   * runs by itself, so a program that ends with `IOLoop.current().start()` works as in Tornado, and
   * one without it works too.
   */
  start(): Promise<void> {
    if (this.#stopped) {
      this.#stopped = false;
      return Promise.resolve();
    }
    if (this.#running === undefined) {
      this.#running = withResolvers();
      // Node ends a program in which nothing but promises is open.
      this.#keptAlive = setInterval(() => undefined, LONGEST_TIMER);
    }
    return this.#running.promise;
  }

  /**
   * Lets `start()` resolve, or, if it has not been called, its next call. Open servers and
   * connections are not touched.
   */
  stop(): void {
    if (this.#running === undefined) this.#stopped = true;
    clearInterval(this.#keptAlive);
    this.#running?.resolve();
    this.#running = undefined;
  }

  /**
   * Calls a function and resolves with its result: the shape of a program that ends. Rejects with
   * what it throws, or with a TimeoutError after a number of seconds; with TypeError and RangeError
   * for what is no function, and no number. What is thrown after that time goes to
   * `handleCallbackException`.
   */
  async runSync<Result>(
    task: () => Result | PromiseLike<Result>,
    timeout?: number,
  ): Promise<Result> {
    checkCallback(task);
    if (timeout !== undefined) checkLimit("timeout", timeout);
    const result = new Promise<Result>((resolve) => {
      this.addCallback(() => resolve(Promise.resolve().then(task)));
    });
    if (timeout === undefined) return result;
    return orLate(result, timeout, () => {
      // Nobody else waits for it any more.
      result.catch((error) => this.handleCallbackException(task, error));
      throw new TimeoutError(`Cannot finish runSync: ${timeout} s are over`);
    });
  }

  // Callbacks and timers.

  /**
   * Runs a callback soon, after what runs now has returned to the loop. From another thread, see
   * `portFor`. Throws a TypeError for what is no function, as all of these do.
   */
  addCallback<Args extends unknown[]>(callback: Callback<Args>, ...args: Args): void {
    checkCallback(callback);
    if (this.#callbacks.push(() => this.#run(callback, args)) === 1) this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    setImmediate(() => {
      const due = this.#callbacks;
      this.#callbacks = [];
      let at = 0;
      try {
        while (at < due.length) due[at++]?.();
      } finally {
        // The hook for exceptions has thrown, which is the runtime's: the others are not to suffer.
        if (at < due.length) this.#postpone(due.slice(at));
      }
    });
  }

  /** Has callbacks run in the next turn, before those that have been added for it. */
  #postpone(callbacks: (() => void)[]): void {
    if (this.#callbacks.length === 0) this.#scheduleTurn();
    this.#callbacks.unshift(...callbacks);
  }

  /** Runs a callback soon; the caller does not wait for what it returns, and errors are logged. */
  spawnCallback<Args extends unknown[]>(callback: Callback<Args>, ...args: Args): void {
    this.addCallback(callback, ...args);
  }

  /** Runs a callback once a promise has settled, either way; the callback gets the promise. */
  addFuture<Value>(future: PromiseLike<Value>, callback: Callback<[PromiseLike<Value>]>): void {
    checkCallback(callback);
    const done = (): void => this.addCallback(callback, future);
    future.then(done, done);
  }

  /** Runs a callback after a number of seconds. Throws a RangeError for what is none. */
  callLater<Args extends unknown[]>(
    delay: number,
    callback: Callback<Args>,
    ...args: Args
  ): Timeout {
    checkCallback(callback);
    if (typeof delay !== "number" || Number.isNaN(delay)) {
      throw new RangeError(`Cannot call later: the time is ${delay}, not a number of seconds`);
    }
    const run = (): void => this.#run(callback, args);
    return new LoopTimeout(this.time() + delay, Math.max(0, delay), run);
  }

  /** Runs a callback at a time of this loop's clock, in seconds. */
  callAt<Args extends unknown[]>(when: number, callback: Callback<Args>, ...args: Args): Timeout {
    if (typeof when !== "number" || Number.isNaN(when)) {
      throw new RangeError(`Cannot call at ${when}: it is not a time in seconds`);
    }
    return this.callLater(when - this.time(), callback, ...args);
  }

  /** Runs a callback at a time: a number as for `callAt`, a Date, or `{ seconds }` from now. */
  addTimeout<Args extends unknown[]>(
    deadline: Deadline,
    callback: Callback<Args>,
    ...args: Args
  ): Timeout {
    if (typeof deadline === "number") return this.callAt(deadline, callback, ...args);
    if (deadline instanceof Date) {
      return this.callAt(deadline.getTime() / 1000, callback, ...args);
    }
    if (typeof deadline?.seconds !== "number") {
      throw new RangeError(`Cannot call at ${deadline}: it is no number, Date or { seconds }`);
    }
    return this.callLater(deadline.seconds, callback, ...args);
  }

  /** Cancels a callback of `callLater`, `callAt` or `addTimeout`; nothing happens if it has run. */
  removeTimeout(timeout: Timeout): void {
    timeout.cancel();
  }

  /** Hook: a callback of this loop has thrown, or rejected. Logs it; the loop goes on. */
  handleCallbackException(callback: Callback<never>, error: unknown): void {
    appLog.exception(`Exception in callback ${callback.name || "(anonymous)"}`, error);
  }

  #run<Args extends unknown[]>(callback: Callback<Args>, args: Args): void {
    try {
      const result = callback(...args);
      if (!isThenable(result)) return;
      result.then(undefined, (error) => this.handleCallbackException(callback, error));
    } catch (error) {
      this.handleCallbackException(callback, error);
    }
  }

  // Descriptors.

  /**
   * Calls a handler whenever a descriptor is ready for `IOLoop.READ`, `IOLoop.WRITE` or both, and at
   * an error. It is called again as long as that is so. Hosts on epoll can do it, see
   * docs/guide/ioloop.md; others throw an error with the code ENOTSUP. Throws EPERM for files, which
   * are always ready.
   */
  addHandler(
    fd: number | HasDescriptor,
    handler: Callback<[fd: number, events: number]>,
    events: number,
  ): void {
    checkCallback(handler);
    const number = descriptorOf(fd);
    if (this.#handlers.has(number)) {
      throw new Error(`Cannot add a handler: descriptor ${number} has one already`);
    }
    const ready = (found: number): void => this.#run(handler, [number, found]);
    this.#handlers.set(number, this.tcp.watch(number, events, ready));
  }

  /** Changes what a descriptor is watched for. Throws if it has no handler. */
  updateHandler(fd: number | HasDescriptor, events: number): void {
    const watch = this.#handlers.get(descriptorOf(fd));
    if (watch === undefined) {
      throw new Error(`Cannot update a handler: descriptor ${descriptorOf(fd)} has none`);
    }
    watch.change(events);
  }

  /** Watches a descriptor no more, which stays open. Nothing happens if it has no handler. */
  removeHandler(fd: number | HasDescriptor): void {
    const number = descriptorOf(fd);
    this.#handlers.get(number)?.close();
    this.#handlers.delete(number);
  }

  // Other threads.

  /**
   * A port for another thread, which runs these callbacks on this loop: give it away with
   * `postMessage(port, [port])`, and make a `RemoteIOLoop` of it there. Neither end keeps a process
   * alive. This is the one way into a loop from outside of its thread.
   */
  portFor(callbacks: RemoteCallbacks): MessagePort {
    return openPort(callbacks, (callback, args) => this.#run(callback, args));
  }

  /**
   * Runs an exported function in another thread and resolves with what it returns. `executor`
   * undefined stands for the default one: as many threads as processors, made when they are needed.
   * Arguments and result are copied as by `structuredClone`.
   */
  runInExecutor<Result = unknown>(
    executor: Executor | undefined,
    task: Task,
    ...args: unknown[]
  ): Promise<Result> {
    const chosen = executor ?? this.#executor ?? new WorkerExecutor();
    if (!executor) this.#executor = chosen;
    return chosen.submit<Result>(task, args);
  }

  /** Sets what `runInExecutor(undefined, …)` uses from now on. */
  setDefaultExecutor(executor: Executor): void {
    this.#executor = executor;
  }

  // Blocking.

  /**
   * Warns in the log whenever the loop could not turn for a number of seconds, because something
   * computed for so long, or waited. Undefined switches it off. It is logged when it is over, with
   * the stack of what blocked; the watch costs a thread or a profiler, and a timer four times as
   * often.
   */
  setBlockingLogThreshold(seconds: number | undefined): void {
    this.#blocking?.stop();
    this.#blocking = undefined;
    if (seconds === undefined) return;
    const options = { threshold: seconds, source: this.host.stacks };
    this.#blocking = new BlockingWatch(options, (...found) => this.handleBlocking(...found));
  }

  /** Hook: the loop has been blocked for so many seconds, by what the stack shows. Logs a warning. */
  handleBlocking(seconds: number, stack?: string): void {
    const what = stack === undefined ? "" : ` in\n${stack}`;
    appLog.warning(`IOLoop blocked for ${seconds.toFixed(3)} s${what}`);
  }
}

/** A `node:fs` FileHandle, for example. */
export interface HasDescriptor {
  readonly fd: number;
}

/** Throws a TypeError for what cannot be called. */
export function checkCallback(callback: unknown): void {
  if (typeof callback === "function") return;
  throw new TypeError(`Cannot run ${callback}: the callback is not a function`);
}

/** The largest descriptor: systems take 32 bits, and of a larger number another descriptor's. */
const MAX_DESCRIPTOR = 2 ** 31 - 1;

/** Throws a RangeError for what is none: systems make 0 of it, which is the input. */
function descriptorOf(fd: number | HasDescriptor): number {
  const number = typeof fd === "number" ? fd : fd.fd;
  if (Number.isInteger(number) && number >= 0 && number <= MAX_DESCRIPTOR) return number;
  const range = `from 0 to ${MAX_DESCRIPTOR}`;
  throw new RangeError(`Cannot watch descriptor ${number}: it is not a whole number ${range}`);
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
