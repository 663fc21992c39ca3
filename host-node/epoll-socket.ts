/**
 * One connection of the epoll loop. tcp.ts brings it the events of a batch and takes its output;
 * above it stands the socket's handler. What the connection has been through is a set of flags,
 * ordered so that one comparison answers what is asked most.
 */
import { type Address, NOBODY, type Socket, type SocketHandler } from "../src/host.ts";
import { systemError } from "./addresses.ts";
import { OUTPUT_CLOSE, OUTPUT_SHUTDOWN } from "./loop-table.ts";
import type { EpollTcp } from "./tcp.ts";

const EPOLLIN = 1;
const EPOLLOUT = 4;

// What has happened to a socket. From SHUT on, output is dropped; from CLOSING on, input too.
const PAUSED = 1;
/** Was paused when bytes or the end came, so epoll no longer watches for more. */
const STOPPED = 2;
const ENDED = 4;
const SHUT = 8;
const CLOSING = 16;
const CLOSED = 32;

/**
 * Written bytes up to this length are copied to the output region, so that they leave together
 * with what is there already: the copy costs less than a second system call.
 */
const COPIED_LENGTH = 16 * 1024;

/** A part of an open file that waits to be sent. */
class FilePart {
  readonly file: number;
  readonly start: number;
  readonly length: number;

  constructor(file: number, start: number, length: number) {
    this.file = file;
    this.start = start;
    this.length = length;
  }

  /** What is left of it, by the name that bytes have for it. */
  subarray(from: number): FilePart {
    return new FilePart(this.file, this.start + from, this.length - from);
  }
}

type Chunk = Uint8Array | FilePart;

/** What waits for room in the kernel. Made when a send falls short, dropped when empty. */
class OutputQueue {
  readonly chunks: Chunk[] = [];
  length = 0;

  push(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Takes away what the kernel has taken of the first chunk. */
  take(length: number): void {
    const [first] = this.chunks;
    if (first === undefined) return;
    if (length === first.length) this.chunks.shift();
    else this.chunks[0] = first.subarray(length);
    this.length -= length;
  }
}

/** Bytes of their own, also of a Buffer, whose `slice` does not copy. */
function copyOf(bytes: Uint8Array, from: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from));
}

/** An idle connection costs this object, so it has few members. */
export class EpollSocket implements Socket {
  handler: SocketHandler = NOBODY;
  id: number;
  readonly #tcp: EpollTcp;
  #flags = 0;
  #queue: OutputQueue | undefined = undefined;
  /** What arrived after `pause`. */
  #held: Uint8Array | undefined = undefined;
  #remoteAddress: Address | undefined;

  constructor(tcp: EpollTcp, id: number, remoteAddress: Address | undefined) {
    this.#tcp = tcp;
    this.id = id;
    this.#remoteAddress = remoteAddress;
  }

  get localAddress(): Address {
    return this.#tcp.address(this.id, 0);
  }

  get remoteAddress(): Address {
    this.#remoteAddress ??= this.#tcp.address(this.id, 1);
    return this.#remoteAddress;
  }

  get tls(): undefined {
    return undefined;
  }

