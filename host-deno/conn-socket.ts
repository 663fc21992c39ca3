/**
 * One connection of `tcp.ts`: a read is always pending, unless its owner has paused it and one more
 * has brought something; one write at a time takes what has gathered since the one before.
 */

import {
  type Address,
  INPUT_SLACK,
  NOBODY,
  type Socket,
  type SocketHandler,
  type TransferMemory,
} from "../src/host.ts";
import { throwLater } from "../src/util.ts";
import { IDLE_LENGTH, type IdleBuffers } from "./idle-buffers.ts";
import type { Output, Settling } from "./output.ts";
import { plainAddress } from "./socket-address.ts";

/** Buffers grow as long as reads fill them, up to what libuv reads at once. */
const FULL_BUFFER = 64 * 1024;
const GROWTH = 4;
/** Up to here, a copy into the output region costs less than a write of its own. */
const GATHER_LENGTH = 16 * 1024;

/** `finishing` and `closing` wait for what is buffered, then go on to `shut` and `closed`. */
type Reading = "on" | "paused" | "over";
type Writing = "on" | "finishing" | "shut" | "closing" | "closed";

const NOTHING = new Uint8Array(0);

/** An idle connection costs this object, so what is rare or short is made when it is needed. */
export class ConnSocket implements Socket, Settling {
  handler: SocketHandler = NOBODY;
  readonly #conn: DenoConn;
  readonly #memory: TransferMemory;
  readonly #output: Output;
  readonly #buffers: IdleBuffers;
  readonly #received: (count: number | null) => void;
  readonly #readFailed: (error: unknown) => void;
  #buffer: Uint8Array;
  #reading: Reading = "on";
  #writing: Writing = "on";
  /**
   * A read is pending, also while the socket is paused: nothing else tells of a reset. What it
   * brings then is held, and is the last: null is the end.
   */
  #pending = false;
  #held: number | null | undefined = undefined;
  /** Recorded bytes of the output region. */
  #start = 0;
  #end = 0;
  /** A write is under way. */
  #writesNow = false;
  /** What waits behind it. */
  #queue: Uint8Array[] | undefined = undefined;
  #queued = 0;
  #closeDue = false;
  #error: Error | undefined = undefined;

