/**
 * The pieces of a response as one. Called by `handler-response.ts`.
 */

import { utf8 } from "../escape.ts";

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
