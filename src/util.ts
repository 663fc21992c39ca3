/**
 * What more than one module needs and no module owns. Imports no other module of ours, knows nothing
 * of HTTP.
 */
import { setMaxListeners } from "node:events";

/** The version that the banner and the `Server` header name; the same as package.json's. */
export const VERSION = "0.1.0";

/** True for a promise, or anything that can be awaited like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * True for a web `Response`. Asks by the tag first: whoever names `Response` on Node has all of
 * `fetch` loaded, which the first request would wait for, some 35 milliseconds.
 */
export function isResponse(value: unknown): value is Response {
  return (
    typeof value === "object" &&
    value !== null &&
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "Response" &&
    value instanceof Response
  );
}

/** Puts values into a message: `%(name)s` and `%(count)d`; `%%` is a percent sign. */
export function formatMessage(
  message: string,
  values: Readonly<Record<string, string | number>>,
): string {
  return message.replace(/%(?:%|\((\w+)\)([sd]))/g, (placeholder, name?: string, kind?: string) => {
    if (name === undefined) return "%";
    if (!Object.hasOwn(values, name)) return placeholder;
    const value = values[name];
    return kind === "d" ? String(Math.trunc(Number(value))) : String(value);
  });
}

/** The promise: its rejection is for who awaits it, and does not end a program in which nobody does. */
export function forWhoAwaits<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * The value of a limit: a size, a count or a time. Throws a RangeError for what nothing can be held to,
 * also if it is no number at all, as a setting from the environment.
 */
export function checkLimit(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new RangeError(`Cannot set ${name}: ${String(value)} is not a number from 0 up`);
}

/** Throws as an uncaught exception, so that what runs now goes on for all others. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** An operation was not done in time. Rejects what `locks` and `queues` have others wait for. */
export class TimeoutError extends Error {
  override readonly name: string = "TimeoutError";
}

/** What is called when a wait is over: throws a TimeoutError that says what could not be done. */
export function tooLate(act: string): () => never {
  return () => {
    throw new TimeoutError(`Cannot ${act}: the time is up`);
  };
}

/** The longest delay of a timer in milliseconds, 24 days: the runtimes fire one above it at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** The delay of a timer, in milliseconds, for a number of seconds; the longest one for more. */
export function timerDelay(seconds: number): number {
  return Math.min(seconds * 1000, LONGEST_TIMER);
}

/** What the promise brings; after a number of seconds, what `late` returns or throws. */
export async function orLate<Value, Late>(
  promise: PromiseLike<Value> | Value,
  seconds: number,
  late: () => Late,
): Promise<Value | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timerDelay(seconds));
  });
  try {
    return await Promise.race([promise, timeUp.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Has a callback, a new function, called once the signal is aborted, and returns what takes that back.
 * Any number may wait for one signal.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  // Node 20 takes more than ten listeners for a leak, and says so.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", callback, { once: true });
  return () => signal.removeEventListener("abort", callback);
}

/**
 * Throws a TypeError for what is no path of a Unix socket: to a host, an empty one means a port, and
 * the system would take what stands before a NUL.
 */
export function checkSocketPath(path: unknown): void {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
  throw new TypeError(`Cannot use ${JSON.stringify(path)} as the path of a Unix socket`);
}

/**
 * Throws a RangeError unless `port` is one. A system cuts off what is more than 16 bits, and takes a
 * free port for what is no number, such as text from the environment.
 */
export function checkPort(act: string, port: unknown): void {
  if (Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65535) return;
  const given = typeof port === "string" ? JSON.stringify(port) : String(port);
  throw new RangeError(`Cannot ${act} port ${given}: expected an integer from 0 to 65535`);
}

/**
 * Where to listen: on all addresses if none is named, for which Tornado takes `None` and `""`. Throws a
 * RangeError for what is no port, and a TypeError for what is no address.
 */
export function listeningPlace(
  act: string,
  port: number,
  address: string | null | undefined,
): { port: number; host?: string } {
  checkPort(act, port);
  if (address === undefined || address === null || address === "") return { port };
  if (typeof address === "string") return { port, host: address };
  throw new TypeError(
    `Cannot ${act} address ${String(address)}: expected text; options are the third argument`,
  );
}

/** The error of a host that does not use epoll and is asked to watch a descriptor. */
export function cannotWatch(fd: number, host: string): Error {
  const message =
    `Cannot watch descriptor ${fd}: the host ${host} does not use epoll. ` +
    "Use the streams of node:net, node:fs, node:tty or node:child_process instead";
  return Object.assign(new Error(message), { code: "ENOTSUP" });
}

/** The `ENOTSUP` of hosts whose sockets cannot be bound before they connect. */
export function cannotBindSource(host: string): Error {
  const message = `Cannot connect from a source address: sockets of the host ${host} cannot be bound`;
  return Object.assign(new Error(message), { code: "ENOTSUP" });
}

/**
 * Loads what a string names: `"./handlers.js#MainHandler"` is an export, `"package/module"` the
 * module itself. A relative module is found from `base`, such as `import.meta.url`.
 */
export async function importObject(name: string, base: string | URL): Promise<unknown> {
  const [specifier = "", path = ""] = name.split("#", 2);
  const isFile = /^\.{0,2}\//.test(specifier);
  let found: unknown = await import(isFile ? new URL(specifier, base).href : specifier);
  for (const key of path === "" ? [] : path.split(".")) {
    if (!isObject(found) || !(key in found)) {
      throw new Error(`Cannot import "${name}": "${specifier}" has no "${path}"`);
    }
    found = found[key];
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/**
 * The bytes of an object whose JSON would be empty, if it is an `ArrayBuffer` or a view of one; undefined
 * for one that is empty. Throws a TypeError for one that may hold something which would be lost: a
 * promise that nobody has awaited, a `Map`, a stream, an `Error`.
 */
export function bytesIn(chunk: object): Uint8Array | undefined {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (isPlain(chunk) || "toJSON" in chunk) return undefined;
  // A generator's class has no name.
  const name = chunk.constructor.name || Object.prototype.toString.call(chunk).slice(8, -1);
  const hint = typeof (chunk as { then?: unknown }).then === "function" ? "; await it" : "";
  throw new TypeError(`Cannot write ${name}: nothing of it would be in its JSON${hint}`);
}

/** Made by `{}` or without a prototype, in whatever realm. */
function isPlain(chunk: object): boolean {
  const prototype = Object.getPrototypeOf(chunk);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    Object.getPrototypeOf(prototype) === null
  );
}
