/**
 * The epoll loop on a runtime without libuv, that is on Bun and Deno. Their own event loops do not
 * know our epoll descriptor, so turns are taken here: batch after batch while there is work, and
 * between that a thread of the addon waits in the kernel and wakes us. Below it the addon, above it
 * tcp.ts as on Node.
 */
import type { TransferMemory } from "../src/host.ts";
import { throwLater } from "../src/util.ts";
import type { Addon, PolledLoop } from "./native.ts";
import { type EpollParts, EpollTcp } from "./tcp.ts";

/**
 * Milliseconds that a turn may wait in the kernel itself, if the sleep before was as short and no
 * answer is due: to be woken by the thread takes about 15 microseconds of the processor. What else
 * the runtime has to do is late by no more than this.
 */
const PATIENCE = 1;
/** Milliseconds of batches after which a runtime that needs it gets its sleep. */
const TURN = 4;

export interface PolledOptions extends Omit<EpollParts, "open"> {
  /** Calls back once all promises that can go on have done so. */
  readonly afterPromises: (next: () => void) => void;
  /**
   * Whether the runtime's loop needs to be idle to look after its own sockets, so that between
   * turns there must be a sleep, however short. Otherwise `afterPromises` goes through its loop.
   */
  readonly needsSleep: boolean;
}

/** Opens the epoll loop on the core's memory. */
export function openPolledTcp(
  memory: TransferMemory,
  addon: Addon,
  options: PolledOptions,
): EpollTcp {
  let turns: Turns | undefined;
  const open: EpollParts["open"] = (_, words) => {
    const native = addon.openPolled(...words, () => turns?.wake());
    if (typeof native !== "number") turns = new Turns(native, options);
    return native;
  };
  const tcp = new EpollTcp(memory, { ...options, open });
  turns?.start(tcp);
  return tcp;
}

class Turns {
  readonly #native: PolledLoop;
  readonly #options: PolledOptions;
  readonly #next: () => void;
  #tcp: EpollTcp | undefined;
  #sleptAt = 0;
  #turnEnd = 0;
  #patience = 0;
  /** Events of the last batch that nothing was sent for. */
  #due = 0;

  constructor(native: PolledLoop, options: PolledOptions) {
    this.#native = native;
    this.#options = options;
    this.#next = () => this.#finishBatch();
  }

  start(tcp: EpollTcp): void {
    this.#tcp = tcp;
    this.#sleep();
  }

  /** The addon's thread has seen that something is ready. */
  wake(): void {
    const now = performance.now();
    this.#patience = now - this.#sleptAt < PATIENCE ? PATIENCE : 0;
    this.#turnEnd = now + TURN;
    this.#due = 0;
    this.#takeBatch();
  }

  #sleep(): void {
    this.#sleptAt = performance.now();
    this.#native.rest();
  }

  /** Hears one batch, or sleeps if there is none. */
  #takeBatch(): void {
    const tcp = this.#tcp as EpollTcp;
    const events = this.#native.poll(this.#due > 0 ? 0 : this.#patience);
    if (events === 0) {
      this.#sleep();
      return;
    }
    this.#due = events;
    this.#options.afterPromises(this.#next);
    tcp.beginBatch();
    while (tcp.hasEvents) {
      try {
        tcp.deliver();
      } catch (error) {
        throwLater(error);
      }
    }
  }

  /** Sends what the batch has put out, also what its handlers have awaited something for. */
  #finishBatch(): void {
    const tcp = this.#tcp as EpollTcp;
    const now = tcp.time();
    this.#due -= tcp.outputs;
    tcp.endBatch();
    if (this.#options.needsSleep && now > this.#turnEnd) this.#sleep();
    else this.#takeBatch();
  }
}
