/**
 * Bytes and text in and out of the core's memory, for modules that must not know its layout.
 */

import { Buffer } from "node:buffer";
import { CARRY, CARRY_LENGTH, MAX_HEADERS, OUTPUT_LENGTH, SLACK } from "../../core-wasm/layout.ts";
import { newLarge } from "./large-memory.ts";
import { memory } from "./load.ts";

/** Up to this length, looking at each character is faster than a call out of JavaScript. */
const SHORT = 64;
const encoder = new TextEncoder();
/** What others see is no Buffer, whose `slice` does not copy. */
const plain = new Uint8Array(memory.buffer);

/** Where bytes that arrived in pieces are put together. */
export const CARRY_START: number = CARRY;
/** The bytes that fit in there; the core may read a little beyond them. */
export const CARRY_CAPACITY: number = CARRY_LENGTH - SLACK;
/** Heads are put together there, so none can be longer. */
export const LARGEST_HEAD: number = CARRY_CAPACITY;
/** Most header fields that the span table holds. */
export const MOST_HEADERS: number = MAX_HEADERS;
/** Most bytes that `Tcp.reserve` can give room for. */
export const OUTPUT_CAPACITY: number = OUTPUT_LENGTH;

/** Bytes where they are: valid until the core's memory is used for something else. */
export function viewBytes(start: number, length: number): Uint8Array {
  return plain.subarray(start, start + length);
}

/** Bytes of their own. */
export function copyBytes(start: number, length: number): Uint8Array {
  return plain.slice(start, start + length);
}

/** Text of bytes that are known to be UTF-8. */
export function textAt(start: number, length: number): string {
  return memory.utf8Slice(start, start + length);
}

/** Copies up to this length share a piece of memory, which is had faster than one for each. */
const SMALL_COPY = 1024;
const POOL_LENGTH = 16 * 1024;
let pool = new ArrayBuffer(POOL_LENGTH);
let poolUsed = 0;

/** JavaScriptCore makes typed arrays with bytes of their own fastest; V8 takes three times as long. */
const SLICES_FAST = "webkit" in process.versions;

/**
 * Bytes of their own, as `copyBytes`, the fastest way; small ones may keep 16 KiB from being given
 * back as long as they are kept.
 */
export function takeBytes(start: number, length: number): Uint8Array {
  if (SLICES_FAST && length <= SMALL_COPY) return copyBytes(start, length);
  const copy = length <= SMALL_COPY ? newSmall(length) : newLarge(length);
  copy.set(plain.subarray(start, start + length));
  return copy;
}

function newSmall(length: number): Uint8Array {
  if (poolUsed + length > POOL_LENGTH) {
    pool = new ArrayBuffer(POOL_LENGTH);
    poolUsed = 0;
  }
  const bytes = new Uint8Array(pool, poolUsed, length);
  poolUsed += length;
  return bytes;
}

/** Writes bytes into the core's memory. */
export function putBytes(bytes: Uint8Array, start: number): void {
  memory.set(bytes, start);
}

/** Writes text of code points up to 0xff, a byte each. */
export function putLatin1(text: string, start: number): void {
  const length = text.length;
  if (length <= SHORT) {
    for (let at = 0; at < length; at++) memory[start + at] = text.charCodeAt(at);
    return;
  }
  // Nearly all of it is ASCII, which is the same in UTF-8, and encodeInto is fast on every runtime:
  // latin1Write takes 0.7 µs on Deno.
  const { read, written } = encoder.encodeInto(text, memory.subarray(start, start + length));
  if (read !== length || written !== length) memory.latin1Write(text, start, length);
}

/** Writes text as UTF-8, in `length` bytes as `utf8Length` counts them. */
export function putUtf8(text: string, start: number, length: number): void {
  if (length <= SHORT && length === text.length) putLatin1(text, start);
  else encoder.encodeInto(text, memory.subarray(start, start + length));
}

/** Writes text as UTF-8, in up to three bytes for each of its units; answers how many it took. */
export function putText(text: string, start: number): number {
  return memory.utf8Write(text, start, 3 * text.length);
}

/** Moves bytes within the core's memory. */
export function moveBytes(from: number, to: number, length: number): void {
  memory.copyWithin(to, from, from + length);
}

/**
 * Puts bytes, or text as UTF-8; answers how many bytes they are. Throws a RangeError if they are
 * more than `room`.
 */
export function putData(data: string | Uint8Array, start: number, room: number): number {
  const length = data.length;
  if (typeof data !== "string") {
    if (length > room) throw tooLong(length, room);
    memory.set(data, start);
    return length;
  }
  if (length > SHORT || length > room) return putLongText(data, start, room);
  for (let at = 0; at < length; at++) {
    const unit = data.charCodeAt(at);
    if (unit > 0x7f) return putLongText(data, start, room);
    memory[start + at] = unit;
  }
  return length;
}

/** By one call of the runtime, which writes and counts at once. */
function putLongText(text: string, start: number, room: number): number {
  // A UTF-16 unit takes three bytes at most, so only what may be too long is measured.
  if (text.length * 3 > room) {
    const length = Buffer.byteLength(text);
    if (length > room) throw tooLong(length, room);
  }
  return memory.utf8Write(text, start, room);
}

function tooLong(length: number, room: number): RangeError {
  return new RangeError(`Cannot pass ${length} bytes to the core: there is room for ${room}`);
}

/** ASCII text from `start` up to `end`. */
export function asciiAt(start: number, end: number): string {
  return memory.latin1Slice(start, end);
}

/** A copy of the bytes from `start` up to `end`, as a Buffer. */
export function bufferAt(start: number, end: number): Buffer {
  // Of the runtime's pool: ten times faster than an ArrayBuffer for each.
  const copy = Buffer.allocUnsafe(end - start);
  memory.copy(copy, 0, start, end);
  return copy;
}

/** Bytes that text takes as UTF-8: its length if, and only if, it is all ASCII. */
export function utf8Length(text: string): number {
  const length = text.length;
  if (length > SHORT) return Buffer.byteLength(text, "utf8");
  for (let at = 0; at < length; at++) {
    if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text, "utf8");
  }
  return length;
}

/** Text as UTF-8 bytes of its own. */
export function utf8Bytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}
