/**
 * The head of a response, put together where it is sent from. The core writes what the writer would
 * have to write a character at a time.
 */

import {
  KNOWN_TAG,
  NO_LINE,
  PREFIX,
  PREFIX_LENGTH,
  TAG_LENGTH,
  TAGS,
  TAGS_LENGTH,
} from "../../core-wasm/layout.ts";
import { wasm } from "./load.ts";
import { putLatin1 } from "./memory.ts";

export { NO_LINE };

const ENTITY_TAG_LINE = 'Etag: ""\r\n'.length + TAG_LENGTH;
const LENGTH_LINE = "Content-Length: \r\n".length;
const EMPTY_LINE = 2;
let prefix = "";

/** Texts of fewer characters have their tags kept, the last one of each length. */
const SHORT_TEXT = TAGS_LENGTH / TAG_LENGTH;
/** The texts whose tags the core has, by their length: constants of the application, mostly. */
const texts: (string | undefined)[] = new Array(SHORT_TEXT).fill(undefined);

/**
 * Bytes that `putResponseHead` writes behind the prefix and what follows it: the entity tag's line,
 * the one that says `contentLength` unless it is NO_LINE, the empty line.
 */
export function lastLinesLength(isTagged: boolean, contentLength: number): number {
  const tag = isTagged ? ENTITY_TAG_LINE : 0;
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
 * and ends the head: with `Content-Length: contentLength`, and the empty line.
 */
export function putResponseHead(
  text: string,
  start: number,
  between: number,
  contentLength: number,
): void {
  const at = start + text.length + between;
  wasm.putResponseHead(start, keepPrefix(text, start), at, NO_LINE, contentLength, 0);
}

/**
 * As `putResponseHead`, with the entity tag of the body besides, the same as `entityTagOf` gives.
 * The body's `size` bytes lie behind the head already.
 */
export function putTaggedHead(
  text: string,
  start: number,
  between: number,
  contentLength: number,
  body: string | Uint8Array,
  size: number,
): void {
  const at = start + text.length + between;
  const prefixLength = keepPrefix(text, start);
  let slot = 0;
  let taggedLength = size;
  if (typeof body === "string" && body.length < SHORT_TEXT) {
    slot = TAGS + body.length * TAG_LENGTH;
    if (texts[body.length] === body) taggedLength = KNOWN_TAG;
    else texts[body.length] = body;
  }
  wasm.putResponseHead(start, prefixLength, at, taggedLength, contentLength, slot);
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
