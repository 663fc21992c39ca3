/**
 * The sockets of `fake-host.ts`, with their kernel buffers, and the event loop in whose turns they are
 * heard.
 */
import { readSync } from "node:fs";
import { setImmediate } from "node:timers";
import {
  type Address,
  INPUT_SLACK,
  NOBODY,
  type Region,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type TransferMemory,
} from "../../src/host.ts";

/** Bytes that the receive buffer of a socket holds. */
const KERNEL_LENGTH = 256 * 1024;
/** Most bytes of one call to `data`. */
const READ_LENGTH = 64 * 1024;

export function systemError(act: string, code: string): Error {
  return Object.assign(new Error(`${act} ${code}`), { code });
}

/** Runs what is due, one turn of the event loop after the other. */
export class Turns {
  #due: (() => void)[] = [];

  later(action: () => void): void {
    if (this.#due.push(action) === 1) setImmediate(() => this.#turn());
  }

  #turn(): void {
    const due = this.#due;
    this.#due = [];
    let next = 0;
    try {
      while (next < due.length) due[next++]?.();
    } finally {
      // What one handler throws must not cost the others their turn.
      for (const action of due.slice(next)) this.later(action);
    }
  }
}

/** One end of a connection. */
export class FakeSocket implements Socket {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  bufferedAmount = 0;
  readonly #memory: ArrayBuffer;
  readonly #input: Region;
  readonly #turns: Turns;
  #handler: SocketHandler | undefined;
  #peer: FakeSocket | undefined;
  /** What this side is: `closing` sends what waits, `gone` has only to tell its handler. */
  #life: "open" | "closing" | "gone" = "open";
  #reading: "open" | "finReceived" | "ended" = "open";
  #writing: "open" | "ending" | "ended" = "open";
  /** Received, not read yet: the kernel's buffer. */
  #received: Uint8Array[] = [];
  #receivedLength = 0;
  /** Sent, not taken by the peer's kernel yet. */
  #waiting: Uint8Array[] = [];
  #paused = false;
  #scheduled = true;
  #error: Error | undefined;

  constructor(memory: TransferMemory, turns: Turns, local: Address, remote: Address) {
    this.#memory = memory.buffer;
    this.#input = memory.input;
    this.#turns = turns;
    this.localAddress = local;
    this.remoteAddress = remote;
  }

  get handler(): SocketHandler {
    if (this.#handler === undefined) throw new Error("Cannot get handler: not open yet");
    return this.#handler;
  }

  set handler(handler: SocketHandler) {
    this.#handler = handler;
  }

  join(peer: FakeSocket): void {
    this.#peer = peer;
  }

  /** Gets its handler, and starts to deliver. */
  open(factory: SocketHandlerFactory): void {
    try {
      this.#handler = factory(this);
    } catch (error) {
      this.#handler = NOBODY;
      this.abort();
      throw error;
    } finally {
      this.#scheduled = false;
      this.#schedule();
    }
  }

  send(start: number, length: number): void {
    this.#put(new Uint8Array(this.#memory, start, length), true);
  }

  write(bytes: Uint8Array, mayChange = false): void {
    this.#put(bytes, mayChange);
  }

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
  }

  get tls(): undefined {
    return undefined;
  }

  sendFile(file: number, start: number, length: number): boolean {
    const bytes = new Uint8Array(length);
    if (readSync(file, bytes, 0, length, start) === length) this.write(bytes);
    else {
      this.#vanish(systemError("sendfile", "ENODATA"));
      this.#peer?.reset();
    }
    return true;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  shutdown(): void {
    if (this.#life !== "open" || this.#writing !== "open") return;
    this.#writing = "ending";
    this.#flush();
    this.#schedule();
  }

  close(): void {
    if (this.#life !== "open") return;
    this.#life = "closing";
    this.#flush();
  }

  abort(): void {
    if (this.#life === "gone") return;
    this.#vanish(undefined);
    this.#peer?.reset();
  }

  setNoDelay(): void {}

  keepProcess(): void {}

  /** The peer's kernel sends: returns how much of it there is room for. */
  receive(bytes: Uint8Array): number {
    if (this.#life === "gone") {
      this.#peer?.reset();
      return bytes.length;
    }
    // Not `slice`, which does not copy a Buffer.
    const taken = new Uint8Array(bytes.subarray(0, KERNEL_LENGTH - this.#receivedLength));
    if (taken.length > 0) this.#received.push(taken);
    this.#receivedLength += taken.length;
    this.#schedule();
    return taken.length;
  }

  /** The peer's kernel sends FIN. */
  finish(): void {
    if (this.#reading === "open") this.#reading = "finReceived";
    this.#schedule();
  }

  /** The peer's kernel sends RST. */
  reset(): void {
    if (this.#life !== "gone") this.#vanish(systemError("read", "ECONNRESET"));
  }

  /** The peer has read: there is room again. */
  wake(): void {
    if (this.bufferedAmount > 0) this.#schedule();
  }

  #put(bytes: Uint8Array, copy: boolean): void {
    if (this.#life !== "open" || this.#writing !== "open" || bytes.length === 0) return;
    const taken = this.bufferedAmount > 0 ? 0 : (this.#peer?.receive(bytes) ?? 0);
    if (taken === bytes.length) return;
    this.#waiting.push(copy ? new Uint8Array(bytes.subarray(taken)) : bytes.subarray(taken));
    this.bufferedAmount += bytes.length - taken;
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0] as Uint8Array;
      const taken = this.#peer?.receive(first) ?? 0;
      if (this.#life === "gone") return;
      this.bufferedAmount -= taken;
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#writing === "ending") {
      this.#writing = "ended";
      this.#peer?.finish();
    }
    if (this.#life === "closing") {
      const unread = this.#receivedLength > 0;
      this.#vanish(undefined);
      if (unread) this.#peer?.reset();
      else this.#peer?.finish();
    }
  }

  #vanish(error: Error | undefined): void {
    this.#life = "gone";
    this.#error = error;
    this.#waiting = [];
    this.#received = [];
    this.bufferedAmount = 0;
    this.#receivedLength = 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#turns.later(() => this.#run());
  }

  /** One turn: what a socket has to hear, at most one of each kind. */
  #run(): void {
    this.#scheduled = false;
    if (this.#life === "gone") {
      // Never scheduled again: close is the last that is heard.
      this.#scheduled = true;
      this.handler.close(this.#error);
      return;
    }
    if (this.bufferedAmount > 0) {
      this.#flush();
      if (this.#life === "open" && this.bufferedAmount === 0) this.handler.drain();
    }
    if (this.#life === "open" && !this.#paused) this.#read();
    if (this.#life === "open" && this.#reading === "ended" && this.#writing === "ended") {
      this.#vanish(undefined);
    }
  }

  #read(): void {
    const first = this.#received[0];
    if (first !== undefined) {
      const length = Math.min(first.length, READ_LENGTH, this.#input.length - INPUT_SLACK);
      new Uint8Array(this.#memory, this.#input.start, length).set(first.subarray(0, length));
      if (length === first.length) this.#received.shift();
      else this.#received[0] = first.subarray(length);
      this.#receivedLength -= length;
      this.#peer?.wake();
      this.#schedule();
      this.handler.data(this.#input.start, length);
    } else if (this.#reading === "finReceived") {
      this.#reading = "ended";
      this.handler.end();
    }
  }
}
