/**
 * The end of a response's head, and its beginning: what JavaScript would write a byte at a time.
 * Between them it may have put header lines of its own.
 */

import { CRLF } from "../bytes";
import { contentHash } from "../crypto/hash";
import { decimalLength, writeDecimal } from "../decimal";
import { PREFIX } from "../layout";

// Text as words, the first byte lowest: `Etag: "` and, in two halves, `Content-Length: `.
const ETAG: u64 = 0x22_20_3a_67_61_74_45;
const CONTENT: u64 = 0x2d_74_6e_65_74_6e_6f_43;
const LENGTH: u64 = 0x20_3a_68_74_67_6e_65_4c;
const QUOTE: u8 = 0x22;
const TAG_BEFORE = 7;
const TAG_DIGITS = 32;

/**
 * Writes `prefixLength` bytes of PREFIX at `start`. At `at`: the entity tag's line for the
 * `taggedLength` bytes that follow the head, the line that says `contentLength`, the empty line. A
 * line whose number is below zero is left out. Answers where the head ends.
 */
export function putResponseHead(
  start: usize,
  prefixLength: i32,
  at: usize,
  taggedLength: i32,
  contentLength: f64,
): usize {
  copyPrefix(start, prefixLength);
  const length: u64 = contentLength < 0 ? 0 : <u64>contentLength;
  if (taggedLength >= 0) {
    const lineLength = contentLength < 0 ? 0 : 18 + decimalLength(length);
    put64(at, ETAG);
    at += TAG_BEFORE;
    contentHash(at + TAG_DIGITS + 3 + lineLength + 2, taggedLength, at);
    at += TAG_DIGITS;
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