  constructor(conn: DenoConn, memory: TransferMemory, output: Output, buffers: IdleBuffers) {
    this.#conn = conn;
    this.#memory = memory;
    this.#output = output;
    this.#buffers = buffers;
    this.#buffer = buffers.take();
    this.#received = (count) => this.#receive(count);
    this.#readFailed = (error) => {
      this.#pending = false;
      this.#closeNow(error as Error);
      this.#giveBuffer();
    };
    conn.setNoDelay?.(true);
    conn.setKeepAlive?.(true);
    output.collector.changed();
  }

  get localAddress(): Address {
    return plainAddress(this.#conn.localAddr);
  }

  get remoteAddress(): Address {
    return plainAddress(this.#conn.remoteAddr);
  }

  get tls(): undefined {
    return undefined;
  }

  get bufferedAmount(): number {
    return this.#queued + this.#end - this.#start;
  }

  /** Starts to read, once there is a handler. */
  start(): void {
    if (this.#reads()) this.#read();
  }

  send(start: number, length: number): void {
    if (this.#writing !== "on" || length === 0) return;
    if (this.#start !== this.#end && this.#end !== start) this.flush();
    this.#output.use(start, length);
    if (this.#start === this.#end) {
      this.#start = start;
      this.#output.add(this);
    }
    this.#end = start + length;
  }

  write(bytes: Uint8Array, mayChange = false): void {
    if (this.#writing !== "on" || bytes.length === 0) return;
    const isLent = bytes.length > GATHER_LENGTH && !mayChange;
    const start = isLent ? undefined : this.#output.put(bytes);
    if (start !== undefined) this.send(start, bytes.length);
    else {
      this.flush();
      this.#enqueue(mayChange ? new Uint8Array(bytes) : bytes);
    }
  }

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
  }

  /** Deno has no call for it. */
  sendFile(): boolean {
    return false;
  }

  pause(): void {
    if (this.#reading === "on") this.#reading = "paused";
  }

  resume(): void {
    if (this.#reading !== "paused") return;
    this.#reading = "on";
    if (this.#held !== undefined) queueMicrotask(() => this.#release());
    else if (!this.#pending) this.#read();
  }

  shutdown(): void {
    if (this.#writing !== "on") return;
    this.flush();
    this.#writing = "finishing";
    if (this.#queued === 0) this.#finish();
  }

  close(): void {
    if (this.#isClosed() || this.#writing === "closing") return;
    this.#reading = "over";
    this.flush();
    if (this.#queued === 0) this.#closeNow(undefined);
    else this.#writing = "closing";
  }

  /** Deno has no SO_LINGER: the peer sees the end of what the kernel had taken, not a reset. */
  abort(): void {
    this.#closeNow(undefined);
  }

  setNoDelay(noDelay: boolean): void {
    if (!this.#isClosed()) this.#conn.setNoDelay?.(noDelay);
  }

  keepProcess(kept: boolean): void {
    if (this.#isClosed()) return;
    if (kept) this.#conn.ref();
    else this.#conn.unref();
  }

  /** Called by `Output`, as is `settle`. */
  flush(): void {
    if (this.#start === this.#end) return;
    const start = this.#start;
    const end = this.#end;
    this.#start = this.#end = 0;
    const length = end - start;
    if (length > IDLE_LENGTH || this.#writesNow) {
      this.#enqueue(this.#output.copy(start, end));
      return;
    }
    // Most responses are short: to ask for memory for each would take 0.3 microseconds more.
    const room = this.#buffers.take();
    this.#output.copyTo(room, start, end);
    this.#queued += length;
    this.#writeNext(room.subarray(0, length), room);
  }

  settle(): void {
    this.flush();
    if (!this.#closeDue) return;
    this.#closeDue = false;
    this.handler.close(this.#error);
  }

  #read(): void {
    this.#pending = true;
    this.#conn.read(this.#buffer).then(this.#received, this.#readFailed);
  }

  /** The connection is closed: nobody reads into its buffer any more, unless a read is pending. */
  #giveBuffer(): void {
    if (this.#pending) return;
    this.#buffers.give(this.#buffer);
    this.#buffer = NOTHING;
  }

  #release(): void {
    const held = this.#held;
    if (held === undefined || this.#reading !== "on") return;
    this.#held = undefined;
    this.#receive(held);
  }

  #receive(count: number | null): void {
    this.#pending = false;
    if (this.#isClosed()) this.#giveBuffer();
    if (this.#reading === "over") return;
    if (this.#reading === "paused") {
      this.#held = count;
      return;
    }
    this.#output.inBatch = true;
    try {
      if (count === null) this.#peerEnded();
      else this.#deliver(count);
    } catch (error) {
      throwLater(error);
    }
    this.#output.inBatch = false;
    this.#output.settle();
    if (this.#reads()) this.#read();
  }

  /** A handler may have closed the socket, or paused it and resumed it too. */
  #reads(): boolean {
    return this.#reading !== "over" && !this.#pending && this.#held === undefined;
  }

  #deliver(count: number): void {
    const { start, length } = this.#memory.input;
    const buffer = this.#buffer;
    this.#output.putInput(count === buffer.length ? buffer : buffer.subarray(0, count), start);
    const full = Math.min(FULL_BUFFER, length - INPUT_SLACK);
    if (count === buffer.length && count < full) {
      this.#buffers.give(buffer);
      this.#buffer = new Uint8Array(Math.min(full, count * GROWTH));
    } else if (count <= IDLE_LENGTH && buffer.length > IDLE_LENGTH) {
      this.#buffer = this.#buffers.take();
    }
    this.handler.data(start, count);
  }

  #peerEnded(): void {
    this.#reading = "over";
    this.handler.end();
    if (this.#writing === "shut") this.#closeNow(undefined);
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queued += bytes.length;
    if (!this.#writesNow) this.#writeNext(bytes, NOTHING);
    else if (this.#queue === undefined) this.#queue = [bytes];
    else this.#queue.push(bytes);
  }

  /** Writes the next of what waits, or what is left of the one before, which may lie in `room`. */
  #writeNext(bytes: Uint8Array, room: Uint8Array): void {
    this.#writesNow = true;
    const written = (count: number): void => this.#written(bytes, count, room);
    const failed = (error: Error): void => {
      this.#buffers.give(room);
      this.#closeNow(error);
    };
    this.#conn.write(bytes).then(written, failed);
  }

  #written(bytes: Uint8Array, count: number, room: Uint8Array): void {
    if (this.#isClosed()) {
      this.#buffers.give(room);
      return;
    }
    this.#queued -= count;
    if (count < bytes.length) {
      this.#writeNext(bytes.subarray(count), room);
      return;
    }
    this.#buffers.give(room);
    const next = this.#queue?.shift();
    if (next !== undefined) {
      this.#writeNext(next, NOTHING);
      return;
    }
    this.#writesNow = false;
    this.#queue = undefined;
    this.#drained();
  }

  #drained(): void {
    if (this.#writing === "closing") {
      this.#closeNow(undefined);
      return;
    }
    try {
      if (this.#start === this.#end) this.handler.drain();
    } catch (error) {
      throwLater(error);
    }
    if (this.#writing === "finishing" && this.#queued === 0) this.#finish();
  }

  #finish(): void {
    this.#writing = "shut";
    const done = (): void => {
      if (this.#reading === "over") this.#closeNow(undefined);
    };
    // That there is nothing left to shut, the read will tell.
    this.#conn.closeWrite().then(done, done);
  }

  #isClosed(): boolean {
    return this.#writing === "closed";
  }

  #closeNow(error: Error | undefined): void {
    if (this.#isClosed()) return;
    this.#writing = "closed";
    this.#reading = "over";
    this.#conn.close();
    this.#output.collector.changed();
    this.#queue = undefined;
    this.#queued = this.#start = this.#end = 0;
    this.#error = error;
    this.#closeDue = true;
    this.#output.add(this);
    this.#giveBuffer();
  }
}
