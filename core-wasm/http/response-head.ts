/**
 * The end of a response's head, and its beginning: what JavaScript would write a byte at a time.
 * Between them it may have put header lines of its own.
 */

import { CRLF, load64 } from "../bytes";
import { contentHash } from "../crypto/hash";
import { decimalLength, writeDecimal } from "../decimal";
import { KNOWN_TAG, NO_LINE, PREFIX, TAG_LENGTH } from "../layout";

// Text as words, the first byte lowest: `Etag: "` and, in two halves, `Content-Length: `.
const ETAG: u64 = 0x22_20_3a_67_61_74_45;
const CONTENT: u64 = 0x2d_74_6e_65_74_6e_6f_43;
const LENGTH: u64 = 0x20_3a_68_74_67_6e_65_4c;
const QUOTE: u8 = 0x22;
const TAG_BEFORE = 7;

/**
 * Writes `prefixLength` bytes of PREFIX at `start`. At `at`: the entity tag's line, the line that
 * says `contentLength`, the empty line; answers where the head ends. A line whose number is -1 is
 * left out. The tag is that of the `taggedLength` bytes that follow the head, and is kept in `slot`
 * if there is one; if `taggedLength` is KNOWN_TAG, it is the one in `slot`.
 */
export function putResponseHead(
  start: usize,
  prefixLength: i32,
  at: usize,
  taggedLength: i32,
  contentLength: f64,
  slot: usize,
): usize {
  copyPrefix(start, prefixLength);
  const length: u64 = contentLength < 0 ? 0 : <u64>contentLength;
  if (taggedLength != NO_LINE) {
    put64(at, ETAG);
    at += TAG_BEFORE;
    if (taggedLength == KNOWN_TAG) {
      copyTag(at, slot);
    } else {
      const lineLength = contentLength < 0 ? 0 : 18 + decimalLength(length);
      contentHash(at + TAG_LENGTH + 3 + lineLength + 2, taggedLength, at);
      if (slot != 0) copyTag(slot, at);
    }
    at += TAG_LENGTH;
    store<u8>(at, QUOTE);
    at = putLineEnd(at + 1);
  }
  if (contentLength >= 0) {
    put64(at, CONTENT);
    put64(at + 8, LENGTH);
    at += 16;
    at = putLineEnd(at + writeDecimal(length, at));
  }
  return putLineEnd(at);
}

function copyTag(target: usize, source: usize): void {
  for (let i = 0; i < TAG_LENGTH; i += 8) put64(target + i, load64(source + i));
}

/** By vectors: for so little, memory.copy takes longer than what it does. */
function copyPrefix(start: usize, length: i32): void {
  if (ASC_FEATURE_SIMD) {
    if (length >= 16) {
      const last = length - 16;
      for (let i = 0; i < last; i += 16) v128.store(start + i, v128.load(PREFIX + i));
      v128.store(start + last, v128.load(PREFIX + last));
      return;
    }
  }
  memory.copy(start, PREFIX, length);
}

function putLineEnd(at: usize): usize {
  store<u16>(at, <u16>CRLF, 0, 1);
  return at + 2;
}

function put64(at: usize, word: u64): void {
  store<u64>(at, word, 0, 1);
}
