/**
 * One connection of `tcp-epoll.ts`: receives straight into the core's input region, sends straight
 * from its output region, and keeps only what the kernel does not take.
 */

import {
  type Address,
  INPUT_SLACK,
  type Socket,
  type SocketHandler,
  type TransferMemory,
} from "../src/host.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, type Epoll, type Source } from "./epoll.ts";
import {
  EAGAIN,
  ECONNRESET,
  EINTR,
  IPPROTO_TCP,
  type Libc,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_LINGER,
  SOL_SOCKET,
  systemError,
  TCP_NODELAY,
} from "./libc.ts";
import type { Output, Settling } from "./output.ts";
import { describe } from "./socket-address.ts";

/**
 * Most bytes received at once, as in libuv: enough for full speed, and it bounds what one busy
 * peer takes of a batch.
 */
const RECEIVE_LENGTH = 64 * 1024;
/** Up to here, a copy into the output region costs less than a `send` of its own. */
const GATHER_LENGTH = 16 * 1024;
/** In place of an interest: epoll does not watch the descriptor. */
const PARKED = -1;

/** What all sockets of one `Tcp` share. */
export class Kernel {
  readonly libc: Libc;
  readonly epoll: Epoll;
  readonly output: Output;
  readonly memory: TransferMemory;
  readonly inputStart: number;
  readonly inputLength: number;
  readonly inputPointer: DenoPointer;
  readonly #outputStart: number;
  readonly #outputPointer: DenoPointer;

  constructor(libc: Libc, epoll: Epoll, output: Output, memory: TransferMemory) {
    this.libc = libc;
    this.epoll = epoll;
    this.output = output;
    this.memory = memory;
    const { buffer, input } = memory;
    this.inputStart = input.start;
    this.inputLength = Math.min(RECEIVE_LENGTH, input.length - INPUT_SLACK);
    this.inputPointer = Deno.UnsafePointer.of(new Uint8Array(buffer, input.start, 1));
    this.#outputStart = memory.output.start;
    this.#outputPointer = Deno.UnsafePointer.of(new Uint8Array(buffer, memory.output.start, 1));
  }

  /** Most responses start where the region does, so their pointer is made once. */
  outputPointer(start: number): DenoPointer {
    const offset = start - this.#outputStart;
    if (offset === 0) return this.#outputPointer;
    return Deno.UnsafePointer.offset(this.#outputPointer, offset);
  }
}

/** `finishing` and `closing` wait for what is buffered, then go on to `shut` and `closed`. */
type Reading = "on" | "paused" | "over";
type Writing = "on" | "finishing" | "shut" | "closing" | "closed";

export class EpollSocket implements Socket, Source, Settling {
  handler: SocketHandler;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  serial = 0;
  readonly #kernel: Kernel;
  readonly #fd: number;
  #interest: number = EPOLLIN;
  #reading: Reading = "on";
  #writing: Writing = "on";
  /** Recorded bytes of the output region. */
  #start = 0;
  #end = 0;
  /** Bytes that wait for EPOLLOUT, and how many they are. */
  #queue: Uint8Array[] = [];
  #queued = 0;
  /** Somebody saw `bufferedAmount` above 0 since it last was 0, so is owed a `drain`. */
  #watched = false;
  #drainDue = false;
  #closeDue = false;
  #error: Error | undefined;

  constructor(kernel: Kernel, fd: number, local: Address, remote: Address, first: SocketHandler) {
    this.#kernel = kernel;
    this.#fd = fd;
    this.localAddress = local;
    this.remoteAddress = remote;
    this.handler = first;
    kernel.epoll.add(fd, EPOLLIN, this);
  }

  get tls(): undefined {
    return undefined;
  }

  get bufferedAmount(): number {
    const amount = this.#queued + this.#end - this.#start;
    if (amount > 0) this.#watched = true;
    return amount;
  }

