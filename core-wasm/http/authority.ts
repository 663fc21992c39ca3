/**
 * `host [":" port]` as it stands in Host and in request targets (RFC 3986 section 3.2). Bytes in,
 * yes or no out; nothing is resolved or normalized.
 */

import { NINES, ZEROS } from "../../build/core-tables";
import { isDigit, isHex, outsideRegName, regNameEnd } from "../bytes";

const AT: u8 = 0x40;
const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const PERCENT: u8 = 0x25;
const MAX_PORT: u32 = 65535;

/** Whether `p..end` is a host that is not empty, with or without a port. */
export function isHost(p: usize, end: usize): bool {
  const host = hostEnd(p, end);
  if (host == p) return false;
  return host == end || isPort(host, end);
}

/**
 * Whether `p..end` is a host of at most 32 reg-name bytes, alone or with a port of at most four
 * digits: nearly every host is, and all of it is seen at once. A no says nothing.
 */
export function isPlainHost(p: usize, end: usize): bool {
  if (!ASC_FEATURE_SIMD) return false;
  const length = <i32>(end - p);
  if (length > 32) return false;
  const host = ctz(outsideRegName(p) | (outsideRegName(p + 16) << 16));
  const digits = digitBits(p) | (digitBits(p + 16) << 16);
  if (host >= length) return true;
  const port = length - host - 1;
  const bits = ((1 << port) - 1) << (host + 1);
  return host > 0 && load<u8>(p + host) == COLON && port <= 4 && (digits & bits) == bits;
}

/** A bit for each of 16 bytes at `p` that is a digit. */
function digitBits(p: usize): i32 {
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(v128.load(p), v128.load(ZEROS)), v128.load(NINES)));
}

/** Whether `p..end` is a host with a port that is not empty. */
export function isHostWithPort(p: usize, end: usize): bool {
  const host = hostEnd(p, end);
  return host > p && host + 1 < end && isPort(host, end);
}

/** After `userinfo "@"`, if that starts `p..end`. Where it is malformed, it is taken for a host. */
export function userinfoEnd(p: usize, end: usize): usize {
  let q = p;
  while (q < end) {
    q = encodedEnd(q);
    if (load<u8>(q) != COLON) break;
    q++;
  }
  return q < end && load<u8>(q) == AT ? q + 1 : p;
}

/** Where the host ends, or `p` where there is none. */
function hostEnd(p: usize, end: usize): usize {
  if (load<u8>(p) == BRACKET) return literalEnd(p, end);
  return encodedEnd(p);
}

/** Where the run of reg-name bytes and percent encodings ends. No other byte can follow it. */
function encodedEnd(p: usize): usize {
  p = regNameEnd(p);
  while (load<u8>(p) == PERCENT && isHex(load<u8>(p + 1)) && isHex(load<u8>(p + 2))) {
    p = regNameEnd(p + 3);
  }
  return p;
}

/** Whether `p..end` is ":" and a number that a port can have, or no number at all. */
function isPort(p: usize, end: usize): bool {
  if (load<u8>(p) != COLON) return false;
  let port: u32 = 0;
  for (p++; p < end; p++) {
    const byte = load<u8>(p);
    if (!isDigit(byte)) return false;
    port = port * 10 + (byte - 0x30);
    if (port > MAX_PORT) return false;
  }
  return true;
}

/** After the bracketed IPv6 or later address at `p`, or `p` if it is malformed. */
function literalEnd(p: usize, end: usize): usize {
  let close = p + 1;
  while (close < end && load<u8>(close) != BRACKET_END) close++;
  if (close == end) return p;
  const valid = (load<u8>(p + 1) | 0x20) == 0x76 ? isFuture(p + 2, close) : isIPv6(p + 1, close);
  return valid ? close + 1 : p;
}

/** IPvFuture after its "v": `1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`. */
function isFuture(p: usize, end: usize): bool {
  const version = p;
  while (isHex(load<u8>(p))) p++;
  if (p == version || load<u8>(p) != DOT || p + 1 == end) return false;
  p++;
  while (p < end) {
    p = regNameEnd(p);
    if (p == end) return true;
    if (load<u8>(p) != COLON) return false;
    p++;
  }
  return true;
}

/** IPv6address: eight groups, or fewer with one "::"; an IPv4 address may stand for the last two. */
function isIPv6(p: usize, end: usize): bool {
  let groups = 0;
  let gap = false;
  if (p + 1 < end && load<u8>(p) == COLON) {
    if (load<u8>(p + 1) != COLON) return false;
    gap = true;
    p += 2;
  }
  while (p < end) {
    const group = p;
    while (p < end && isHex(load<u8>(p))) p++;
    if (p < end && load<u8>(p) == DOT) {
      groups += 2;
      return isIPv4(group, end) && (gap ? groups <= 7 : groups == 8);
    }
    if (p == group || p - group > 4) return false;
    groups++;
    if (p == end) break;
    if (load<u8>(p) != COLON) return false;
    p++;
    // A single colon may not be the last byte.
    if (p == end) return false;
    if (load<u8>(p) != COLON) continue;
    if (gap) return false;
    gap = true;
    p++;
  }
  return gap ? groups <= 7 : groups == 8;
}

/** IPv4address: four numbers of 0 to 255 without leading zeros. */
function isIPv4(p: usize, end: usize): bool {
  for (let part = 0; part < 4; part++) {
    const start = p;
    let number: u32 = 0;
    while (p < end && isDigit(load<u8>(p)) && p - start < 3)
      number = number * 10 + (load<u8>(p++) - 0x30);
    if (p == start || number > 255) return false;
    if (p - start > 1 && load<u8>(start) == 0x30) return false;
    if (part == 3) return p == end;
    if (p == end || load<u8>(p) != DOT) return false;
    p++;
  }
  return false;
}
