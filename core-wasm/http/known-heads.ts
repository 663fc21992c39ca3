/**
 * Heads that come again, byte for byte: of clients that poll, of health checks, of proxies. The
 * core keeps the last ones, so that JavaScript need not make the same text once more.
 *
 * One is kept when it comes for the second time with no other of its slot between. A head that
 * may carry a secret never is: nobody expects a server to hold on to those. Where no head has come
 * again for a while, only one of eight is looked for, which costs next to nothing.
 */

import {
  ID_AUTHORIZATION,
  ID_COOKIE,
  ID_PROXY_AUTHORIZATION,
  ID_SEC_WEBSOCKET_PROTOCOL,
  ID_X_CSRF_TOKEN,
  ID_X_CSRFTOKEN,
  ID_X_XSRFTOKEN,
} from "../../build/core-tables";
import { load32 } from "../bytes";
import {
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  KNOWN_HEAD,
  KNOWN_HEADS,
  KNOWN_HEADS_COUNT,
  LONGEST_KNOWN_HEAD,
  UNKNOWN_HEAD,
} from "../layout";
import { setWord, word } from "../table";
import { isPresent } from "./framing";
import { parseRequestHead } from "./head";

// What is known of a slot: hash and length of the head that it keeps, the hash of the one that came
// last. It stands apart from the heads, so that one that is new does not touch their memory.
const FACTS_LENGTH: i32 = 16;
const LENGTH: usize = 4;
const SEEN: usize = 8;
const HEADS: i32 = KNOWN_HEADS + KNOWN_HEADS_COUNT * FACTS_LENGTH;

/** At the head's start and end, each. */
const HASHED: usize = 64;
const GOLDEN: u32 = 0x9e3779b1;

/** Heads in a row that were new before fewer are looked for; from there on it counts to eight. */
const PATIENCE: i32 = 64;
let misses: i32 = 0;

/** As `parseRequestHead`, and says in KNOWN_HEAD whether the head came before. */
export function takeRequestHead(
  start: usize,
  length: i32,
  maxHeaders: i32,
  maxTargetLength: i32,
): i32 {
  const head = parseRequestHead(start, length, maxHeaders, maxTargetLength);
  if (head > 0) setWord(KNOWN_HEAD, isLookedFor(head) ? slotOf(start, head) : UNKNOWN_HEAD);
  return head;
}

function isLookedFor(length: i32): bool {
  if (length > LONGEST_KNOWN_HEAD || mayBeSecret()) return false;
  if (misses < PATIENCE) return true;
  misses = PATIENCE + ((misses + 1) & 7);
  return misses == PATIENCE;
}

/** It has credentials or a token, or a field that the core does not know, such as X-Api-Key. */
function mayBeSecret(): bool {
  if (isPresent(ID_COOKIE) || isPresent(ID_AUTHORIZATION)) return true;
  if (isPresent(ID_PROXY_AUTHORIZATION) || isPresent(ID_SEC_WEBSOCKET_PROTOCOL)) return true;
  if (isPresent(ID_X_XSRFTOKEN) || isPresent(ID_X_CSRFTOKEN) || isPresent(ID_X_CSRF_TOKEN)) {
    return true;
  }
  const end = HEADERS + word(HEADER_COUNT) * HEADER_WORDS;
  for (let row = HEADERS; row < end; row += HEADER_WORDS) {
    if (word(row + 1) >>> 16 == 0) return true;
  }
  return false;
}

/** The head's slot, from 1 up; that below 0, if it is kept there from now on; or UNKNOWN_HEAD. */
function slotOf(start: usize, length: i32): i32 {
  const hash = hashOf(start, length);
  const slot: i32 = hash & (KNOWN_HEADS_COUNT - 1);
  const facts: usize = KNOWN_HEADS + slot * FACTS_LENGTH;
  const known: usize = HEADS + slot * LONGEST_KNOWN_HEAD;
  if (load<u32>(facts) == hash && load<i32>(facts, LENGTH) == length) {
    if (isSame(start, known, length)) {
      misses = 0;
      return slot + 1;
    }
  }
  if (load<u32>(facts, SEEN) != hash) {
    store<u32>(facts, hash, SEEN);
    if (misses < PATIENCE) misses++;
    return UNKNOWN_HEAD;
  }
  store<u32>(facts, hash);
  store<i32>(facts, length, LENGTH);
  memory.copy(known, start, length);
  return -slot - 1;
}

// No head is shorter than 16 bytes, so what is left at the end is taken together with bytes before.

/** Of the head's first and last bytes: where others differ, it is found when they are compared. */
function hashOf(start: usize, length: i32): u32 {
  const last = start + length - 16;
  const middle = min(last, start + HASHED);
  const behind = max(middle, last - HASHED);
  if (ASC_FEATURE_SIMD) {
    let sums = i32x4.splat(length);
    for (let p = start; p < middle; p += 16) sums = mixed(sums, p);
    for (let p = behind; p < last; p += 16) sums = mixed(sums, p);
    sums = mixed(sums, last);
    const halves: u64 = i64x2.extract_lane(sums, 0) * 31 + i64x2.extract_lane(sums, 1);
    return finished(<u32>halves ^ (<u32>(halves >>> 32) * 31));
  }
  let sum: u32 = length;
  for (let p = start; p < middle; p += 4) sum = sum * 17 + load32(p);
  for (let p = behind; p < last + 16; p += 4) sum = sum * 17 + load32(p);
  return finished(sum);
}

/** The sums of four lanes, times 17, and 16 bytes more. */
function mixed(sums: v128, p: usize): v128 {
  return i32x4.add(i32x4.add(sums, i32x4.shl(sums, 4)), v128.load(p));
}

/** Brings what the high bits know to the low ones, which choose the slot. */
function finished(sum: u32): u32 {
  const product = sum * GOLDEN;
  return product ^ (product >>> 16);
}

function isSame(a: usize, b: usize, length: i32): bool {
  const last = length - 16;
  for (let i = 0; i < last; i += 16) {
    if (!isSame16(a + i, b + i)) return false;
  }
  return isSame16(a + last, b + last);
}

function isSame16(a: usize, b: usize): bool {
  if (ASC_FEATURE_SIMD) return !v128.any_true(v128.xor(v128.load(a), v128.load(b)));
  return (
    load32(a) == load32(b) &&
    load32(a + 4) == load32(b + 4) &&
    load32(a + 8) == load32(b + 8) &&
    load32(a + 12) == load32(b + 12)
  );
}
