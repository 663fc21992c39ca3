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
/** Bytes of the text that must stand before a block: a character is four bytes at most. */
const BEFORE: i32 = 3;
const HIGH_BITS: u32 = 0x80808080;

/** Takes `n` more bytes; answers the new state, or BAD_UTF8. */
export function validateUtf8(p: usize, n: i32, state: i32): i32 {
  const end = p + n;
  const third = ASC_FEATURE_SIMD && n >= 2 * BLOCK ? p + BEFORE : p;
  while (p < end && (state != 0 || p < third)) {
    state = step(state, load<u8>(p++));
    if (state < 0) return state;
  }
  if (ASC_FEATURE_SIMD) {
    if (n >= 2 * BLOCK) {
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

/** The greatest bytes, as the last three, after which a character is complete. */
const COMPLETE: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf,
]);

// Constants in memory, a vector of each: of those in the code V8 makes new ones at every use,
// which takes longer than all the rest.
const LOW_NIBBLE: usize = memory.data<u8>([
  0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
]);
/** 0xe0 - 0x80 and 0xf0 - 0x80: what leads of three and four bytes are at least, but for the high bit. */
const THREE_BYTES: usize = memory.data<u8>([
  0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60,
]);
const FOUR_BYTES_LEAD: usize = memory.data<u8>([
  0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70,
]);
const HIGH_BIT: usize = memory.data<u8>([
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
]);

/**
 * Checks whole blocks that start at the boundary of a character, BEFORE bytes into the text or
 * later; answers the boundary of the last character that is not complete in them, or their end, or
 * 0 if they are not UTF-8. What precedes each byte is loaded from where it is.
 */
function blocksEnd(p: usize, end: usize): usize {
  const firstHigh = v128.load(FIRST_HIGH);
  const firstLow = v128.load(FIRST_LOW);
  const secondHigh = v128.load(SECOND_HIGH);
  const nibble = v128.load(LOW_NIBBLE);
  const three = v128.load(THREE_BYTES);
  const four = v128.load(FOUR_BYTES_LEAD);
  const highBit = v128.load(HIGH_BIT);
  let errors = i8x16.splat(0);
  for (; p + BLOCK <= end; p += BLOCK) {
    const bytes0 = v128.load(p);
    const bytes1 = v128.load(p, 16);
    const bytes2 = v128.load(p, 32);
    const bytes3 = v128.load(p, 48);
    const low = v128.or(bytes0, bytes1);
    const high = v128.or(bytes2, bytes3);
    if (!i8x16.bitmask(v128.or(low, high))) {
      errors = v128.or(errors, i8x16.sub_sat_u(v128.load(p - 16), v128.load(COMPLETE)));
      continue;
    }
    // Written out: a loop over the four takes an eighth longer.
    const pairs0 = pairErrors(bytes0, p, firstHigh, firstLow, secondHigh, nibble);
    const asked0 = v128.and(continuations(p, three, four), highBit);
    errors = v128.or(errors, v128.xor(asked0, pairs0));
    const pairs1 = pairErrors(bytes1, p + 16, firstHigh, firstLow, secondHigh, nibble);
    const asked1 = v128.and(continuations(p + 16, three, four), highBit);
    errors = v128.or(errors, v128.xor(asked1, pairs1));
    const pairs2 = pairErrors(bytes2, p + 32, firstHigh, firstLow, secondHigh, nibble);
    const asked2 = v128.and(continuations(p + 32, three, four), highBit);
    errors = v128.or(errors, v128.xor(asked2, pairs2));
    const pairs3 = pairErrors(bytes3, p + 48, firstHigh, firstLow, secondHigh, nibble);
    const asked3 = v128.and(continuations(p + 48, three, four), highBit);
    errors = v128.or(errors, v128.xor(asked3, pairs3));
  }
  if (v128.any_true(errors)) return 0;
  if (load<u8>(p - 1) >= 0xc0) return p - 1;
  if (load<u8>(p - 2) >= 0xe0) return p - 2;
  return load<u8>(p - 3) >= 0xf0 ? p - 3 : p;
}

/** What is wrong with the pairs of each byte at `p` and the one before it. */
function pairErrors(
  bytes: v128,
  p: usize,
  firstHigh: v128,
  firstLow: v128,
  secondHigh: v128,
  nibble: v128,
): v128 {
  const first = v128.load(p - 1);
  const a = i8x16.swizzle(firstHigh, v128.and(i16x8.shr_u(first, 4), nibble));
  const b = i8x16.swizzle(firstLow, v128.and(first, nibble));
  const c = i8x16.swizzle(secondHigh, v128.and(i16x8.shr_u(bytes, 4), nibble));
  return v128.and(v128.and(a, b), c);
}

/** The high bit where a lead of three or four bytes asks for the second continuation or third. */
function continuations(p: usize, three: v128, four: v128): v128 {
  const seconds = i8x16.sub_sat_u(v128.load(p - 2), three);
  return v128.or(seconds, i8x16.sub_sat_u(v128.load(p - 3), four));
}
