/** Decimal numbers without sign, as text. They are exact up to 2^53, as in JavaScript. */

import { isDigit } from "./bytes";

/** What `readDecimal` answers for text that is not all digits. */
export const NOT_DECIMAL: f64 = -1;

/** Writes a number; answers how many digits it has. */
export function writeDecimal(value: u64, out: usize): i32 {
  const length = decimalLength(value);
  let p = out + length;
  // The low nine digits in 32 bits, which divide much faster; few numbers have more.
  for (; value > <u64>u32.MAX_VALUE; value /= 10) store<u8>(--p, <u8>(0x30 + (value % 10)));
  let low = <u32>value;
  do {
    store<u8>(--p, <u8>(0x30 + (low % 10)));
    low /= 10;
  } while (p > out);
  return length;
}

/** How many digits a number has. */
export function decimalLength(value: u64): i32 {
  let length = 1;
  for (let power: u64 = 10; value >= power && length < 19; power *= 10) length++;
  return length;
}

/** Reads `n` digits, leading zeros among them. NOT_DECIMAL if they are not digits, or none. */
export function readDecimal(p: usize, n: i32): f64 {
  if (n == 0) return NOT_DECIMAL;
  let value: f64 = 0;
  for (const end = p + n; p < end; p++) {
    const byte = load<u8>(p);
    if (!isDigit(byte)) return NOT_DECIMAL;
    value = value * 10 + <f64>(byte - 0x30);
  }
  return value;
}
