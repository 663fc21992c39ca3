/**
 * The name of a content that JavaScript owns: what entity tags and static versions are made of.
 */

import { DIGEST, WINDOW, WINDOW_LENGTH } from "../../core-wasm/layout.ts";
import { contentHash, hexDigest } from "./crypto.ts";
import { memory, wasm } from "./load.ts";
import { asciiAt, putBytes, putUtf8, utf8Length } from "./memory.ts";

/** Hexadecimal digits of a content's name: 128 bits of BLAKE3. */
const DIGITS = 32;
/** Contents above this go through the core in pieces. */
const LARGEST: number = WINDOW_LENGTH;
/** Where a tag is put together, quotes around the digits. */
const TAG: number = DIGEST;
const QUOTE = 0x22;

/** As `contentHash`, of bytes or of text as UTF-8, of any length. */
export function contentHashOf(content: string | Uint8Array): string {
  const size = typeof content === "string" ? utf8Length(content) : content.length;
  if (size > LARGEST) return hexDigest("blake3", content).slice(0, DIGITS);
  putContent(content, size);
  return contentHash(WINDOW, size);
}

/** A strong entity tag, its quotes included (RFC 9110 section 8.8.3), from `contentHashOf`. */
export function entityTagOf(content: string | Uint8Array): string {
  const size = typeof content === "string" ? utf8Length(content) : content.length;
  if (size > LARGEST) return `"${contentHashOf(content)}"`;
  putContent(content, size);
  wasm.contentHash(WINDOW, size, TAG + 1);
  memory[TAG] = QUOTE;
  memory[TAG + 1 + DIGITS] = QUOTE;
  return asciiAt(TAG, TAG + DIGITS + 2);
}

function putContent(content: string | Uint8Array, size: number): void {
  if (typeof content === "string") putUtf8(content, WINDOW, size);
  else putBytes(content, WINDOW);
}
