/**
 * An epoll descriptor's loop inside Deno's event loop: waits for the kernel, hands each readiness
 * to its source, and lets promises, timers and Deno's own sockets have their turn in between.
 * `tcp-epoll.ts` registers its sockets and listeners here.
 */

import type { TransferMemory } from "../src/host.ts";
import type { Libc } from "./libc.ts";
import { type Output, throwLater } from "./output.ts";

export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
const EPOLLET = 0x80000000 | 0;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/**
 * Most sockets served before the event loop turns. Each receives at most 64 KiB, so that timers
 * are not late by more than a few milliseconds even when all of them upload.
 */
const BATCH = 128;
/**
 * Milliseconds after which the wait is done on Deno's thread although there is work. Deno looks
 * after its own sockets only when its event loop has nothing to do for a moment, and this is one.
 */
const REST_INTERVAL = 2;
/**
 * Milliseconds to go on asking before a sleep, if the sleep before was as short: to be woken from
 * another thread takes about as long, and more of the processor.
 */
const PATIENCE = 0.05;
/** Longest delay of a timer; one that never ends keeps the process alive. */
const FOREVER = 2 ** 31 - 1;
/** `struct epoll_event` is packed on x86-64 alone. Words of 32 bits: events, (gap,) fd, serial. */
const PACKED = Deno.build.arch === "x86_64";
const WORDS = PACKED ? 3 : 4;
const DATA = PACKED ? 1 : 2;

/** What hears of its descriptor's readiness. */
export interface Source {
  /** Tells this source from an earlier one with the same descriptor. */
  serial: number;
  ready(events: number): void;
}

export class Epoll {
  readonly #libc: Libc;
  readonly #output: Output;
  readonly #events: Int32Array;
  readonly #eventsPointer: DenoPointer;
  readonly #epoll: number;
  readonly #alarm: number;
  readonly #sources: (Source | undefined)[] = [];
  readonly #turn: () => void;
  readonly #woken: (count: number) => void;
  #count = 0;
  #serial = 0;
  #state: "stopped" | "turning" | "sleeping" = "stopped";
  /** Events that a sleep has found. */
  #found = 0;
  #sleptAt = 0;
  #servedAt = 0;
  #patience = 0;
  #awakeUntil = 0;
  #restAt = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  constructor(libc: Libc, memory: TransferMemory, output: Output) {
    this.#libc = libc;
    this.#output = output;
    const { start } = memory.events;
    this.#events = new Int32Array(memory.buffer, start, BATCH * WORDS);
    this.#eventsPointer = Deno.UnsafePointer.of(this.#events);
    this.#epoll = libc.call.epoll_create1(EPOLL_CLOEXEC);
    this.#alarm = libc.call.eventfd(0, EPOLL_CLOEXEC);
    this.#control(EPOLL_CTL_ADD, this.#alarm, EPOLLIN | EPOLLET, 0);
    this.#turn = () => this.#takeTurn();
    this.#woken = (count) => this.#wake(count);
  }

  /** Tells a source of these events from now on. Returns 0, or why the kernel does not. */
  add(fd: number, interest: number, source: Source): number {
    source.serial = ++this.#serial | 0;
    this.#sources[fd] = source;
    const isRefused = this.#control(EPOLL_CTL_ADD, fd, interest, source.serial) < 0;
    const errno = isRefused ? this.#libc.errno : 0;
    if (this.#count++ > 0) return errno;
    this.#keepAlive = setInterval(() => {}, FOREVER);
    if (this.#state === "stopped") this.#schedule();
    return errno;
  }

  change(fd: number, interest: number, source: Source): void {
    this.#control(EPOLL_CTL_MOD, fd, interest, source.serial);
  }

  /** The kernel is asked no more about a source, which stays registered. */
  park(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  unpark(fd: number, interest: number, source: Source): void {
    this.#control(EPOLL_CTL_ADD, fd, interest, source.serial);
  }

  /** Forgets a source. The kernel does so when its descriptor is closed, which the caller does. */
  remove(fd: number): void {
    this.#sources[fd] = undefined;
    if (--this.#count > 0) return;
    clearInterval(this.#keepAlive);
    if (this.#state === "sleeping") this.#libc.call.eventfd_write(this.#alarm, 1);
  }

  #control(operation: number, fd: number, interest: number, serial: number): number {
    const { words } = this.#libc;
    words[0] = interest;
    words[DATA] = fd;
    words[DATA + 1] = serial;
    return this.#libc.call.epoll_ctl(this.#epoll, operation, fd, this.#libc.wordsPointer);
  }

  #schedule(): void {
    this.#state = "turning";
    setImmediate(this.#turn);
  }

  #takeTurn(): void {
    const found = this.#found;
    this.#found = 0;
    if (this.#count === 0) {
      this.#state = "stopped";
      return;
    }
    const count = found || this.#poll();
    if (count > 0) this.#serve(count);
    const now = performance.now();
    if (count > 0) this.#awakeUntil = now + this.#patience;
    if (now < (count > 0 ? this.#restAt : this.#awakeUntil)) setImmediate(this.#turn);
    else this.#sleep(now);
  }

  #poll(): number {
    return this.#libc.call.epoll_wait(this.#epoll, this.#eventsPointer, BATCH, 0);
  }

  /** Waits on Deno's thread: returns at once if there is work already. */
  #sleep(now: number): void {
    this.#state = "sleeping";
    this.#sleptAt = now;
    this.#libc.call.sleep(this.#epoll, this.#eventsPointer, BATCH, -1).then(this.#woken);
  }

  /** Leaves what was found to the next turn: promises of the batch before may not be done yet. */
  #wake(count: number): void {
    const now = performance.now();
    this.#patience = now - this.#sleptAt < PATIENCE ? PATIENCE : 0;
    this.#awakeUntil = now + this.#patience;
    this.#restAt = now + REST_INTERVAL;
    this.#found = Math.max(count, 0);
    this.#schedule();
  }

  /** The time, asked once for the sockets that are served together. */
  time(): number {
    return this.#output.inBatch ? this.#servedAt : performance.now();
  }

  #serve(count: number): void {
    const events = this.#events;
    const output = this.#output;
    this.#servedAt = performance.now();
    output.inBatch = true;
    for (let at = 0; at < count * WORDS; at += WORDS) {
      const source = this.#sources[events[at + DATA] as number];
      if (source === undefined || source.serial !== events[at + DATA + 1]) continue;
      try {
        source.ready(events[at] as number);
      } catch (error) {
        throwLater(error);
      }
      output.settle();
    }
    output.inBatch = false;
  }
}
