/**
 * Whether bytes are UTF-8 (RFC 3629, table 3-7 of the Unicode standard), as a stream: text of a
 * WebSocket message arrives in pieces that are cut anywhere. With SIMD each byte is looked at
 * together with the three before it: they say whether it must be a continuation, and the last of
 * them which continuations it may be. Blocks without characters of three and four bytes leave out
 * what concerns those.
 *
 * The state between pieces is one number: how many continuation bytes are still to come, and the
 * least and the greatest value of the next one. 0 is the boundary of a character.
 */

import { AT_LEAST_C0, AT_LEAST_E0, AT_LEAST_F0, C0S, E0S, F0S } from "../../build/core-tables";
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

// After E0, ED, F0 and F4 a continuation has fewer values than 80..BF, after F5..FF it has none.
// What is added to one that must not follow takes it out of 80..BF, and leaves in it one that may.
const FROM_A0: u8 = 0xe0;
const FROM_90: u8 = 0xf0;
const BELOW_A0: u8 = 0x20;
const BELOW_90: u8 = 0x30;
const NONE: u8 = 0x40;

/** By the low nibble of E0..EF. */
// biome-ignore format: four nibbles a line
const AFTER_E: usize = memory.data<u8>([
  FROM_A0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, BELOW_A0, 0, 0,
]);
/** By the low nibble of F0..FF. */
// biome-ignore format: four nibbles a line
const AFTER_F: usize = memory.data<u8>([
  FROM_90, 0, 0, 0,
  BELOW_90, NONE, NONE, NONE,
  NONE, NONE, NONE, NONE,
  NONE, NONE, NONE, NONE,
]);

/**
 * Checks whole blocks that start at the boundary of a character, BEFORE bytes into the text or
 * later; answers the boundary of the last character that is not complete in them, or their end, or
 * 0 if they are not UTF-8.
 *
 * What precedes each byte is loaded from where it is, which costs less than to shift it there. An
 * average of two bytes has its high bit if their sum is above 0xfe: one instruction that compares
 * without signs. `asked` has it where bytes before ask for a continuation, and `errors` where none
 * is or one is too many. C0 and C1, which are no leads, are the only bytes that average to 0x80.
 */
function blocksEnd(p: usize, end: usize): usize {
  const afterE = v128.load(AFTER_E);
  const afterF = v128.load(AFTER_F);
  const c0 = v128.load(C0S);
  const e0 = v128.load(E0S);
  const f0 = v128.load(F0S);
  const atLeastC0 = v128.load(AT_LEAST_C0);
  const atLeastE0 = v128.load(AT_LEAST_E0);
  const atLeastF0 = v128.load(AT_LEAST_F0);
  let errors = i8x16.splat(0);
  let least = i8x16.splat(0);
  for (; p + BLOCK <= end; p += BLOCK) {
    const low = i8x16.max_u(v128.load(p), v128.load(p, 16));
    const high = i8x16.max_u(v128.load(p, 32), v128.load(p, 48));
    const greatest = i8x16.max_u(v128.load(p - BEFORE), i8x16.max_u(low, high));
    if (!i8x16.bitmask(greatest)) continue;
    // Loads of what precedes have offsets above zero, which engines fold into the instruction. Loops
    // of one vector, as JavaScriptCore has no registers for more.
    let q = p - BEFORE;
    const stop = q + BLOCK;
    if (i8x16.bitmask(i8x16.avgr_u(greatest, atLeastF0))) {
      do {
        const first = v128.load(q, 2);
        const leads = i8x16.avgr_u(first, atLeastC0);
        const thirds = i8x16.avgr_u(v128.load(q, 1), atLeastE0);
        const fourths = i8x16.avgr_u(v128.load(q), atLeastF0);
        const asked = v128.or(v128.or(leads, thirds), fourths);
        const e = i8x16.swizzle(afterE, v128.xor(first, e0));
        const f = i8x16.swizzle(afterF, v128.xor(first, f0));
        const bytes = moved(v128.load(q, 3), v128.or(e, f));
        errors = v128.or(errors, v128.xor(asked, i8x16.lt_s(bytes, c0)));
        least = i8x16.min_s(least, leads);
        q += 16;
      } while (q != stop);
    } else if (i8x16.bitmask(i8x16.avgr_u(greatest, atLeastE0))) {
      do {
        const first = v128.load(q, 2);
        const leads = i8x16.avgr_u(first, atLeastC0);
        const asked = v128.or(leads, i8x16.avgr_u(v128.load(q, 1), atLeastE0));
        const bytes = moved(v128.load(q, 3), i8x16.swizzle(afterE, v128.xor(first, e0)));
        errors = v128.or(errors, v128.xor(asked, i8x16.lt_s(bytes, c0)));
        least = i8x16.min_s(least, leads);
        q += 16;
      } while (q != stop);
    } else {
      do {
        const leads = i8x16.avgr_u(v128.load(q, 2), atLeastC0);
        errors = v128.or(errors, v128.xor(leads, i8x16.lt_s(v128.load(q, 3), c0)));
        least = i8x16.min_s(least, leads);
        q += 16;
      } while (q != stop);
    }
  }
  const overlong = i8x16.eq(least, i8x16.splat(-0x80));
  if (i8x16.bitmask(v128.or(errors, overlong))) return 0;
  if (load<u8>(p - 1) >= 0xc0) return p - 1;
  if (load<u8>(p - 2) >= 0xe0) return p - 2;
  return load<u8>(p - 3) >= 0xf0 ? p - 3 : p;
}

/** Continuations, as signed bytes the least, with those moved above that must not follow. */
function moved(bytes: v128, by: v128): v128 {
  return i8x16.max_s(bytes, i8x16.add(bytes, by));
}
