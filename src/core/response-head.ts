/**
 * The head of a response, put together where it is sent from. The core writes what the writer would
 * have to write a character at a time.
 */

import { PREFIX, PREFIX_LENGTH } from "../../core-wasm/layout.ts";
import { wasm } from "./load.ts";
import { putLatin1 } from "./memory.ts";

/** Stands for a line that a head has not. */
export const NO_LINE = -1;
const ENTITY_TAG_LINE = 'Etag: ""\r\n'.length + 32;
const LENGTH_LINE = "Content-Length: \r\n".length;
const EMPTY_LINE = 2;
let prefix = "";

/**
 * Bytes that `putResponseHead` writes behind the prefix: lines that tag and say the lengths,
 * NO_LINE for one that is left out, and the empty line.
 */
export function lastLinesLength(taggedLength: number, contentLength: number): number {
  const tag = taggedLength === NO_LINE ? 0 : ENTITY_TAG_LINE;
  const length = contentLength === NO_LINE ? 0 : LENGTH_LINE + digitsOf(contentLength);
  return tag + length + EMPTY_LINE;
}

function digitsOf(count: number): number {
  let digits = 1;
  for (let power = 10; count >= power; power *= 10) digits++;
  return digits;
}

/**
 * Writes `text`, which is likely to be that of the last call, at `start`, leaves `between` bytes,
 * and ends the head: with the entity tag of the first `taggedLength` bytes that follow it, the same
 * as `entityTagOf` gives, with `Content-Length: contentLength`, and the empty line.
 */
export function putResponseHead(
  text: string,
  start: number,
  between: number,
  taggedLength: number,
  contentLength: number,
): void {
  const at = start + text.length + between;
  wasm.putResponseHead(start, keepPrefix(text, start), at, taggedLength, contentLength);
}

/** Sees to it that the core can copy the text; answers how many bytes it is to copy. */
function keepPrefix(text: string, start: number): number {
  const length = text.length;
  if (text === prefix) return length;
  if (length > PREFIX_LENGTH) {
    putLatin1(text, start);
    return 0;
  }
  putLatin1(text, PREFIX);
  prefix = text;
  return length;
}
