/**
 * Socket addresses as the kernel reads and writes them, and names turned into them. Used by
 * `tcp-epoll.ts`; does no permission check of its own.
 */

import type { Address, SocketHandler } from "../src/host.ts";
import { AF_INET, AF_INET6, AF_UNIX, cString, type Libc, SOCK_STREAM } from "./libc.ts";

/** Where to bind or connect. */
export interface Endpoint {
  readonly family: number;
  readonly bytes: Uint8Array;
  readonly address: Address;
}

/** What a socket has until its owner's factory has returned. */
export const NOBODY: SocketHandler = { data() {}, end() {}, drain() {}, close() {} };

const FAMILY_ANY = 0;
/** Sizes of `sockaddr_in` and `sockaddr_in6`, and of the path in `sockaddr_un`. */
const IPV4_SIZE = 16;
const IPV6_SIZE = 28;
const PATH_SIZE = 108;
/** `struct addrinfo` on 64-bit systems, and where in it the fields are. */
const ADDRINFO_SIZE = 48;
const INFO_FAMILY = 4;
const INFO_TYPE = 8;
const INFO_LENGTH = 16;
const INFO_ADDRESS = 24;
const INFO_NEXT = 40;
const EAI_AGAIN = -3;
/** INET6_ADDRSTRLEN. */
const TEXT_SIZE = 46;

/** The address as one reads it, for messages. */
export function describe({ host, port, path }: Address): string {
  if (host === "") return `"${path}"`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address of Deno's, an IPv4 one as such also if a socket for both families has it. */
export function plainAddress(address: DenoAddress): Address {
  if (address.transport === "unix") return { host: "", port: 0, path: address.path ?? "" };
  return { host: plainHost(address.hostname), port: address.port, path: "" };
}

function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=[\d.]+$)/, "");
}

/** The address that a socket is bound to. */
export function localAddress(libc: Libc, fd: number): Address {
  libc.expectAddress();
  libc.call.getsockname(fd, libc.addressPointer, libc.addressLength);
  return readAddress(libc, libc.address);
}

/** The address of everything: of both families, or of IPv4 alone. */
export function anyAddress(family: number, port: number): Endpoint {
  const bytes = new Uint8Array(family === AF_INET6 ? IPV6_SIZE : IPV4_SIZE);
  new DataView(bytes.buffer).setUint16(0, family, true);
  setPort(bytes, port);
  const host = family === AF_INET6 ? "::" : "0.0.0.0";
  return { family, bytes, address: { host, port, path: "" } };
}

export function unixAddress(path: string): Endpoint {
  const text = cString(path);
  if (text.length > PATH_SIZE) {
    const message = `Cannot use ${path} as a socket: it is longer than ${PATH_SIZE - 1} bytes`;
    throw Object.assign(new Error(message), { code: "ENAMETOOLONG" });
  }
  const bytes = new Uint8Array(2 + text.length);
  bytes[0] = AF_UNIX;
  bytes.set(text, 2);
  return { family: AF_UNIX, bytes, address: { host: "", port: 0, path } };
}

/** All addresses of a name, or the one that an IP address means. Rejects if there is none. */
export async function resolve(libc: Libc, host: string, port: number): Promise<Endpoint[]> {
  // Buffers of their own: the call runs on another thread, and V8 moves small arrays.
  const hints = new Int32Array(new ArrayBuffer(ADDRINFO_SIZE));
  hints[INFO_FAMILY / 4] = FAMILY_ANY;
  hints[INFO_TYPE / 4] = SOCK_STREAM;
  const result = new BigUint64Array(new ArrayBuffer(8));
  const name = cString(host);
  const status = await libc.call.getaddrinfo(name, null, bytesOf(hints), bytesOf(result));
  if (status !== 0) throw unresolved(host, status);
  const list = new Deno.UnsafePointerView(Deno.UnsafePointer.of(result)).getPointer();
  if (list === null) throw unresolved(host, status);
  const endpoints = readList(libc, list, port);
  libc.call.freeaddrinfo(list);
  return endpoints;
}

function readList(libc: Libc, list: DenoPointer, port: number): Endpoint[] {
  const endpoints: Endpoint[] = [];
  let entry: DenoPointer | null = list;
  while (entry !== null) {
    const view: DenoPointerView = new Deno.UnsafePointerView(entry);
    const family = view.getInt32(INFO_FAMILY);
    const address = view.getPointer(INFO_ADDRESS);
    if (address !== null && (family === AF_INET || family === AF_INET6)) {
      const bytes = new Uint8Array(view.getUint32(INFO_LENGTH));
      Deno.UnsafePointerView.copyInto(address, bytes);
      setPort(bytes, port);
      endpoints.push({ family, bytes, address: readAddress(libc, bytes) });
    }
    entry = view.getPointer(INFO_NEXT);
  }
  return endpoints;
}

/** What a `sockaddr` says. */
export function readAddress(libc: Libc, bytes: Uint8Array): Address {
  const family = (bytes[0] as number) | ((bytes[1] as number) << 8);
  if (family === AF_UNIX) return { host: "", port: 0, path: readPath(bytes) };
  const port = ((bytes[2] as number) << 8) | (bytes[3] as number);
  if (family === AF_INET) {
    return { host: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}`, port, path: "" };
  }
  return { host: readIPv6(libc, bytes.subarray(8, 24)), port, path: "" };
}

function readIPv6(libc: Libc, bytes: Uint8Array): string {
  const text = new Uint8Array(TEXT_SIZE);
  libc.call.inet_ntop(AF_INET6, bytes, text, TEXT_SIZE);
  return plainHost(new TextDecoder().decode(text.subarray(0, text.indexOf(0))));
}

function readPath(bytes: Uint8Array): string {
  const end = bytes.indexOf(0, 2);
  return new TextDecoder().decode(bytes.subarray(2, end < 0 ? bytes.length : end));
}

function setPort(bytes: Uint8Array, port: number): void {
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function unresolved(host: string, status: number): Error {
  const code = status === EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND";
  return Object.assign(new Error(`Cannot resolve "${host}": no address known (${code})`), { code });
}
