/**
 * Tornado's signed values, byte for byte. Version 2 is
 * `2|LENGTH:KEY VERSION|LENGTH:TIME|LENGTH:NAME|LENGTH:BASE 64 OF VALUE|` followed by the hexadecimal
 * HMAC-SHA256 of all that; lengths count bytes. Version 1 is `BASE 64|TIME|` and the HMAC-SHA1 of
 * name, base 64 and time with nothing between them, which is why its time is held against limits.
 *
 * Verification asks in Tornado's order: form, signature, name, age, base 64. Where Tornado reads a
 * number with Python's int(), which takes signs, blanks and underscores, only digits are taken.
 */

import { base64Decode, base64Encode } from "../base64";
import { indexOf, isDigit } from "../bytes";
import { decimalLength, NOT_DECIMAL, readDecimal, writeDecimal } from "../decimal";
import { hex } from "../hex";
import { SHA1, SHA256 } from "../layout";
import { BAD_SIGNATURE, BAD_SIGNED_VALUE, BAD_TIMESTAMP, EXPIRED, WRONG_NAME } from "../status";
import { equal } from "./equal";
import { hmac } from "./hmac";

const BAR: u8 = 0x7c;
const COLON: u8 = 0x3a;
const LF: u8 = 0x0a;
const ZERO: u8 = 0x30;
/** Digits of a length at most: no value is that long. */
const MAX_LENGTH_DIGITS: i32 = 9;
/** Base 64 may start with digits and a bar is no part of it; numbers above are not versions. */
const MAX_VERSION: i32 = 999;
const SIGNATURE_V1: i32 = 40;
const SIGNATURE_V2: i32 = 64;

/** The signature that the value's bytes should have. */
const EXPECTED: usize = memory.data(64, 16);

// The fields that `readFields` found.
let keyVersion: f64 = 0;
let time: usize = 0;
let timeLength: i32 = 0;
let name: usize = 0;
let nameLength: i32 = 0;
let value: usize = 0;
let valueLength: i32 = 0;
let signature: usize = 0;

/**
 * Signs a value in version 2; answers the length. `out` needs room for the name, the base 64, and
 * 128 bytes more.
 */
export function signValueV2(
  key: usize,
  version: u32,
  timestamp: f64,
  givenName: usize,
  givenNameLength: i32,
  p: usize,
  n: i32,
  out: usize,
): i32 {
  store<u8>(out, 0x32);
  store<u8>(out, BAR, 1);
  let end = writeNumber(version, out + 2);
  end = writeNumber(<u64>timestamp, end);
  end = writeLength(givenNameLength, end);
  memory.copy(end, givenName, givenNameLength);
  end = writeBar(end + givenNameLength);
  end = writeLength(((n + 2) / 3) * 4, end);
  end = writeBar(end + base64Encode(p, n, end));
  hmac(SHA256, key, out, <i32>(end - out), end);
  hex(end, SIGNATURE_V2 >> 1, end);
  return <i32>(end - out) + SIGNATURE_V2;
}

/** Signs a value in version 1; answers the length. Room as in version 2, and for the name again. */
export function signValueV1(
  key: usize,
  timestamp: f64,
  givenName: usize,
  givenNameLength: i32,
  p: usize,
  n: i32,
  out: usize,
): i32 {
  const base64 = base64Encode(p, n, out);
  const digits = writeDecimal(<u64>timestamp, writeBar(out + base64));
  const end = writeBar(out + base64 + 1 + digits);
  signatureV1(key, givenName, givenNameLength, out, base64, digits, end);
  memory.copy(end, EXPECTED, SIGNATURE_V1);
  return <i32>(end - out) + SIGNATURE_V1;
}

/**
 * Verifies a value of either version, but none below `minVersion`; answers the length of what was
 * signed, or a status. Times are seconds since 1970, `newest` is asked of version 1 only. `out`
 * needs room for value and name together.
 */
export function verifyValue(
  key: usize,
  p: usize,
  n: i32,
  givenName: usize,
  givenNameLength: i32,
  minVersion: i32,
  oldest: f64,
  newest: f64,
  out: usize,
): i32 {
  const version = versionOf(p, n);
  if (version < minVersion) return BAD_SIGNED_VALUE;
  if (version == 1) {
    return verifyV1(key, p, n, givenName, givenNameLength, oldest, newest, out);
  }
  if (version == 2) return verifyV2(key, p, n, givenName, givenNameLength, oldest, out);
  return BAD_SIGNED_VALUE;
}

/** The key version that a value of version 2 names, or a status. Nothing is verified. */
export function keyVersionOf(p: usize, n: i32): f64 {
  return versionOf(p, n) == 2 && readFields(p, n) ? keyVersion : BAD_SIGNED_VALUE;
}

/** The version that a value is taken as: 1 unless it says another. */
function versionOf(p: usize, n: i32): i32 {
  const version = declaredVersion(p, n);
  return version == 0 || version > MAX_VERSION ? 1 : version;
}

/**
 * The version that a text declares by a number and a bar at its start, if above 999 not exactly;
 * 0 if it declares none. Tornado asks a regular expression, in which a line feed that is not the
 * last byte matches nothing.
 */
