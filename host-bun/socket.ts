/**
 * One connection: Bun's calls come in at its `on…` methods (from `tcp.ts`), its owner's at those of
 * `Socket`. Between them stand what waits for the kernel, and what waits for its owner.
 */
import {
  type Address,
  KEEP_ALIVE_DELAY,
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
} from "../src/host.ts";
import { localAddressOf } from "./addresses.ts";
import type { Batch, Member } from "./batch.ts";
import type { BunSocket } from "./runtime.ts";

export class Connection implements Socket, Member {
  handler!: SocketHandler;
  readonly remoteAddress: Address;
  #localAddress: Address | undefined;
  readonly #batch: Batch;
  readonly #raw: BunSocket<unknown>;
  /** `closing` sends what waits; `gone` has only to tell its handler, or has told it. */
  #life: "open" | "closing" | "gone" = "open";
  #writing: "open" | "ending" | "ended" = "open";
  #paused = false;
  /** Bytes that the kernel did not take, from `#waitingStart` of the first piece on. */
  #waiting: Uint8Array[] = [];
  #waitingStart = 0;
  #bufferedAmount = 0;
  /** Bytes and the end that Bun gave while reading was paused. */
  #held: Uint8Array | undefined;
  #endHeld = false;
  #ended = false;
  #error: Error | undefined;

  constructor(batch: Batch, raw: BunSocket<unknown>, local: Address | undefined, remote: Address) {
    this.#batch = batch;
    this.#raw = raw;
    this.#localAddress = local;
    this.remoteAddress = remote;
  }

  get localAddress(): Address {
    this.#localAddress ??= localAddressOf(this.#raw);
    return this.#localAddress;
  }

