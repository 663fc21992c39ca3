/**
 * What sockets of the epoll loop put out: bytes in the core's output region, and rows of the table
 * that say whose they are. The addon sends them all when a batch ends. Below epoll-socket.ts, beside
 * tcp.ts, which owns it.
 */
import type { TransferMemory } from "../src/host.ts";
import { BATCH, FIRST_OUTPUT, FREE, OUTPUTS, ROW_WORDS, SHARED } from "./loop-table.ts";

export class EpollOutput {
  readonly #table: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #maxRows: number;
  readonly #flush: () => void;
  /** Where the output lies that `take` has taken back. */
  takenStart = 0;
  /** Where the room given by `reserve` ends, until it is used. */
  #reservedEnd = 0;
  /** While the table says so, the region holds these bytes, there. */
  #shared: Uint8Array | undefined = undefined;
  #sharedStart = 0;
  #flushScheduled = false;

  constructor({ buffer, output }: TransferMemory, table: Int32Array, flush: () => void) {
    this.#table = table;
    this.#bytes = new Uint8Array(buffer);
    this.#start = output.start;
    this.#end = output.start + output.length;
    this.#maxRows = Math.floor((table.length - FIRST_OUTPUT) / ROW_WORDS);
    this.#flush = flush;
  }

  /** See Tcp. */
  reserve(length: number): number {
    if (length > this.#end - this.#start) {
      throw new RangeError(`Cannot reserve ${length} bytes: more than the output region holds`);
    }
    if ((this.#table[FREE] as number) + length > this.#end) this.#flush();
    const start = this.#table[FREE] as number;
    this.#reservedEnd = start + length;
    return start;
  }

  /** Notes bytes of the region for a socket, from room that was reserved. */
  add(id: number, start: number, length: number): void {
    this.#reservedEnd = 0;
    this.#addBytes(id, start, length);
  }

  /** Notes bytes together with the last ones, if they touch and are the same socket's. */
  #addBytes(id: number, start: number, length: number): void {
    const table = this.#table;
    const end = start + length;
    if (end > (table[FREE] as number)) table[FREE] = end;
    const rows = table[OUTPUTS] as number;
    const last = FIRST_OUTPUT + (rows - 1) * ROW_WORDS;
    if (
      rows > 0 &&
      table[last] === id &&
      (table[last + 2] as number) + (table[last + 3] as number) === start
    ) {
      table[last + 3] = end - (table[last + 2] as number);
      return;
    }
    this.#addRow(id, 0, start, length);
  }

  /** Notes what becomes of a socket once its output is sent. */
  addStep(id: number, flag: number): void {
    const table = this.#table;
    const rows = table[OUTPUTS] as number;
    const last = FIRST_OUTPUT + (rows - 1) * ROW_WORDS;
    if (rows > 0 && table[last] === id) table[last + 1] = (table[last + 1] as number) | flag;
    else this.#addRow(id, flag, this.#start, 0);
  }

  #addRow(id: number, flags: number, start: number, length: number): void {
    const table = this.#table;
    const rows = table[OUTPUTS] as number;
    const row = FIRST_OUTPUT + rows * ROW_WORDS;
    table[row] = id;
    table[row + 1] = flags;
    table[row + 2] = start;
    table[row + 3] = length;
    table[OUTPUTS] = rows + 1;
    if (rows + 1 === this.#maxRows) this.#flush();
    else if (table[BATCH] === 0 && !this.#flushScheduled) this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  /** Copies bytes to the region, beside room that is reserved. False if they do not fit. */
  copy(id: number, bytes: Uint8Array): boolean {
    const start = this.#put(bytes);
    if (start < 0) return false;
    this.#addBytes(id, start, bytes.length);
    return true;
  }

  /** As `copy`, for bytes that never change: they are there once for all who are sent them. */
  share(id: number, bytes: Uint8Array): boolean {
    const table = this.#table;
    if (bytes !== this.#shared || table[SHARED] === 0) return this.#shareFirst(id, bytes);
    // What was noted since hardly ever ends where they begin: they go out by themselves.
    this.#addRow(id, 0, this.#sharedStart, bytes.length);
    return true;
  }

  #shareFirst(id: number, bytes: Uint8Array): boolean {
    const start = this.#put(bytes);
    if (start < 0) return false;
    this.#shared = bytes;
    this.#sharedStart = start;
    // Before they are noted: that may have all sent, and the region used anew.
    this.#table[SHARED] = 1;
    this.#addBytes(id, start, bytes.length);
    return true;
  }

  /** Where bytes are now, or -1 if they do not fit. */
  #put(bytes: Uint8Array): number {
    const start = Math.max(this.#table[FREE] as number, this.#reservedEnd);
    if (start + bytes.length > this.#end) return -1;
    this.#bytes.set(bytes, start);
    return start;
  }

  /**
   * Takes a socket's output back, if it is the last there is, and answers how much it is: it lies
   * from `takenStart` on until the region is used again.
   */
  take(id: number): number {
    const table = this.#table;
    const rows = (table[OUTPUTS] as number) - 1;
    const row = FIRST_OUTPUT + rows * ROW_WORDS;
    if (rows < 0 || table[row] !== id || table[row + 1] !== 0) return 0;
    table[OUTPUTS] = rows;
    // Nothing else will have the region flushed.
    if (rows === 0) {
      table[FREE] = this.#start;
      table[SHARED] = 0;
    }
    this.takenStart = table[row + 2] as number;
    return table[row + 3] as number;
  }
}
