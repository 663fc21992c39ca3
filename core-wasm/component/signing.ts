/**
 * The interface signing of core.wit. A signer is a slot with its prepared key; the signatures
 * themselves are in ../crypto.
 */

import { equal as equalBytes } from "../crypto/equal";
import { hmac, hmacKey } from "../crypto/hmac";
import { keyVersionOf, signValueV1, signValueV2, verifyValue } from "../crypto/signed-value";
import { decodeXsrfToken as decodeToken, encodeXsrfToken as encodeToken } from "../crypto/xsrf";
import {
  DIGEST,
  KEY_LENGTH,
  SCRATCH,
  SHA1,
  SHA256,
  XSRF_TIMESTAMP_LOW,
  XSRF_VERSION,
} from "../layout";
import {
  BAD_BASE64,
  BAD_SIGNATURE,
  BAD_SIGNED_VALUE,
  BAD_TIMESTAMP,
  EXPIRED,
  WRONG_NAME,
} from "../status";
import { word } from "../table";
import { validateUtf8 } from "../websocket/utf8";
import { allocate, argument, endCall, hasOverflowed } from "./arena";
import { newSigner } from "./handles";
import { FULL, freeSlot, isTaken, takeSlot } from "./pool";
import {
  give,
  giveBytes,
  giveError,
  giveOkBytes,
  NONE,
  OK,
  put8,
  put32,
  put64,
  SOME,
} from "./result";

// Cases of error-code.
const MALFORMED: i32 = 0;
const FORGED: i32 = 1;
const MISNAMED: i32 = 2;
const TOO_OLD: i32 = 3;
const MISTIMED: i32 = 4;
const NOT_BASE64: i32 = 5;
const INVALID_ARGUMENT: i32 = 6;
const TOO_LARGE: i32 = 7;
const TOO_MANY_SIGNERS: i32 = 8;

/** Where the payload is in `result<list<u8> | string | own, error-code>`, and with a u64 in it. */
const PAYLOAD: usize = 4;
const PAYLOAD_64: usize = 8;
/** Largest time: above it, doubles are not exact. */
const MAX_TIME: u64 = (1 << 53) - 1;

/** Prepared keys lie where the server has short-lived arguments. */
const SIGNERS: i32 = 256;
const signers: usize = memory.data(SIGNERS);

export function createSigner(p: usize, n: i32): usize {
  const secret = argument(p, n);
  if (secret == 0) return giveError(PAYLOAD, argumentError());
  const slot = takeSlot(signers, SIGNERS);
  if (slot == FULL) return giveError(PAYLOAD, TOO_MANY_SIGNERS);
  hmacKey(keyAt(slot), secret, n);
  memory.fill(secret, 0, n);
  put8(0, OK);
  put32(PAYLOAD, newSigner(slot));
  return give();
}

export function dropSigner(slot: i32): void {
  if (!isTaken(signers, SIGNERS, slot)) return;
  memory.fill(keyAt(slot), 0, KEY_LENGTH);
  freeSlot(signers, SIGNERS, slot);
}

export function hmacSha256(slot: i32, p: usize, n: i32): usize {
  return authenticate(SHA256, slot, p, n);
}

export function hmacSha1(slot: i32, p: usize, n: i32): usize {
  return authenticate(SHA1, slot, p, n);
}

function authenticate(algorithm: i32, slot: i32, p: usize, n: i32): usize {
  const data = argument(p, n);
  if (data == 0 || !isTaken(signers, SIGNERS, slot)) return giveBytes(DIGEST, 0);
  return giveBytes(DIGEST, hmac(algorithm, keyAt(slot), data, n, DIGEST));
}

export function sign(
  slot: i32,
  name: usize,
  nameLength: i32,
  p: usize,
  n: i32,
  timestamp: u64,
  keyVersion: u32,
): usize {
  return signed(2, slot, name, nameLength, p, n, timestamp, keyVersion);
}

export function signV1(
  slot: i32,
  name: usize,
  nameLength: i32,
  p: usize,
  n: i32,
  timestamp: u64,
): usize {
  return signed(1, slot, name, nameLength, p, n, timestamp, 0);
}