  get tls(): undefined {
    return undefined;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  send(start: number, length: number): void {
    if (this.#life !== "open" || this.#writing !== "open" || length === 0) return;
    this.#batch.gather(this, start, length);
  }

  write(bytes: Uint8Array, mayChange = false): void {
    if (this.#life !== "open" || this.#writing !== "open" || bytes.length === 0) return;
    if (this.#batch.append(this, bytes, !mayChange)) return;
    this.#batch.passFor(this);
    this.put(bytes, 0, bytes.length, mayChange);
  }

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
  }

  /** Bun sends files only from its own HTTP server. */
  sendFile(): boolean {
    return false;
  }

  pause(): void {
    if (this.#paused || this.#life !== "open") return;
    this.#paused = true;
    this.#raw.pause();
  }

  resume(): void {
    if (!this.#paused || this.#life !== "open") return;
    this.#paused = false;
    if (this.#held !== undefined || this.#endHeld) this.#batch.later(this);
    else this.#raw.resume();
  }

  shutdown(): void {
    if (this.#life !== "open" || this.#writing !== "open") return;
    this.#batch.passFor(this);
    this.#writing = "ending";
    this.#finishWriting();
  }

  close(): void {
    if (this.#life !== "open") return;
    this.#batch.passFor(this);
    if (this.#life !== "open") return;
    this.#life = "closing";
    this.#held = undefined;
    this.#finishWriting();
  }

  abort(): void {
    if (this.#life === "gone") return;
    this.#life = "closing";
    this.#raw.terminate();
  }

  setNoDelay(noDelay: boolean): void {
    if (this.#life !== "gone") this.#raw.setNoDelay(noDelay);
  }

  keepProcess(kept: boolean): void {
    if (this.#life === "gone") return;
    if (kept) this.#raw.ref();
    else this.#raw.unref();
  }

  open(factory: SocketHandlerFactory): void {
    this.#raw.data = this;
    if (this.remoteAddress.host !== "") this.#raw.setKeepAlive(true, KEEP_ALIVE_DELAY);
    this.#batch.enter();
    try {
      this.handler = factory(this);
    } catch (error) {
      this.handler = NOBODY;
      this.abort();
      throw error;
    } finally {
      this.#batch.leave();
    }
  }

  /** Gives bytes to the kernel, and keeps what it does not take: as a copy, if they may change. */
  put(bytes: Uint8Array, start: number, length: number, copy: boolean): void {
    if (this.#life === "gone") return;
    let taken = 0;
    if (this.#bufferedAmount === 0) {
      // Below zero, the connection is broken: `close` follows, and until then nothing is taken.
      taken = Math.max(0, this.#raw.write(bytes, start, length));
      if (taken === length || this.#isGone()) return;
    }
    const from = start + taken;
    const end = start + length;
    const rest = bytes.subarray(from, end);
    this.#waiting.push(copy ? new Uint8Array(rest) : rest);
    this.#bufferedAmount += length - taken;
  }

  /** Bun may have closed it within the call before. */
  #isGone(): boolean {
    return this.#life === "gone";
  }

  onData(bytes: Uint8Array): void {
    if (this.#life !== "open") return;
    if (this.#paused || this.#held !== undefined) this.#hold(bytes);
    else if (bytes.length <= this.#batch.inputLength) this.#deliver(bytes);
    else this.#deliverSlices(bytes);
  }

  onEnd(): void {
    if (this.#life !== "open") return;
    if (this.#paused || this.#held !== undefined) {
      this.#endHeld = true;
      return;
    }
    this.#ended = true;
    this.#batch.enter();
    try {
      this.handler.end();
    } finally {
      this.#batch.leave();
    }
    this.#closeIfEnded();
  }

  /** Bun also calls this when nothing waits: after the peer's end, and after `resume`. */
  onDrain(): void {
    if (this.#bufferedAmount === 0 || this.#life === "gone") return;
    if (!this.#writeWaiting()) return;
    if (this.#life === "open" && this.#writing === "open") {
      this.#batch.enter();
      try {
        this.handler.drain();
      } finally {
        this.#batch.leave();
      }
    }
    this.#finishWriting();
  }

  /** Bun calls this from inside `write`, `end` and `terminate` too, hence the handler later. */
  onClose(error: Error | undefined): void {
    // Once both sides have ended, Bun closes without a call to `end`.
    this.#endHeld = error === undefined && this.#life === "open" && !this.#ended;
    this.#life = "gone";
    this.#error = error;
    this.#waiting = [];
    this.#bufferedAmount = 0;
    this.#held = undefined;
    this.#batch.later(this);
  }

  hearDue(): void {
    if (this.#life === "gone") {
      this.#hearClose();
      return;
    }
    if (this.#paused || this.#life !== "open") return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#deliverSlices(held);
    if (this.#paused || this.#life !== "open") return;
    if (this.#endHeld) {
      this.#endHeld = false;
      this.onEnd();
    }
    if (!this.#paused && this.#life === "open") this.#raw.resume();
  }

  #hearClose(): void {
    if (this.#endHeld) this.handler.end();
    const { handler } = this;
    this.handler = NOBODY;
    handler.close(this.#error);
  }

  #deliver(bytes: Uint8Array): void {
    const batch = this.#batch;
    batch.bytes.set(bytes, batch.inputStart);
    batch.enter();
    try {
      this.handler.data(batch.inputStart, bytes.length);
    } finally {
      batch.leave();
    }
  }

  /** Bun's own buffer holds twice what the input region does. */
  #deliverSlices(bytes: Uint8Array): void {
    const most = this.#batch.inputLength;
    for (let at = 0; at < bytes.length; at += most) {
      if (this.#life !== "open") return;
      if (this.#paused) {
        this.#hold(bytes.subarray(at));
        return;
      }
      this.#deliver(bytes.subarray(at, at + most));
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
  }

  /** Returns whether nothing waits any more. */
  #writeWaiting(): boolean {
    let first = this.#waiting[0];
    while (first !== undefined) {
      const length = first.length - this.#waitingStart;
      const taken = this.#raw.write(first, this.#waitingStart, length);
      if (taken < 0) return false;
      this.#bufferedAmount -= taken;
      if (taken < length) {
        this.#waitingStart += taken;
        return false;
      }
      this.#waiting.shift();
      this.#waitingStart = 0;
      first = this.#waiting[0];
    }
    return true;
  }

  #finishWriting(): void {
    if (this.#bufferedAmount > 0 || this.#life === "gone") return;
    if (this.#life === "closing") {
      this.#raw.end();
      return;
    }
    if (this.#writing !== "ending") return;
    this.#writing = "ended";
    this.#raw.shutdown();
    this.#closeIfEnded();
  }

  #closeIfEnded(): void {
    if (this.#life === "open" && this.#ended && this.#writing === "ended") this.#raw.end();
  }
}
