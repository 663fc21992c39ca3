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

/** Throws HTTPOutputError if a whole body is not as long as its Content-Length says. */
export function checkLength(length: string, body: string | Uint8Array | undefined): void {
  const size = body === undefined ? 0 : Buffer.byteLength(body);
  if (size === Number(length)) return;
  throw new HTTPOutputError(
    `Cannot finish response: Content-Length says ${length}, ${size} bytes were written`,
  );
}
