/**
 * One connection of `tcp.ts`: a read is always pending unless its owner paused it, and one write at
 * a time takes what has gathered since the one before.
 */

import {
  type Address,
  INPUT_SLACK,
  type Socket,
  type SocketHandler,
  type TransferMemory,
} from "../src/host.ts";
import { type Output, type Settling, throwLater } from "./output.ts";
import { NOBODY, plainAddress } from "./socket-address.ts";

/** What an idle connection costs of reading. Most requests are shorter. */
const IDLE_BUFFER = 1024;
/** Buffers grow as long as reads fill them, up to what libuv reads at once. */
const FULL_BUFFER = 64 * 1024;
const GROWTH = 4;
/** Up to here, a copy into the output region costs less than a write of its own. */
const GATHER_LENGTH = 16 * 1024;

/** `finishing` and `closing` wait for what is buffered, then go on to `shut` and `closed`. */
type Reading = "on" | "paused" | "over";
type Writing = "on" | "finishing" | "shut" | "closing" | "closed";

export class ConnSocket implements Socket, Settling {
  handler: SocketHandler = NOBODY;
  readonly #conn: DenoConn;
  readonly #memory: TransferMemory;
  readonly #output: Output;
  readonly #received: (count: number | null) => void;
  readonly #failed: (error: unknown) => void;
  #buffer: Uint8Array = new Uint8Array(IDLE_BUFFER);
  #reading: Reading = "on";
  #writing: Writing = "on";
  /** A read is pending; what it brings while the socket is paused is held: null is the end. */
  #pending = false;
  #held: number | null | undefined;
  /** Recorded bytes of the output region. */
  #start = 0;
  #end = 0;
  /** What waits to be written. A write of the first is under way while there are any. */
  #queue: Uint8Array[] = [];
  #queued = 0;
  #closeDue = false;
  #error: Error | undefined;

  constructor(conn: DenoConn, memory: TransferMemory, output: Output) {
    this.#conn = conn;
    this.#memory = memory;
    this.#output = output;
    this.#received = (count) => this.#receive(count);
    this.#failed = (error) => this.#closeNow(error as Error);
    conn.setNoDelay?.(true);
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
    if (this.#reading === "on") this.#read();
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

  write(bytes: Uint8Array): void {
    if (this.#writing !== "on" || bytes.length === 0) return;
    const start = bytes.length > GATHER_LENGTH ? undefined : this.#output.put(bytes);
    if (start !== undefined) this.send(start, bytes.length);
    else {
      this.flush();
      this.#enqueue(bytes);
    }
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
    if (this.#closed || this.#writing === "closing") return;
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
    if (!this.#closed) this.#conn.setNoDelay?.(noDelay);
  }

  keepProcess(kept: boolean): void {
    if (this.#closed) return;
    if (kept) this.#conn.ref();
    else this.#conn.unref();
  }

  /** Called by `Output`, as is `settle`. */
  flush(): void {
    if (this.#start === this.#end) return;
    const bytes = this.#output.copy(this.#start, this.#end);
    this.#start = this.#end = 0;
    this.#enqueue(bytes);
  }

  settle(): void {
    this.flush();
    if (!this.#closeDue) return;
    this.#closeDue = false;
    this.handler.close(this.#error);
  }

  #read(): void {
    this.#pending = true;
    this.#conn.read(this.#buffer).then(this.#received, this.#failed);
  }

  #release(): void {
    const held = this.#held;
    if (held === undefined || this.#reading !== "on") return;
    this.#held = undefined;
    this.#receive(held);
  }

  #receive(count: number | null): void {
    this.#pending = false;
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
    if (this.#isReading()) this.#read();
  }

  /** A handler may have paused or closed the socket, and resumed it too. */
  #isReading(): boolean {
    return this.#reading === "on" && !this.#pending && this.#held === undefined;
  }

  #deliver(count: number): void {
    const { start, length } = this.#memory.input;
    const buffer = this.#buffer;
    this.#output.putInput(count === buffer.length ? buffer : buffer.subarray(0, count), start);
    const full = Math.min(FULL_BUFFER, length - INPUT_SLACK);
    if (count === buffer.length && count < full) {
      this.#buffer = new Uint8Array(Math.min(full, count * GROWTH));
    } else if (count <= IDLE_BUFFER && buffer.length > IDLE_BUFFER) {
      this.#buffer = new Uint8Array(IDLE_BUFFER);
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
    if (this.#queue.push(bytes) === 1) this.#writeNext();
  }

  /** Writes the first of the queue, together with what has gathered behind it. */
  #writeNext(): void {
    const first = this.#queue[0] as Uint8Array;
    this.#conn.write(first).then(this.#written, this.#failed);
  }

  readonly #written = (count: number): void => {
    if (this.#closed) return;
    const first = this.#queue[0] as Uint8Array;
    this.#queued -= count;
    if (count < first.length) this.#queue[0] = first.subarray(count);
    else this.#queue.shift();
    if (this.#queued > 0) this.#writeNext();
    else this.#drained();
  };

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

  get #closed(): boolean {
    return this.#writing === "closed";
  }

  #closeNow(error: Error | undefined): void {
    if (this.#closed) return;
    this.#writing = "closed";
    this.#reading = "over";
    this.#conn.close();
    this.#queue = [];
    this.#queued = this.#start = this.#end = 0;
    this.#error = error;
    this.#closeDue = true;
    this.#output.add(this);
  }
}
