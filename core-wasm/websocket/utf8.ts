/**
 * Whether bytes are UTF-8 (RFC 3629, table 3-7 of the Unicode standard), as a stream: text of a
 * WebSocket message arrives in pieces that are cut anywhere. With SIMD by Keiser and Lemire's
 * "Validating UTF-8 in less than one instruction per byte": three table lookups tell of every pair
 * of bytes what is wrong with it, a fourth rule which bytes must be second and third continuations.
 *
 * The state between pieces is one number: how many continuation bytes are still to come, and the
 * least and the greatest value of the next one. 0 is the boundary of a character.
 */

import { load32 } from "../bytes";
import { BAD_UTF8 } from "../status";

const BLOCK: i32 = 64;
const HIGH_BITS: u32 = 0x80808080;

/** Takes `n` more bytes; answers the new state, or BAD_UTF8. */
export function validateUtf8(p: usize, n: i32, state: i32): i32 {
  const end = p + n;
  while (state != 0 && p < end) {
    state = step(state, load<u8>(p++));
    if (state < 0) return state;
  }
  if (ASC_FEATURE_SIMD) {
    if (p + BLOCK <= end) {
      p = blocksEnd(p, end);
      if (p == 0) return BAD_UTF8;
    }
  }
  while (p < end) {
    if (state == 0) {
      p = asciiEnd(p, end);
      if (p == end) return 0;
    }
    state = step(state, load<u8>(p++));
    if (state < 0) return state;
  }
  return state;
}

/** One byte further, from any state. */
function step(state: i32, byte: i32): i32 {
  if (state != 0) {
    const least = (state >> 8) & 0xff;
    const greatest = state >> 16;
    if (byte < least || byte > greatest) return BAD_UTF8;
    return next((state & 0xff) - 1, 0x80, 0xbf);
  }
  if (byte < 0x80) return 0;
  if (byte < 0xc2) return BAD_UTF8;
  if (byte < 0xe0) return next(1, 0x80, 0xbf);
  if (byte < 0xf0) return next(2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
  if (byte < 0xf5) return next(3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
  return BAD_UTF8;
}

function next(left: i32, least: i32, greatest: i32): i32 {
  return left == 0 ? 0 : left | (least << 8) | (greatest << 16);
}

/** Skips ASCII, all of it or up to some bytes before its end. */
function asciiEnd(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    while (p + 16 <= end) {
      const high = i8x16.bitmask(v128.load(p));
      if (high) return p + ctz(high);
      p += 16;
    }
  }
  while (p + 4 <= end && (load32(p) & HIGH_BITS) == 0) p += 4;
  while (p < end && load<u8>(p) < 0x80) p++;
  return p;
}

// What may be wrong with two bytes that follow each other, one bit each.
const TOO_SHORT: u8 = 1 << 0;
const TOO_LONG: u8 = 1 << 1;
const OVERLONG_3: u8 = 1 << 2;
const TOO_LARGE: u8 = 1 << 3;
const SURROGATE: u8 = 1 << 4;
const OVERLONG_2: u8 = 1 << 5;
/** Above U+10FFFF by the first byte alone; and overlong in four bytes, which excludes it. */
const TOO_LARGE_1000: u8 = 1 << 6;
const OVERLONG_4: u8 = 1 << 6;
const TWO_CONTINUATIONS: u8 = 1 << 7;
/** What the low nibble of the first byte has no say in. */
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;
const LARGE: u8 = CARRY | TOO_LARGE | TOO_LARGE_1000;
const FOUR_BYTES: u8 = TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4;
const CONTINUATION: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;
const BELOW_90: u8 = CONTINUATION | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4;
const BELOW_A0: u8 = CONTINUATION | OVERLONG_3 | TOO_LARGE;
const FROM_A0: u8 = CONTINUATION | SURROGATE | TOO_LARGE;

/** By the high nibble of the first byte, its low nibble, and the high nibble of the second. */
// biome-ignore format: four nibbles a line
const FIRST_HIGH: usize = memory.data<u8>([
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
  TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
  TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | FOUR_BYTES,
]);
// biome-ignore format: four nibbles a line
const FIRST_LOW: usize = memory.data<u8>([
  CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY,
  CARRY | TOO_LARGE, LARGE, LARGE, LARGE,
  LARGE, LARGE, LARGE, LARGE,
  LARGE, LARGE | SURROGATE, LARGE, LARGE,
]);
// biome-ignore format: four nibbles a line
const SECOND_HIGH: usize = memory.data<u8>([
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  BELOW_90, BELOW_A0, FROM_A0, FROM_A0,
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
]);

/**
 * Checks whole blocks from the boundary of a character; answers the boundary of the last
 * character that is not complete in them, or their end, or 0 if they are not UTF-8.
 */
function blocksEnd(p: usize, end: usize): usize {
  let previous = i8x16.splat(0);
  let errors = i8x16.splat(0);
  for (; p + BLOCK <= end; p += BLOCK) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d))) == 0) {
      errors = v128.or(errors, incomplete(previous));
    } else {
      errors = v128.or(errors, pairErrors(previous, a));
      errors = v128.or(errors, pairErrors(a, b));
      errors = v128.or(errors, pairErrors(b, c));
      errors = v128.or(errors, pairErrors(c, d));
    }
    previous = d;
  }
  if (v128.any_true(errors)) return 0;
  if (load<u8>(p - 1) >= 0xc0) return p - 1;
  if (load<u8>(p - 2) >= 0xe0) return p - 2;
  return load<u8>(p - 3) >= 0xf0 ? p - 3 : p;
}

/** Non-zero where a byte of `bytes` does not fit what is before it. */
function pairErrors(before: v128, bytes: v128): v128 {
  // biome-ignore format: sixteen lanes
  const one = i8x16.shuffle(before, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  // biome-ignore format: sixteen lanes
  const two = i8x16.shuffle(before, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  // biome-ignore format: sixteen lanes
  const three = i8x16.shuffle(before, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const high = i8x16.swizzle(v128.load(FIRST_HIGH), i8x16.shr_u(one, 4));
  const low = i8x16.swizzle(v128.load(FIRST_LOW), v128.and(one, i8x16.splat(0x0f)));
  const second = i8x16.swizzle(v128.load(SECOND_HIGH), i8x16.shr_u(bytes, 4));
  const special = v128.and(v128.and(high, low), second);
  // Two continuations in a row are right where a lead of three or four bytes asks for them.
  const asked = v128.or(
    i8x16.sub_sat_u(two, i8x16.splat(<u8>(0xe0 - 0x80))),
    i8x16.sub_sat_u(three, i8x16.splat(<u8>(0xf0 - 0x80))),
  );
  return v128.xor(v128.and(asked, i8x16.splat(<u8>0x80)), special);
}

/** The greatest bytes, as the last three, after which a character is complete. */
const COMPLETE: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf,
]);

/** Non-zero if the last bytes begin a character that they do not end. */
function incomplete(bytes: v128): v128 {
  return i8x16.sub_sat_u(bytes, v128.load(COMPLETE));
}
