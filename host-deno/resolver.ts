/**
 * Names to IP addresses through the C library, for `tcp-epoll.ts`: Deno resolves a name only for
 * whom it allows every port of it. Does no permission check of its own.
 */

import { isIPv4 } from "node:net";

/** `struct addrinfo` on 64-bit systems, and where in it the fields are. */
const ADDRINFO_SIZE = 48;
const INFO_FAMILY = 4;
const INFO_TYPE = 8;
const INFO_ADDRESS = 24;
const INFO_NEXT = 40;
/** Where `sockaddr_in` and `sockaddr_in6` have the address, and how long it is. */
const IPV4_PLACE = 4;
const IPV4_SIZE = 4;
const IPV6_PLACE = 8;
const IPV6_SIZE = 16;
/** And the interface that an address of one link is meant on. */
const SCOPE_PLACE = 24;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const EAI_AGAIN = -3;

interface Functions {
  getaddrinfo(name: Uint8Array, service: null, hints: Uint8Array, to: Uint8Array): Promise<number>;
  freeaddrinfo(list: DenoPointer): void;
}

/** Opened on first use: most servers listen on addresses. */
let functions: Functions | undefined;

function openFunctions(): Functions {
  return Deno.dlopen<Functions>("libc.so.6", {
    // On a thread of Deno's, so that JavaScript goes on meanwhile.
    getaddrinfo: {
      parameters: ["buffer", "pointer", "buffer", "buffer"],
      result: "i32",
      nonblocking: true,
    },
    freeaddrinfo: { parameters: ["pointer"], result: "void" },
  }).symbols;
}

/** All IP addresses of a name, or the one that it is. Rejects if there is none. */
export async function resolve(host: string): Promise<string[]> {
  // As the C library would read it, without a way to another thread.
  if (isIPv4(host)) return [host];
  functions ??= openFunctions();
  // Buffers of their own: the call runs on another thread, and V8 moves small arrays.
  const hints = new Int32Array(new ArrayBuffer(ADDRINFO_SIZE));
  hints[INFO_TYPE / 4] = SOCK_STREAM;
  const result = new BigUint64Array(new ArrayBuffer(8));
  const name = new TextEncoder().encode(`${host}\0`);
  const status = await functions.getaddrinfo(name, null, bytesOf(hints), bytesOf(result));
  if (status !== 0) throw unresolved(host, status);
  const list = new Deno.UnsafePointerView(Deno.UnsafePointer.of(result)).getPointer();
  if (list === null) throw unresolved(host, status);
  const addresses = readList(list);
  functions.freeaddrinfo(list);
  return addresses;
}

function readList(list: DenoPointer): string[] {
  const addresses: string[] = [];
  for (let entry: DenoPointer | null = list; entry !== null; ) {
    const view: DenoPointerView = new Deno.UnsafePointerView(entry);
    const address = view.getPointer(INFO_ADDRESS);
    const family = view.getInt32(INFO_FAMILY);
    if (address !== null && family === AF_INET) addresses.push(readIPv4(address));
    if (address !== null && family === AF_INET6) addresses.push(readIPv6(address));
    entry = view.getPointer(INFO_NEXT);
  }
  return addresses;
}

function readIPv4(address: DenoPointer): string {
  const bytes = new Uint8Array(IPV4_SIZE);
  Deno.UnsafePointerView.copyInto(Deno.UnsafePointer.offset(address, IPV4_PLACE), bytes);
  return bytes.join(".");
}

/** Eight groups, none left out: read by machines only. */
function readIPv6(address: DenoPointer): string {
  const bytes = new Uint8Array(IPV6_SIZE);
  Deno.UnsafePointerView.copyInto(Deno.UnsafePointer.offset(address, IPV6_PLACE), bytes);
  const view = new DataView(bytes.buffer);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(2 * at).toString(16));
  const scope = new Deno.UnsafePointerView(address).getInt32(SCOPE_PLACE);
  return scope === 0 ? groups.join(":") : `${groups.join(":")}%${scope}`;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function unresolved(host: string, status: number): Error {
  const code = status === EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND";
  return Object.assign(new Error(`Cannot resolve "${host}": no address known (${code})`), { code });
}
