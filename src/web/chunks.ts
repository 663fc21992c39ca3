/**
 * What a response can be written of, and its pieces as one. Called by `handler-response.ts`.
 */

import { Buffer } from "node:buffer";
import { utf8 } from "../escape.ts";
import { HTTPOutputError } from "../httputil.ts";

/** What a response may consist of: text as UTF-8, bytes, or an object that is sent as JSON. */
export type Chunk = string | Uint8Array | object;

/** Text if all of it is text, else bytes. */
export function joinChunks(chunks: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (chunks.every((chunk) => typeof chunk === "string")) return chunks.join("");
  const bytes = chunks.map((chunk) => utf8(chunk));
  const whole = new Uint8Array(bytes.reduce((size, each) => size + each.length, 0));
  let end = 0;
  for (const each of bytes) {
    whole.set(each, end);
    end += each.length;
  }
  return whole;
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
  const { name } = chunk.constructor;
  const hint = typeof (chunk as { then?: unknown }).then === "function" ? "; await it" : "";
  throw new TypeError(`Cannot write ${name}: nothing of it would be in its JSON${hint}`);
}

/** Throws HTTPOutputError if a whole body is not as long as its Content-Length says. */
export function checkLength(length: string, body: string | Uint8Array | undefined): void {
  const size = body === undefined ? 0 : Buffer.byteLength(body);
  if (size === Number(length)) return;
  throw new HTTPOutputError(
    `Cannot finish response: Content-Length says ${length}, ${size} bytes were written`,
  );
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