export function declaredVersion(p: usize, n: i32): i32 {
  const end = p + n;
  let q = p;
  let version = 0;
  for (; q < end && isDigit(load<u8>(q)); q++) {
    if (version <= MAX_VERSION) version = version * 10 + load<u8>(q) - ZERO;
  }
  if (q == p || q == end || load<u8>(q) != BAR || load<u8>(p) == ZERO) return 0;
  const feed = indexOf(LF, q, end);
  return feed < end && feed != end - 1 ? 0 : version;
}

function verifyV2(
  key: usize,
  p: usize,
  n: i32,
  givenName: usize,
  givenNameLength: i32,
  oldest: f64,
  out: usize,
): i32 {
  if (!readFields(p, n)) return BAD_SIGNED_VALUE;
  if (<i32>(p + n - signature) != SIGNATURE_V2) return BAD_SIGNATURE;
  hmac(SHA256, key, p, <i32>(signature - p), EXPECTED);
  hex(EXPECTED, SIGNATURE_V2 >> 1, EXPECTED);
  if (!equal(EXPECTED, signature, SIGNATURE_V2)) return BAD_SIGNATURE;
  if (nameLength != givenNameLength || !equal(name, givenName, nameLength)) return WRONG_NAME;
  const timestamp = readDecimal(time, timeLength);
  if (timestamp == NOT_DECIMAL) return BAD_SIGNED_VALUE;
  if (timestamp < oldest) return EXPIRED;
  return base64Decode(value, valueLength, out);
}

function verifyV1(
  key: usize,
  p: usize,
  n: i32,
  givenName: usize,
  givenNameLength: i32,
  oldest: f64,
  newest: f64,
  out: usize,
): i32 {
  const end = p + n;
  const first = indexOf(BAR, p, end);
  if (first == end) return BAD_SIGNED_VALUE;
  const second = indexOf(BAR, first + 1, end);
  if (second == end || indexOf(BAR, second + 1, end) != end) return BAD_SIGNED_VALUE;
  if (<i32>(end - second - 1) != SIGNATURE_V1) return BAD_SIGNATURE;
  const base64 = <i32>(first - p);
  const digits = <i32>(second - first - 1);
  signatureV1(key, givenName, givenNameLength, p, base64, digits, out);
  if (!equal(EXPECTED, second + 1, SIGNATURE_V1)) return BAD_SIGNATURE;
  const timestamp = readDecimal(first + 1, digits);
  if (timestamp == NOT_DECIMAL) return BAD_SIGNED_VALUE;
  if (timestamp < oldest) return EXPIRED;
  // Digits moved from the value's end to the time leave the signature as it was.
  if (timestamp > newest || load<u8>(first + 1) == ZERO) return BAD_TIMESTAMP;
  return base64Decode(p, base64, out);
}

/** Writes to EXPECTED what signs `base64` bytes at `p`, a bar, and `digits` digits. Spoils `work`. */
function signatureV1(
  key: usize,
  givenName: usize,
  givenNameLength: i32,
  p: usize,
  base64: i32,
  digits: i32,
  work: usize,
): void {
  memory.copy(work, givenName, givenNameLength);
  memory.copy(work + givenNameLength, p, base64);
  memory.copy(work + givenNameLength + base64, p + base64 + 1, digits);
  hmac(SHA1, key, work, givenNameLength + base64 + digits, EXPECTED);
  hex(EXPECTED, SIGNATURE_V1 >> 1, EXPECTED);
}

/** Finds the fields of a value of version 2, whose start has been seen. */
function readFields(p: usize, n: i32): bool {
  const end = p + n;
  let q = readLength(p + 2, end);
  if (q == 0) return false;
  keyVersion = readDecimal(q, fieldLength);
  if (keyVersion == NOT_DECIMAL) return false;
  q = readLength(q + fieldLength + 1, end);
  if (q == 0) return false;
  time = q;
  timeLength = fieldLength;
  q = readLength(q + fieldLength + 1, end);
  if (q == 0) return false;
  name = q;
  nameLength = fieldLength;
  q = readLength(q + fieldLength + 1, end);
  if (q == 0) return false;
  value = q;
  valueLength = fieldLength;
  signature = q + fieldLength + 1;
  return true;
}

/** Of the field whose start `readLength` has answered. */
let fieldLength: i32 = 0;

/** Reads `LENGTH:` and answers where its field starts; 0 unless the field ends with a bar. */
function readLength(p: usize, end: usize): usize {
  let q = p;
  let length = 0;
  for (; q < end && isDigit(load<u8>(q)); q++) {
    if (<i32>(q - p) == MAX_LENGTH_DIGITS) return 0;
    length = length * 10 + load<u8>(q) - ZERO;
  }
  if (q == p || q == end || load<u8>(q) != COLON) return 0;
  q++;
  if (length >= <i32>(end - q) || load<u8>(q + length) != BAR) return 0;
  fieldLength = length;
  return q;
}

function writeNumber(number: u64, out: usize): usize {
  const p = writeLength(decimalLength(number), out);
  return writeBar(p + writeDecimal(number, p));
}

function writeLength(length: i32, out: usize): usize {
  const p = out + writeDecimal(length, out);
  store<u8>(p, COLON);
  return p + 1;
}

function writeBar(p: usize): usize {
  store<u8>(p, BAR);
  return p + 1;
}