  send(start: number, length: number): void {
    if (this.#writing !== "on" || length === 0) return;
    const { output } = this.#kernel;
    if (this.#start !== this.#end && this.#end !== start) this.flush();
    if (this.#closed) return;
    if (this.#queued > 0) {
      this.#enqueue(output.copy(start, start + length));
      return;
    }
    output.use(start, length);
    if (this.#start === this.#end) {
      this.#start = start;
      output.add(this);
    }
    this.#end = start + length;
  }

  write(bytes: Uint8Array): void {
    if (this.#writing !== "on" || bytes.length === 0) return;
    if (this.#queued === 0 && bytes.length <= GATHER_LENGTH) {
      const start = this.#kernel.output.put(bytes);
      if (start !== undefined) {
        this.send(start, bytes.length);
        return;
      }
    }
    this.flush();
    if (this.#closed) return;
    if (this.#queued > 0) {
      this.#enqueue(bytes);
      return;
    }
    const { call } = this.#kernel.libc;
    const count = call.sendBytes(this.#fd, bytes, bytes.length, MSG_NOSIGNAL);
    if (count === bytes.length || (count < 0 && this.#failed("write to"))) return;
    this.#enqueue(bytes.subarray(Math.max(count, 0)));
  }

  /** The descriptors of Deno's files are numbers of its own. */
  sendFile(): boolean {
    return false;
  }

  /** Costs nothing yet: `ready` has the kernel stop telling when it does tell. */
  pause(): void {
    if (this.#reading === "on") this.#reading = "paused";
  }

  resume(): void {
    if (this.#reading !== "paused") return;
    this.#reading = "on";
    this.#watch();
  }

  shutdown(): void {
    if (this.#writing !== "on") return;
    this.flush();
    if (this.#closed) return;
    this.#writing = "finishing";
    if (this.#queued === 0) this.#finish();
  }

  close(): void {
    if (this.#closed || this.#writing === "closing") return;
    this.#reading = "over";
    this.flush();
    if (this.#closed) return;
    if (this.#queued === 0) {
      this.#closeNow(undefined);
      return;
    }
    this.#writing = "closing";
    this.#watch();
  }

  abort(): void {
    if (this.#closed) return;
    // A linger time of zero makes `close` drop what is unsent and send RST (socket(7)).
    this.#kernel.libc.setOption(this.#fd, SOL_SOCKET, SO_LINGER, 1, 0);
    this.#closeNow(undefined);
  }

  setNoDelay(noDelay: boolean): void {
    if (this.#closed || this.localAddress.host === "") return;
    this.#kernel.libc.setOption(this.#fd, IPPROTO_TCP, TCP_NODELAY, noDelay ? 1 : 0);
  }

  /** Called by `Output`, as is `settle`. */
  flush(): void {
    const start = this.#start;
    const end = this.#end;
    if (start === end) return;
    this.#start = this.#end = 0;
    const { libc, output } = this.#kernel;
    const pointer = this.#kernel.outputPointer(start);
    const count = libc.call.send(this.#fd, pointer, end - start, MSG_NOSIGNAL);
    if (count === end - start) {
      this.#drainDue = this.#watched;
      return;
    }
    if (count < 0 && this.#failed("write to")) return;
    this.#enqueue(output.copy(start + Math.max(count, 0), end));
  }

  settle(): void {
    this.flush();
    if (this.#drainDue && this.#queued === 0) {
      this.#drainDue = this.#watched = false;
      if (!this.#closed && this.#writing !== "closing") this.handler.drain();
    }
    if (!this.#closeDue) return;
    this.#closeDue = false;
    this.handler.close(this.#error);
  }

  /** Called by the epoll loop. */
  ready(events: number): void {
    if ((events & EPOLLOUT) !== 0 && this.#queued > 0) this.#sendQueue();
    if (this.#closed) return;
    if (this.#reading === "on" && (events & ~EPOLLOUT) !== 0) this.#receive();
    else if ((events & EPOLLERR) !== 0) this.fail("use", this.#kernel.libc.takeError(this.#fd));
    else if ((events & EPOLLHUP) !== 0) this.#park();
    else if ((events & EPOLLIN) !== 0) this.#watch();
  }

  #receive(): void {
    const { libc, inputPointer, inputStart, inputLength } = this.#kernel;
    const count = libc.call.recv(this.#fd, inputPointer, inputLength, 0);
    if (count > 0) this.handler.data(inputStart, count);
    else if (count === 0) this.#peerEnded();
    else this.#failed("read from");
  }

  #peerEnded(): void {
    this.#reading = "over";
    this.handler.end();
    if (this.#writing === "shut") this.#closeNow(undefined);
    else if (!this.#closed) this.#watch();
  }

  /** Sends what waits, in its order, as far as the kernel takes it. */
  #sendQueue(): void {
    const { call } = this.#kernel.libc;
    const queue = this.#queue;
    let done = 0;
    for (const bytes of queue) {
      const count = call.sendBytes(this.#fd, bytes, bytes.length, MSG_NOSIGNAL);
      if (count < 0 && this.#failed("write to")) return;
      this.#queued -= Math.max(count, 0);
      if (count < bytes.length) {
        queue[done] = bytes.subarray(Math.max(count, 0));
        break;
      }
      done++;
    }
    queue.splice(0, done);
    if (this.#queued === 0) this.#drained();
  }

  /** The queue has become empty: goes on with what waited for that. */
  #drained(): void {
    if (this.#writing === "closing") {
      this.#closeNow(undefined);
      return;
    }
    this.#watched = false;
    this.handler.drain();
    if (this.#writing === "finishing" && this.#queued === 0) this.#finish();
    if (!this.#closed) this.#watch();
  }

  #finish(): void {
    this.#kernel.libc.call.shutdown(this.#fd, SHUT_WR);
    this.#writing = "shut";
    if (this.#reading === "over") this.#closeNow(undefined);
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#watch();
  }

  /** Tells the kernel what is of interest now, if that has changed. */
  #watch(): void {
    const interest = (this.#reading === "on" ? EPOLLIN : 0) | (this.#queued > 0 ? EPOLLOUT : 0);
    if (interest === this.#interest || (interest === 0 && this.#interest === PARKED)) return;
    const { epoll } = this.#kernel;
    if (this.#interest === PARKED) epoll.unpark(this.#fd, interest, this);
    else epoll.change(this.#fd, interest, this);
    this.#interest = interest;
  }

  /** Both directions are shut, which epoll tells without being asked, again and again. */
  #park(): void {
    this.#kernel.epoll.park(this.#fd);
    this.#interest = PARKED;
  }

  get #closed(): boolean {
    return this.#writing === "closed";
  }

  /** Whether the last call did fail, and was not only ahead of the peer. Ends the socket if so. */
  #failed(act: string): boolean {
    const { errno } = this.#kernel.libc;
    if (errno === EAGAIN || errno === EINTR) return false;
    this.fail(act, errno);
    return true;
  }

  /** Closes because of an error of the system; its owner hears that in `close`. */
  fail(act: string, errno: number): void {
    this.#closeNow(systemError(`${act} ${describe(this.remoteAddress)}`, errno || ECONNRESET));
  }

  #closeNow(error: Error | undefined): void {
    if (this.#closed) return;
    this.#writing = "closed";
    this.#reading = "over";
    this.#kernel.epoll.remove(this.#fd);
    this.#kernel.libc.call.close(this.#fd);
    this.#queue = [];
    this.#queued = this.#start = this.#end = 0;
    this.#error = error;
    this.#closeDue = true;
    this.#kernel.output.add(this);
  }
}
