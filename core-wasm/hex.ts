/** Hexadecimal digits. `out` may be where the bytes are: they are read from the last to the first. */

import { BAD_HEX } from "./status";

const DIGITS: usize = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
]);

/** Writes `n` bytes as 2n lower-case digits. */
export function hex(p: usize, n: i32, out: usize): void {
  if (ASC_FEATURE_SIMD) {
    while (n & 15) hexByte(p, --n, out);
    const digits = v128.load(DIGITS);
    while (n > 0) {
      n -= 16;
      const bytes = v128.load(p + n);
      const high = i8x16.swizzle(digits, i8x16.shr_u(bytes, 4));
      const low = i8x16.swizzle(digits, v128.and(bytes, i8x16.splat(0x0f)));
      const pairs = i8x16.shuffle(
        high,
        low,
        0,
        16,
        1,
        17,
        2,
        18,
        3,
        19,
        4,
        20,
        5,
        21,
        6,
        22,
        7,
        23,
      );
      v128.store(
        out + (n << 1) + 16,
        i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
      );
      v128.store(out + (n << 1), pairs);
    }
    return;
  }
  while (n > 0) hexByte(p, --n, out);
}

function hexByte(p: usize, i: i32, out: usize): void {
  const byte = load<u8>(p + i);
  store<u8>(out + (i << 1), load<u8>(DIGITS + (byte >> 4)));
  store<u8>(out + (i << 1) + 1, load<u8>(DIGITS + (byte & 15)));
}

/** Reads `n` digits of either case as n / 2 bytes, and answers how many; a status if they are not. */
export function unhex(p: usize, n: i32, out: usize): i32 {
  if (n & 1) return BAD_HEX;
  for (let i = 0; i < n; i += 2) {
    const high = hexValue(load<u8>(p + i));
    const low = hexValue(load<u8>(p + i + 1));
    if ((high | low) > 15) return BAD_HEX;
    store<u8>(out + (i >> 1), <u8>((high << 4) | low));
  }
  return n >> 1;
}

/** The value of a digit, above 15 if it is none. */
function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xff;
}
