/**
 * A stream over one end of a pipe: what `IOStream` takes for a socket is here a descriptor of the
 * caller's, watched by the host's epoll, and read and written when it is ready.
 */
import { closeSync, readSync, writeSync } from "node:fs";
import { CARRY_CAPACITY, CARRY_START, copyBytes, viewBytes } from "../core.ts";
import {
  type Address,
  BROKEN,
  type DescriptorWatch,
  NOBODY,
  READABLE,
  type Socket,
  type SocketHandler,
  type Tcp,
  WRITABLE,
} from "../host.ts";
import { IOLoop } from "../ioloop.ts";
import { IOStream } from "./io-stream.ts";
import type { IOStreamOptions } from "./options.ts";

/** Bytes that a pipe which is ready takes without blocking, whatever its flags are (PIPE_BUF). */
const PIPE_BUF = 4096;

const NOWHERE: Address = { host: "", port: 0, path: "" };

/**
 * Reads from or writes to a pipe, which has one direction (Tornado `iostream.PipeIOStream`). The
 * descriptor is the stream's from here on, and closed with it. Throws with the system's code for a
 * descriptor that cannot be watched, as EPERM for a file, and with ENOTSUP on hosts without epoll.
 */
export class PipeIOStream extends IOStream {
  readonly fd: number;

  constructor(fd: number, options: IOStreamOptions = {}) {
    super(new PipeSocket((options.loop ?? IOLoop.current()).tcp, fd), options);
    this.fd = fd;
  }
}

class PipeSocket implements Socket {
  handler: SocketHandler = NOBODY;
  readonly localAddress: Address = NOWHERE;
  readonly remoteAddress: Address = NOWHERE;
  readonly tls = undefined;
  bufferedAmount = 0;
  readonly #tcp: Tcp;
  readonly #fd: number;
  #watch: DescriptorWatch | undefined;
  #queue: Uint8Array[] = [];
  #reading = true;
  #state: "open" | "closing" | "closed" = "open";

  constructor(tcp: Tcp, fd: number) {
    this.#tcp = tcp;
    this.#fd = fd;
    this.#watchAgain();
  }

  send(start: number, length: number): void {
    this.write(copyBytes(start, length));
  }

  /** Always later: only epoll knows whether the pipe takes bytes without blocking. */
  write(bytes: Uint8Array): void {
    if (this.#state !== "open" || bytes.length === 0) return;
    this.bufferedAmount += bytes.length;
    if (this.#queue.push(bytes) === 1) this.#watchAgain();
  }

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
  }

  sendFile(): boolean {
    return false;
  }

  pause(): void {
    this.#setReading(false);
  }

  resume(): void {
    this.#setReading(true);
  }

  /** A pipe has one direction: nothing is left after its end. */
  shutdown(): void {
    this.close();
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    if (this.bufferedAmount === 0) this.#end(undefined);
    else this.#watchAgain();
  }

  abort(): void {
    this.#end(undefined);
  }

  setNoDelay(): void {}

  keepProcess(): void {}

  #setReading(reading: boolean): void {
    if (this.#state !== "open" || this.#reading === reading) return;
    this.#reading = reading;
    this.#watchAgain();
  }

  /** Without anything to wait for, not at all: epoll would say again and again that an end is gone. */
  #watchAgain(): void {
    const reading = this.#reading && this.#state === "open" ? READABLE : 0;
    const events = reading | (this.bufferedAmount > 0 ? WRITABLE : 0);
    if (events === 0) {
      this.#watch?.close();
      this.#watch = undefined;
    } else if (this.#watch !== undefined) {
      this.#watch.change(events);
    } else {
      this.#watch = this.#tcp.watch(this.#fd, events, (ready) => this.#ready(ready));
    }
  }

  #ready(events: number): void {
    try {
      if ((events & WRITABLE) !== 0) this.#writeSome();
      if ((events & (READABLE | BROKEN)) !== 0 && this.#reading) this.#readSome();
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  #writeSome(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    const written = writeSync(this.#fd, first, 0, Math.min(first.length, PIPE_BUF));
    this.bufferedAmount -= written;
    if (written < first.length) this.#queue[0] = first.subarray(written);
    else this.#queue.shift();
    if (this.bufferedAmount > 0) return;
    if (this.#state === "closing") this.#end(undefined);
    else {
      this.#watchAgain();
      this.handler.drain();
    }
  }

  #readSome(): void {
    if (this.#state !== "open") return;
    const length = readSync(this.#fd, viewBytes(CARRY_START, CARRY_CAPACITY));
    if (length > 0) {
      this.handler.data(CARRY_START, length);
      return;
    }
    this.#setReading(false);
    this.handler.end();
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === "EAGAIN") return;
    // An end for writing cannot be read: it is ready because nobody reads the other one.
    const message = "Cannot write to a pipe: nobody has it open for reading";
    const isUnread = error.code === "EBADF";
    this.#end(isUnread ? Object.assign(new Error(message), { code: "EPIPE" }) : error);
  }

  #end(error: Error | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#watch?.close();
    this.#watch = undefined;
    this.#queue = [];
    this.bufferedAmount = 0;
    closeSync(this.#fd);
    queueMicrotask(() => this.handler.close(error));
  }
}
