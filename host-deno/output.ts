/**
 * The output region: gives room in it, and sees to it that every socket which recorded bytes there
 * sends them before the region is used again or the event loop turns. Calls that a socket owes its
 * handler (`drain`, `close`) wait here as well, so that none comes from inside a call into the host.
 */

import { QuietCollector } from "../host-node/quiet-collector.ts";
import type { Region, TransferMemory } from "../src/host.ts";
import { throwLater } from "../src/util.ts";

/** A socket that has something to send or to say. */
export interface Settling {
  /** Sends what is recorded in the output region. */
  flush(): void;
  /** Flushes, then makes the calls that are due. */
  settle(): void;
}

export class Output {
  readonly #bytes: Uint8Array;
  readonly #region: Region;
  /** Where the next room starts: after all bytes that are recorded and not sent. */
  #top: number;
  /** Where the room given last ends. */
  #roomEnd: number;
  #waiting: Settling[] = [];
  #scheduled = false;
  /** Hears of connections that open and close, and of what is received. */
  readonly collector: QuietCollector = new QuietCollector();
  /** A batch is being handled, whose loop settles after each socket. */
  inBatch = false;

  constructor(memory: TransferMemory) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#region = memory.output;
    this.#top = this.#roomEnd = memory.output.start;
  }

  reserve(length: number): number {
    const { start, length: capacity } = this.#region;
    if (length > capacity) {
      throw new RangeError(`Cannot reserve ${length} bytes: the output region holds ${capacity}`);
    }
    if (this.#top + length > start + capacity) {
      for (const socket of this.#waiting) socket.flush();
      this.#top = start;
    }
    this.#roomEnd = this.#top + length;
    return this.#top;
  }

  /** Notes that bytes of the region are in use until their socket flushes them. */
  use(start: number, length: number): void {
    this.#top = this.#roomEnd = Math.max(this.#top, start + length);
  }

  /** Copies bytes behind everything in use, or answers undefined if they do not fit. */
  put(bytes: Uint8Array): number | undefined {
    const start = this.#roomEnd;
    if (start + bytes.length > this.#region.start + this.#region.length) return undefined;
    this.#bytes.set(bytes, start);
    return start;
  }

  /** Copies received bytes to where handlers expect them. */
  putInput(bytes: Uint8Array, start: number): void {
    this.collector.received++;
    this.#bytes.set(bytes, start);
  }

  copy(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, end);
  }

  copyTo(room: Uint8Array, start: number, end: number): void {
    room.set(this.#bytes.subarray(start, end));
  }

  /** Has `settle` called on a socket, once for each call of this. */
  add(socket: Settling): void {
    this.#waiting.push(socket);
    if (!this.inBatch) this.#schedule(queueMicrotask);
  }

  /** Settles all that wait now. What their handlers add waits for the next turn of the loop. */
  settle(): void {
    const waiting = this.#waiting;
    const count = waiting.length;
    if (count === 0) return;
    for (let i = 0; i < count; i++) {
      try {
        waiting[i]?.settle();
      } catch (error) {
        throwLater(error);
      }
    }
    if (waiting.length === count) {
      waiting.length = 0;
      this.#top = this.#roomEnd = this.#region.start;
    } else {
      waiting.splice(0, count);
      this.#schedule(setImmediate);
    }
  }

  #schedule(how: (run: () => void) => unknown): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    how(() => {
      this.#scheduled = false;
      this.settle();
    });
  }
}
