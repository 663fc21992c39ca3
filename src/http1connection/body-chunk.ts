/**
 * A piece of a body on its way out, text or bytes: how long it is, where it is put, and how much may
 * wait for the peer. For both ends of a connection.
 */

import { putBytes, putUtf8, utf8Length } from "../core.ts";
import { StreamClosedError } from "../iostream.ts";
import { forWhoAwaits } from "../util.ts";

/** Output that waits for the peer beyond this makes `write` return a promise. Node's is 64 KiB too. */
export const HIGH_WATER: number = 64 * 1024;
/** Bytes above this are handed to the host where they lie instead of being copied. */
export const COPY_LIMIT: number = 64 * 1024;
/**
 * Text has to be encoded anyway: up to this it is encoded into the output region, whose pages are
 * there, where memory of its own would be asked of the system and given back each time.
 */
const TEXT_LIMIT = 512 * 1024;

export function copyLimit(chunk: string | Uint8Array | undefined): number {
  return typeof chunk === "string" ? TEXT_LIMIT : COPY_LIMIT;
}

export function sizeOf(chunk: string | Uint8Array | undefined): number {
  if (chunk === undefined) return 0;
  return typeof chunk === "string" ? utf8Length(chunk) : chunk.length;
}

export function putBody(chunk: string | Uint8Array, start: number, size: number): void {
  if (typeof chunk === "string") putUtf8(chunk, start, size);
  else putBytes(chunk, start);
}

/** Rejects, so that a handler's endless loop ends. */
export function closedPromise(): Promise<void> {
  return forWhoAwaits(Promise.reject(new StreamClosedError()));
}
