/**
 * The name of a content that JavaScript owns: what entity tags and static versions are made of.
 */

import { SCRATCH, SCRATCH_LENGTH, SLACK } from "../../core-wasm/layout.ts";
import { contentHash, hexDigest } from "./crypto.ts";
import { putBytes, putUtf8, utf8Length } from "./memory.ts";

/** Hexadecimal digits of a content's name: 128 bits of BLAKE3. */
const DIGITS = 32;

/** As `contentHash`, of bytes or of text as UTF-8, of any length. */
export function contentHashOf(content: string | Uint8Array): string {
  const size = typeof content === "string" ? utf8Length(content) : content.length;
  if (size > SCRATCH_LENGTH - SLACK) return hexDigest("blake3", content).slice(0, DIGITS);
  if (typeof content === "string") putUtf8(content, SCRATCH, size);
  else putBytes(content, SCRATCH);
  return contentHash(SCRATCH, size);
}