function signed(
  version: i32,
  slot: i32,
  givenName: usize,
  nameLength: i32,
  p: usize,
  n: i32,
  timestamp: u64,
  keyVersion: u32,
): usize {
  const name = argument(givenName, nameLength);
  const value = argument(p, n);
  if (name == 0 || value == 0) return giveError(PAYLOAD, argumentError());
  const isValid = isTaken(signers, SIGNERS, slot) && timestamp <= MAX_TIME;
  // The name becomes part of a string.
  if (!isValid || validateUtf8(name, nameLength, 0) != 0) {
    return giveError(PAYLOAD, INVALID_ARGUMENT);
  }
  // Base 64 and the name, in version 1 twice, and the fields around them.
  const out = allocate(<usize>n * 3 + <usize>nameLength + 256);
  if (out == 0) return giveError(PAYLOAD, TOO_LARGE);
  const key = keyAt(slot);
  const time = <f64>timestamp;
  const length =
    version == 2
      ? signValueV2(key, keyVersion, time, name, nameLength, value, n, out)
      : signValueV1(key, time, name, nameLength, value, n, out);
  return giveOkBytes(out, length);
}

export function verify(
  slot: i32,
  givenName: usize,
  nameLength: i32,
  p: usize,
  n: i32,
  minVersion: u32,
  oldest: u64,
  newest: u64,
): usize {
  const name = argument(givenName, nameLength);
  const text = argument(p, n);
  if (name == 0 || text == 0) return giveError(PAYLOAD, argumentError());
  if (!isTaken(signers, SIGNERS, slot) || minVersion > 255) {
    return giveError(PAYLOAD, INVALID_ARGUMENT);
  }
  const out = allocate(<usize>n + <usize>nameLength);
  if (out == 0) return giveError(PAYLOAD, TOO_LARGE);
  const length = verifyValue(
    keyAt(slot),
    text,
    n,
    name,
    nameLength,
    minVersion,
    <f64>oldest,
    <f64>newest,
    out,
  );
  return length < 0 ? giveError(PAYLOAD, codeOf(length)) : giveOkBytes(out, length);
}

export function keyVersion(p: usize, n: i32): usize {
  const text = argument(p, n);
  const version: f64 = text == 0 ? -1 : keyVersionOf(text, n);
  put8(0, version < 0 ? NONE : SOME);
  put64(8, version < 0 ? 0 : <u64>version);
  return give();
}

export function encodeXsrfToken(p: usize, n: i32, mask: u32, timestamp: u64): usize {
  const token = argument(p, n);
  if (token == 0) return giveError(PAYLOAD, argumentError());
  if (timestamp > MAX_TIME) return giveError(PAYLOAD, INVALID_ARGUMENT);
  const out = allocate(((<usize>n) << 1) + 64);
  if (out == 0) return giveError(PAYLOAD, TOO_LARGE);
  return giveOkBytes(out, encodeToken(token, n, mask, <f64>timestamp, out));
}

export function decodeXsrfToken(p: usize, n: i32): usize {
  const text = argument(p, n);
  if (text == 0) return giveError(PAYLOAD_64, argumentError());
  // Four bytes are the least that the mask takes while it is read.
  const out = allocate(<usize>n + 4);
  if (out == 0) return giveError(PAYLOAD_64, TOO_LARGE);
  const length = decodeToken(text, n, out);
  if (length < 0) return giveError(PAYLOAD_64, codeOf(length));
  const version = word(XSRF_VERSION);
  put8(0, OK);
  put8(PAYLOAD_64, version == 2 ? SOME : NONE);
  put32(PAYLOAD_64 + 8, word(XSRF_TIMESTAMP_LOW));
  put32(PAYLOAD_64 + 12, word(XSRF_TIMESTAMP_LOW + 1));
  put32(PAYLOAD_64 + 16, out);
  put32(PAYLOAD_64 + 20, length);
  put8(PAYLOAD_64 + 24, version);
  return give();
}

export function equal(left: usize, leftLength: i32, right: usize, rightLength: i32): i32 {
  const one = argument(left, leftLength);
  const other = argument(right, rightLength);
  const isEqual =
    one != 0 && other != 0 && leftLength == rightLength && equalBytes(one, other, leftLength);
  endCall();
  return isEqual ? 1 : 0;
}

function keyAt(slot: i32): usize {
  return <usize>SCRATCH + <usize>slot * KEY_LENGTH;
}

/** Why an argument was not where arguments are. */
function argumentError(): i32 {
  return hasOverflowed() ? TOO_LARGE : INVALID_ARGUMENT;
}

function codeOf(status: i32): i32 {
  if (status == BAD_SIGNATURE) return FORGED;
  if (status == WRONG_NAME) return MISNAMED;
  if (status == EXPIRED) return TOO_OLD;
  if (status == BAD_TIMESTAMP) return MISTIMED;
  return status == BAD_BASE64 ? NOT_BASE64 : MALFORMED;
}
