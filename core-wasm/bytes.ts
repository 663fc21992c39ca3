/**
 * Byte classes and scans that the parsers share. Every scan stops at the latest at a NUL, which is
 * in no class: who calls has put one after the input, so no scan asks where the input ends.
 * With SIMD a scan takes 16 bytes at a time, without it one; both see the same classes.
 */

import {
  CLASSES,
  DELS,
  HIGH_NIBBLES,
  IS_FIELD,
  IS_HEX,
  IS_REG_NAME,
  IS_TOKEN,
  LAST_CONTROLS,
  LOW_NIBBLES,
  REG_NAME_NIBBLES,
  TOKEN_NIBBLES,
} from "../build/core-tables";

export const NUL: u8 = 0x00;
export const HTAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SP: u8 = 0x20;
export const DEL: u8 = 0x7f;
/** CR LF as one 16-bit word. */
export const CRLF: u32 = 0x0a0d;

// Words from any address. The align of 1 tells wasm2js, whose typed arrays need it, to take bytes.

export function load16(p: usize): u32 {
  return load<u16>(p, 0, 1);
}

export function load32(p: usize): u32 {
  return load<u32>(p, 0, 1);
}

export function load64(p: usize): u64 {
  return load<u64>(p, 0, 1);
}

export function isClass(byte: u8, bits: u8): bool {
  return (load<u8>(CLASSES + byte) & bits) != 0;
}

export function isDigit(byte: u8): bool {
  return <u32>byte - 0x30 < 10;
}

export function isHex(byte: u8): bool {
  return isClass(byte, IS_HEX);
}

/** The value of a hexadecimal digit, or a number above 15. */
export function hexValue(byte: u8): u32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = <u32>(byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

/** A bit for each of 16 bytes that is not in the class of the nibble table. */
function outside(low: v128, bytes: v128): i32 {
  const rows = i8x16.swizzle(low, v128.and(bytes, v128.load(LOW_NIBBLES)));
  const row = i8x16.swizzle(v128.load(HIGH_NIBBLES), i8x16.shr_u(bytes, 4));
  return i8x16.bitmask(i8x16.eq(v128.and(rows, row), i8x16.splat(0)));
}

/** A bit for each of 16 bytes at `p` that no reg-name has; a percent encoding is not seen as one. */
export function outsideRegName(p: usize): i32 {
  return outside(v128.load(REG_NAME_NIBBLES), v128.load(p));
}

/** Where the token that starts at `p` ends. */
export function tokenEnd(p: usize): usize {
  if (ASC_FEATURE_SIMD) return classEnd(TOKEN_NIBBLES, p);
  return bytesEnd(IS_TOKEN, p);
}

/** Where the run of reg-name bytes that starts at `p` ends; percent encodings end it too. */
export function regNameEnd(p: usize): usize {
  if (ASC_FEATURE_SIMD) return classEnd(REG_NAME_NIBBLES, p);
  return bytesEnd(IS_REG_NAME, p);
}

function classEnd(nibbles: usize, p: usize): usize {
  let stops = outside(v128.load(nibbles), v128.load(p));
  while (stops == 0) {
    p += 16;
    stops = outside(v128.load(nibbles), v128.load(p));
  }
  return p + ctz(stops);
}

/** Where the run of field bytes that starts at `p` ends: before a control, HTAB excepted. */
export function fieldEnd(p: usize): usize {
  if (ASC_FEATURE_SIMD) {
    for (;;) {
      const controls = controls16(p);
      if (controls == 0) {
        p += 16;
        continue;
      }
      p += ctz(controls);
      if (load<u8>(p) != HTAB) return p;
      p++;
    }
  }
  return bytesEnd(IS_FIELD, p);
}

/** A bit for each of 16 bytes at `p` that is a control, HTAB among them. */
export function controls16(p: usize): i32 {
  const bytes = v128.load(p);
  // le_u is two machine instructions on x86, lt_u four.
  const low = i8x16.le_u(bytes, v128.load(LAST_CONTROLS));
  return i8x16.bitmask(v128.or(low, i8x16.eq(bytes, v128.load(DELS))));
}

/** Where the run of bytes of any of these classes that starts at `p` ends. */
export function bytesEnd(bits: u8, p: usize): usize {
  while (isClass(load<u8>(p), bits)) p++;
  return p;
}

/** Where the byte is in `p..end`, or the end. Unlike the scans above, it needs no NUL there. */
export function indexOf(byte: u8, p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const wanted = i8x16.splat(byte);
    for (; p + 16 <= end; p += 16) {
      const found = i8x16.bitmask(i8x16.eq(v128.load(p), wanted));
      if (found) return p + ctz(found);
    }
  }
  while (p < end && load<u8>(p) != byte) p++;
  return p;
}

/** The first byte after `p` that is neither SP nor HTAB. */
export function skipBlanks(p: usize): usize {
  while (isBlank(load<u8>(p))) p++;
  return p;
}

/** The end of what is left of `start..end` without the blanks at its end. */
export function trimEnd(start: usize, end: usize): usize {
  while (end > start && isBlank(load<u8>(end - 1))) end--;
  return end;
}

export function isBlank(byte: u8): bool {
  return byte == SP || byte == HTAB;
}

/** A to Z as a to z, other bytes as they are. */
export function lower(byte: u8): u8 {
  return <u32>byte - 0x41 < 26 ? byte | 0x20 : byte;
}
