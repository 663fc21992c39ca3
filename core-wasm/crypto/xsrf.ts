/**
 * Tornado's XSRF tokens. Version 2 is `2|MASK|MASKED TOKEN|TIME`, the first two in hexadecimal: a
 * page that is compressed has other bytes each time, so that its length says nothing of the token
 * (the BREACH attack). Version 1 is the token in hexadecimal, or any other text as it is.
 */

import { readDecimal, writeDecimal } from "../decimal";
import { hex, unhex } from "../hex";
import { XSRF_TIMESTAMP_HIGH, XSRF_TIMESTAMP_LOW, XSRF_VERSION } from "../layout";
import { BAD_SIGNED_VALUE } from "../status";
import { setWord } from "../table";
import { mask } from "../websocket/mask";
import { declaredVersion } from "./signed-value";

const BAR: u8 = 0x7c;
const MASK_DIGITS: i32 = 8;
/** Exact in a double. */
const MAX_TIME_DIGITS: i32 = 15;

/** Writes the token of `n` bytes masked, in version 2; answers the length. Spoils the token. */
export function encodeXsrfToken(p: usize, n: i32, key: u32, timestamp: f64, out: usize): i32 {
  store<u8>(out, 0x32);
  store<u8>(out, BAR, 1);
  store<u32>(out, key, 2, 1);
  hex(out + 2, 4, out + 2);
  store<u8>(out, BAR, 2 + MASK_DIGITS);
  const masked = out + 3 + MASK_DIGITS;
  mask(p, n, key, 0);
  hex(p, n, masked);
  const end = masked + (n << 1);
  store<u8>(end, BAR);
  return <i32>(end + 1 - out) + writeDecimal(<u64>timestamp, end + 1);
}

/** Writes the token that a text stands for, and its version and time to the table; its length. */
export function decodeXsrfToken(p: usize, n: i32, out: usize): i32 {
  setTime(0);
  const version = declaredVersion(p, n);
  if (version == 0) {
    setWord(XSRF_VERSION, 1);
    const length = unhex(p, n, out);
    if (length >= 0) return length;
    memory.copy(out, p, n);
    return n;
  }
  setWord(XSRF_VERSION, 2);
  const end = p + n;
  const maskStart = p + 2;
  const masked = maskStart + MASK_DIGITS + 1;
  if (version != 2 || masked > end || load<u8>(masked - 1) != BAR) return BAD_SIGNED_VALUE;
  let bar = masked;
  while (bar < end && load<u8>(bar) != BAR) bar++;
  const digits = <i32>(end - bar - 1);
  if (bar == end || digits > MAX_TIME_DIGITS) return BAD_SIGNED_VALUE;
  const timestamp = readDecimal(bar + 1, digits);
  if (timestamp < 0 || unhex(maskStart, MASK_DIGITS, out) < 0) return BAD_SIGNED_VALUE;
  const key = load<u32>(out, 0, 1);
  const length = unhex(masked, <i32>(bar - masked), out);
  if (length < 0) return BAD_SIGNED_VALUE;
  mask(out, length, key, 0);
  setTime(<u64>timestamp);
  return length;
}

function setTime(timestamp: u64): void {
  setWord(XSRF_TIMESTAMP_LOW, <usize>timestamp);
  setWord(XSRF_TIMESTAMP_HIGH, <usize>(timestamp >> 32));
}