  /** The peer's address can be read for good; the addon knows it while the socket is open. */
  #keepAddress(): void {
    this.#remoteAddress ??= this.#tcp.address(this.id, 1);
  }

  /** Output of the current batch does not count: the kernel has not been asked yet. */
  get bufferedAmount(): number {
    return this.#queue?.length ?? 0;
  }

  send(start: number, length: number): void {
    if (this.#flags >= SHUT || length === 0) return;
    if (this.#queue === undefined) this.#tcp.output.add(this.id, start, length);
    else this.#queue.push(this.#tcp.copyOf(start, length));
  }

  write(bytes: Uint8Array, mayChange = false): void {
    if (this.#flags >= SHUT || bytes.length === 0) return;
    if (this.#queue !== undefined) this.#queue.push(mayChange ? copyOf(bytes, 0) : bytes);
    else if (bytes.length > COPIED_LENGTH || !this.#tcp.output.copy(this.id, bytes)) {
      this.#writeBehind(bytes, mayChange);
    }
  }

  writeShared(bytes: Uint8Array): void {
    if (this.#flags >= SHUT || bytes.length === 0) return;
    if (this.#queue !== undefined) this.#queue.push(bytes);
    else if (bytes.length > COPIED_LENGTH || !this.#tcp.output.share(this.id, bytes)) {
      this.#writeBehind(bytes, false);
    }
  }

  /** Sends bytes together with what was sent last: a head and its body are one system call. */
  #writeBehind(bytes: Uint8Array, mayChange: boolean): void {
    const length = this.#tcp.output.take(this.id);
    const start = this.#tcp.output.takenStart;
    // What was sent before that must leave first; and may leave a queue.
    this.#tcp.flush();
    if (this.#flags >= CLOSED) return;
    let sent = 0;
    if (this.#queue === undefined) sent = this.#tcp.native.write(this.id, bytes, start, length);
    if (sent < 0) {
      this.fail(-sent);
      return;
    }
    if (sent === length + bytes.length) return;
    if (sent < length) this.enqueue(this.#tcp.copyOf(start + sent, length - sent));
    const from = Math.max(0, sent - length);
    this.enqueue(mayChange ? copyOf(bytes, from) : bytes.subarray(from));
  }

  sendFile(file: number, start: number, length: number): boolean {
    if (this.#flags >= SHUT || length === 0) return true;
    const part = new FilePart(file, start, length);
    // What was sent before must leave first; and may leave a queue.
    if (this.#queue === undefined) this.#tcp.flush();
    if (this.#flags >= CLOSED) return true;
    if (this.#queue !== undefined) this.#queue.push(part);
    else this.#sendPart(part);
    return true;
  }

  #sendPart(part: FilePart): void {
    const sent = this.#give(part);
    if (sent < 0) this.#refused(part, -sent);
    else this.enqueue(part.subarray(sent));
  }

  /** Returns how much of a chunk the kernel took, or `-errno`. */
  #give(chunk: Chunk): number {
    const { native } = this.#tcp;
    if (chunk instanceof Uint8Array) return native.write(this.id, chunk, 0, 0);
    return native.sendFile(this.id, chunk.file, chunk.start, chunk.length);
  }

  /** A file that ends too soon must not look like the end of what was to be sent. */
  #refused(chunk: Chunk, errno: number): void {
    if (chunk instanceof Uint8Array) {
      this.fail(errno);
      return;
    }
    this.#keepAddress();
    this.#tcp.native.close(this.id, 1);
    this.finish(systemError(errno, "send a file"));
  }

  enqueue(chunk: Chunk): void {
    if (chunk.length === 0) return;
    this.#queue ??= new OutputQueue();
    this.#queue.push(chunk);
  }

  /** Pausing costs nothing before something arrives: a short pause often ends sooner. */
  pause(): void {
    this.#flags |= PAUSED;
  }

  resume(): void {
    this.#flags &= ~PAUSED;
    if ((this.#flags & STOPPED) === 0 || this.#flags >= CLOSING) return;
    // Within a batch the input region holds what others have received.
    if (this.#held !== undefined) setImmediate(() => this.#deliverHeld());
    else this.#watch();
  }

  #deliverHeld(): void {
    const held = this.#held;
    if (held === undefined || (this.#flags & PAUSED) !== 0 || this.#flags >= CLOSING) return;
    this.#held = undefined;
    try {
      this.handler.data(this.#tcp.putInput(held), held.length);
    } finally {
      if ((this.#flags & PAUSED) === 0 && this.#flags < CLOSING) this.#watch();
    }
  }

  #watch(): void {
    this.#flags &= ~STOPPED;
    this.#tcp.native.watch(this.id, EPOLLIN, 1);
  }

  shutdown(): void {
    if (this.#flags >= SHUT) return;
    if ((this.#flags & ENDED) !== 0) {
      this.close();
      return;
    }
    this.#flags |= SHUT;
    if (this.#queue === undefined) this.#tcp.output.addStep(this.id, OUTPUT_SHUTDOWN);
  }

  close(): void {
    if (this.#flags >= CLOSING) return;
    this.#flags |= CLOSING;
    this.#keepAddress();
    if (this.#queue === undefined) this.#tcp.output.addStep(this.id, OUTPUT_CLOSE);
  }

  abort(): void {
    if (this.#flags >= CLOSED) return;
    this.#keepAddress();
    this.#tcp.native.close(this.id, 1);
    this.finish(undefined);
  }

  setNoDelay(noDelay: boolean): void {
    this.#tcp.native.setNoDelay(this.id, noDelay ? 1 : 0);
  }

  keepProcess(kept: boolean): void {
    this.#tcp.native.keepProcess(this.id, kept ? 1 : 0);
  }

  /** Bytes have arrived. */
  receive(start: number, length: number): void {
    if (this.#flags >= CLOSING) return;
    if ((this.#flags & PAUSED) === 0) {
      this.handler.data(start, length);
      return;
    }
    this.#held = this.#tcp.copyOf(start, length);
    this.#flags |= STOPPED;
    this.#tcp.native.watch(this.id, EPOLLIN, 0);
  }

  /** The peer sends no more. The addon has stopped to watch; watching again brings the end again. */
  end(): void {
    if (this.#flags >= CLOSING) return;
    if ((this.#flags & PAUSED) !== 0) {
      this.#flags |= STOPPED;
      return;
    }
    this.#flags |= ENDED;
    try {
      this.handler.end();
    } finally {
      if ((this.#flags & SHUT) !== 0) this.close();
    }
  }

  /** The kernel has room again. */
  drain(): void {
    const queue = this.#queue;
    while (queue?.chunks[0] !== undefined) {
      const [chunk] = queue.chunks;
      const sent = this.#give(chunk);
      if (sent < 0) {
        this.#refused(chunk, -sent);
        return;
      }
      const whole = sent === chunk.length;
      queue.take(sent);
      if (!whole) return;
    }
    this.#drained();
  }

  #drained(): void {
    this.#queue = undefined;
    if (this.#flags >= CLOSING) {
      this.#tcp.native.close(this.id, 0);
      this.finish(undefined);
      return;
    }
    this.#tcp.native.watch(this.id, EPOLLOUT, 0);
    if (this.#flags >= SHUT) this.#tcp.native.shutdown(this.id);
    this.handler.drain();
  }

  /** The connection is broken. */
  fail(errno: number): void {
    if (this.#flags >= CLOSED) return;
    this.#keepAddress();
    this.#tcp.native.close(this.id, 0);
    this.finish(systemError(errno, "use a connection"));
  }

  /** The addon has closed the socket. Its owner hears of it after what is running now. */
  finish(error: Error | undefined): void {
    if (this.#flags >= CLOSED) return;
    this.#tcp.forget(this);
    this.#flags |= CLOSED;
    this.#queue = undefined;
    this.#held = undefined;
    this.id = -1;
    queueMicrotask(() => this.handler.close(error));
  }
}
