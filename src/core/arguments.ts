/**
 * Arguments and results of the calls that take what JavaScript owns: bytes and text into the core's
 * memory and out of it. Used by the files beside it.
 */

import { Buffer } from "node:buffer";
import { memory } from "./load.ts";

/** Text up to this long is put faster by hand than by the runtime's own call. */
const SHORT_TEXT = 48;

/** ASCII text of the core's memory. */
export function asciiAt(start: number, end: number): string {
  return memory.latin1Slice(start, end);
}

/** UTF-8 text of the core's memory. */
export function utf8At(start: number, end: number): string {
  return memory.utf8Slice(start, end);
}

/** A copy of bytes of the core's memory. */
export function bytesAt(start: number, end: number): Buffer {
  // Of the runtime's pool: ten times faster than an ArrayBuffer for each.
  const copy = Buffer.allocUnsafe(end - start);
  memory.copy(copy, 0, start, end);
  return copy;
}

/**
 * Puts bytes, or text as UTF-8, into the core's memory; answers how many bytes they are. Throws a
 * RangeError if they are more than `room`.
 */
export function put(data: string | Uint8Array, at: number, room: number): number {
  if (typeof data !== "string") {
    if (data.length > room) throw tooLong(data.length, room);
    memory.set(data, at);
    return data.length;
  }
  const length = data.length;
  if (length > SHORT_TEXT) return putLong(data, at, room);
  if (length > room) throw tooLong(length, room);
  for (let i = 0; i < length; i++) {
    const unit = data.charCodeAt(i);
    if (unit > 0x7f) return putLong(data, at, room);
    memory[at + i] = unit;
  }
  return length;
}

function putLong(text: string, at: number, room: number): number {
  // A UTF-16 unit takes three bytes at most, so only what may be too long is measured.
  if (text.length * 3 > room) {
    const length = Buffer.byteLength(text);
    if (length > room) throw tooLong(length, room);
  }
  return memory.utf8Write(text, at, room);
}

function tooLong(length: number, room: number): RangeError {
  return new RangeError(`Cannot pass ${length} bytes to the core: there is room for ${room}`);
}
