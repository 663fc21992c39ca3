/**
 * Opens a listening socket without accepting on it, for child processes to inherit. `Bun.listen`
 * always accepts, so this calls the C library through Bun's FFI, which is loaded when it is needed.
 */
import { lookup } from "node:dns/promises";
import { createRequire } from "node:module";
import { isIPv6 } from "node:net";
import { getSystemErrorMap } from "node:util";
import type { Address, IdleListener, ListenOptions } from "../src/host.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
const STREAM: number = 1 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const DEFAULT_BACKLOG = 128;
/** Sizes of `sockaddr_in` and `sockaddr_in6`, and where in them the address begins. */
const IPV4 = { family: AF_INET, size: 16, at: 4 };
const IPV6 = { family: AF_INET6, size: 28, at: 8 };

interface Functions {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, size: number): number;
  bind(fd: number, address: Uint8Array, size: number): number;
  listen(fd: number, backlog: number): number;
  getsockname(fd: number, address: Uint8Array, size: Int32Array): number;
  inet_pton(family: number, text: Uint8Array, address: Uint8Array): number;
  close(fd: number): number;
  __errno_location(): number;
}

interface Libc {
  readonly call: Functions;
  /** Why the last call failed. */
  errno(): number;
}

/** The part of `bun:ffi` that is used. */
interface Ffi {
  dlopen(name: string, symbols: object): { readonly symbols: Functions };
  readonly read: { i32(pointer: number): number };
}

let loaded: Libc | undefined;

/** Throws an error with the code `ENOTSUP` where there is no such library. */
function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  const { dlopen, read } = createRequire(import.meta.url)("bun:ffi") as Ffi;
  try {
    const { symbols: call } = dlopen("libc.so.6", {
      socket: { args: ["i32", "i32", "i32"], returns: "i32" },
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
      bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
      listen: { args: ["i32", "i32"], returns: "i32" },
      getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
      inet_pton: { args: ["i32", "ptr", "ptr"], returns: "i32" },
      close: { args: ["i32"], returns: "i32" },
      __errno_location: { args: [], returns: "ptr" },
    });
    return { call, errno: () => read.i32(call.__errno_location()) };
  } catch (error) {
    const message = "Cannot open a listener without accepting: there is no libc.so.6";
    throw Object.assign(new Error(message, { cause: error }), { code: "ENOTSUP" });
  }
}

export async function openListener(options: ListenOptions): Promise<IdleListener> {
  const { host, port = 0, path } = options;
  if (path !== undefined) throw noUnixSocket(path);
  if (host !== undefined) return open(await addressOf(host), port, options);
  try {
    return open("::", port, options);
  } catch (error) {
    if (!lacksIPv6(error)) throw error;
    return open("0.0.0.0", port, options);
  }
}

function noUnixSocket(path: string): Error {
  const message = `Cannot bind "${path}" without accepting: the host bun knows that of ports alone`;
  return Object.assign(new Error(message), { code: "ENOTSUP" });
}

async function addressOf(host: string): Promise<string> {
  return (await lookup(host)).address;
}

function open(host: string, port: number, options: ListenOptions): IdleListener {
  const { call } = libc();
  const { family, size, at } = isIPv6(host) ? IPV6 : IPV4;
  const address = new Uint8Array(size);
  const view = new DataView(address.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  call.inet_pton(family, new TextEncoder().encode(`${host}\0`), address.subarray(at));

  const fd = call.socket(family, STREAM, 0);
  const fail = (): never => {
    const error = systemError(`listen on ${host} port ${port}`);
    if (fd >= 0) call.close(fd);
    throw error;
  };
  if (fd < 0) fail();
  const set = (level: number, name: number, value: number): number =>
    call.setsockopt(fd, level, name, Int32Array.of(value), 4);
  set(SOL_SOCKET, SO_REUSEADDR, 1);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.reusePort === true) set(SOL_SOCKET, SO_REUSEPORT, 1);
  if (host === "::") set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (call.bind(fd, address, size) < 0) fail();
  if (call.listen(fd, options.backlog ?? DEFAULT_BACKLOG) < 0) fail();
  return new Idle({ host, port: portOf(fd), path: "" }, fd);
}

/** The port that a descriptor is bound to. Throws if it is none of a socket. */
export function portOf(fd: number): number {
  const { call } = libc();
  const address = new Uint8Array(IPV6.size);
  if (call.getsockname(fd, address, Int32Array.of(IPV6.size)) < 0) {
    throw systemError(`accept on descriptor ${fd}`);
  }
  return new DataView(address.buffer).getUint16(2);
}

class Idle implements IdleListener {
  readonly address: Address;
  readonly fd: number;
  readonly byNumber = false;
  #open = true;

  constructor(address: Address, fd: number) {
    this.address = address;
    this.fd = fd;
  }

  setInheritable(): void {}

  refuseClients(): void {}

  close(): void {
    if (this.#open) libc().call.close(this.fd);
    this.#open = false;
  }
}

function systemError(act: string): Error {
  const [code, reason] = getSystemErrorMap().get(-libc().errno()) ?? ["EUNKNOWN", "unknown error"];
  return Object.assign(new Error(`Cannot ${act}: ${code}, ${reason}`), { code });
}

function lacksIPv6(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}
