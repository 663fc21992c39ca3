/**
 * The event loop: the runtime's own one, under Tornado's names, together with the host that gives
 * it sockets. The only module that imports `#host`; everything above asks its loop for sockets, so
 * a test replaces them all by making a loop on another host.
 */

import { host as runtimeHost } from "#host";
import { transferMemory } from "./core.ts";
import type { Host, Tcp } from "./host.ts";

/** What `callLater` and `callAt` return, to be given to `removeTimeout`. */
export interface Timeout {
  readonly deadline: number;
  cancel(): void;
}

let current: IOLoop | undefined;

/**
 * Runs callbacks and timers on the runtime's event loop, and opens sockets. Promises and any
 * library of the runtime mix freely with it (Tornado `ioloop`).
 */
export class IOLoop {
  readonly host: Host;
  #tcp: Tcp | undefined;
  #running: PromiseWithResolvers | undefined;

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
   * Resolves when `stop()` is called. The runtime's loop runs by itself, so a program that ends
   * with `IOLoop.current().start()` works as in Tornado, and one without it works too.
   */
  start(): Promise<void> {
    this.#running ??= withResolvers();
    return this.#running.promise;
  }

  /** Lets `start()` resolve. Open servers and connections are not touched. */
  stop(): void {
    this.#running?.resolve();
    this.#running = undefined;
  }

  /** Runs a callback soon, after what runs now has returned to the loop. */
  addCallback<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): void {
    setTimeout(callback, 0, ...args);
  }

  /** Runs a callback after a number of seconds. */
  callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): Timeout {
    const timer = setTimeout(callback, delay * 1000, ...args);
    return { deadline: this.time() + delay, cancel: () => clearTimeout(timer) };
  }

  /** Runs a callback at a time of this loop's clock, in seconds. */
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): Timeout {
    return this.callLater(Math.max(0, when - this.time()), callback, ...args);
  }

  /** Cancels a callback of `callLater` or `callAt`; nothing happens if it has run. */
  removeTimeout(timeout: Timeout): void {
    timeout.cancel();
  }
}

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
