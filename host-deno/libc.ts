/**
 * The C library's socket calls through Deno's FFI, for `epoll.ts` and `tcp-epoll.ts`. Lengths are
 * declared as u32 and results as i32, which the calling conventions of x86-64 and arm64 allow for
 * values below 2^31: Deno calls those without leaving compiled code, and bigints need none.
 */

import { getSystemErrorMap } from "node:util";

interface Functions {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: DenoPointer, length: DenoPointer, flags: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: DenoPointer, length: DenoPointer): number;
  getsockopt(fd: number, level: number, name: number, to: DenoPointer, size: DenoPointer): number;
  setsockopt(fd: number, level: number, name: number, from: DenoPointer, size: number): number;
  recv(fd: number, to: DenoPointer, length: number, flags: number): number;
  send(fd: number, from: DenoPointer, length: number, flags: number): number;
  sendBytes(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  fchmod(fd: number, mode: number): number;
  fcntl(fd: number, command: number, value: number): number;
  eventfd(value: number, flags: number): number;
  eventfd_write(fd: number, value: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: DenoPointer): number;
  epoll_wait(epoll: number, events: DenoPointer, most: number, timeout: number): number;
  /** `epoll_wait` on a thread of Deno's, so that JavaScript goes on meanwhile. */
  sleep(epoll: number, events: DenoPointer, most: number, timeout: number): Promise<number>;
  getaddrinfo(
    name: Uint8Array,
    service: null,
    hints: Uint8Array,
    result: Uint8Array,
  ): Promise<number>;
  freeaddrinfo(list: DenoPointer): void;
  inet_ntop(family: number, from: Uint8Array, to: Uint8Array, size: number): DenoPointer | null;
  __errno_location(): DenoPointer;
}

const POLL = ["i32", "pointer", "i32", "i32"] as const;

const definitions: Record<keyof Functions, DenoForeignFunction> = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  sendBytes: { name: "send", parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: POLL, result: "i32" },
  sleep: { name: "epoll_wait", parameters: POLL, result: "i32", nonblocking: true },
  getaddrinfo: {
    parameters: ["buffer", "pointer", "buffer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  freeaddrinfo: { parameters: ["pointer"], result: "void" },
  inet_ntop: { parameters: ["i32", "buffer", "buffer", "u32"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
};

export const EINTR = 4;
export const EAGAIN = 11;
export const EPROTO = 71;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const EINPROGRESS = 115;

export const F_DUPFD_CLOEXEC = 1030;

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const F_SETFD = 2;
export const F_SETFL = 4;
export const FD_CLOEXEC = 1;
export const O_NONBLOCK = 0o4000;
/** SOCK_NONBLOCK | SOCK_CLOEXEC. */
export const OWN_AND_NONBLOCKING: number = 0o4000 | 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
const SO_ERROR = 4;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;

/** Room for the one argument or result that a call takes in memory. */
const SCRATCH = 256;
const ADDRESS_SIZE = 128;

export class Libc {
  readonly call: Functions;
  /** Where `accept4` and `getsockname` leave a socket address. */
  readonly address: Uint8Array;
  readonly addressPointer: DenoPointer;
  readonly addressLength: DenoPointer;
  /** Four words for an option or an event. */
  readonly words: Int32Array;
  readonly wordsPointer: DenoPointer;
  readonly #lengths: Int32Array;
  readonly #errno: Int32Array;

  /** Throws where there is no such library. */
  constructor() {
    this.call = Deno.dlopen<Functions>("libc.so.6", definitions).symbols;
    // An explicit ArrayBuffer: V8 may move the bytes of a small array that it made itself.
    const scratch = new ArrayBuffer(SCRATCH);
    this.address = new Uint8Array(scratch, 0, ADDRESS_SIZE);
    this.#lengths = new Int32Array(scratch, ADDRESS_SIZE, 2);
    this.words = new Int32Array(scratch, ADDRESS_SIZE + 8, 4);
    const start = Deno.UnsafePointer.of(this.address);
    this.addressPointer = start;
    this.addressLength = Deno.UnsafePointer.offset(start, ADDRESS_SIZE);
    this.wordsPointer = Deno.UnsafePointer.offset(start, ADDRESS_SIZE + 8);
    // Each thread has its own errno at a fixed place, and JavaScript stays on its thread.
    const errno = this.call.__errno_location();
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(errno, 4));
  }

  /** Why the call before this one failed: read it before anything else is called. */
  get errno(): number {
    return this.#errno[0] as number;
  }

  /** Readies `address` for a call that fills it. */
  expectAddress(): void {
    this.#lengths[0] = ADDRESS_SIZE;
    this.address.fill(0);
  }

  setOption(fd: number, level: number, name: number, value: number, second = 0): number {
    this.words[0] = value;
    this.words[1] = second;
    return this.call.setsockopt(fd, level, name, this.wordsPointer, name === SO_LINGER ? 8 : 4);
  }

  /** The error that waits on a socket, or 0. */
  takeError(fd: number): number {
    this.#lengths[0] = 4;
    this.words[0] = 0;
    this.call.getsockopt(fd, SOL_SOCKET, SO_ERROR, this.wordsPointer, this.addressLength);
    return this.words[0] as number;
  }
}

/** An error of the system with its code, worded as host-node words it. */
export function systemError(act: string, errno: number): Error {
  const [code, reason] = getSystemErrorMap().get(-errno) ?? ["EUNKNOWN", "unknown error"];
  return Object.assign(new Error(`Cannot ${act}: ${code}, ${reason}`), { code });
}

/** Text as C takes it. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
