/**
 * Header lines, from the line after the start line to the empty line. Fills the header rows of the
 * span table and the bits of PRESENT; a name of the table gets its id. Lines that concern the
 * framing go to framing.ts as they come.
 */

import {
  COLONS,
  DELS,
  HASH_ALL,
  HASH_HEAD,
  HASH_SHIFT,
  HEADER_ROWS,
  HEADER_SLOTS,
  LAST_CONTROLS,
} from "../../build/core-tables";
import {
  CR,
  CRLF,
  controls16,
  fieldEnd,
  isBlank,
  LF,
  load16,
  load32,
  SP,
  skipBlanks,
  tokenEnd,
  trimEnd,
} from "../bytes";
import { HEADER_COUNT, HEADER_WORDS, HEADERS, MAX_HEADERS, PRESENT, TABLE } from "../layout";
import {
  BAD_HEADER_NAME,
  BAD_HEADER_VALUE,
  BAD_LINE_END,
  FOLDED_HEADER,
  NEED_DATA,
  TOO_MANY_HEADERS,
} from "../status";
import { failAt, setWord } from "../table";
import { framingHeader, LAST_FRAMING_ID } from "./framing";

/** What the lines are the head of. The framing headers of a part of a body frame nothing. */
export const RESPONSE: i32 = 0;
export const REQUEST: i32 = 1;
export const PART: i32 = 2;

const COLON: u8 = 0x3a;
/** What a row has room for, beside the id. */
const MAX_NAME: usize = 0xffff;

/** Answers the offset after the empty line, from `base`. */
export function parseHeaders(
  base: usize,
  start: usize,
  end: usize,
  maxHeaders: i32,
  message: i32,
): i32 {
  const rows: usize = TABLE + (HEADERS << 2);
  const limit: usize = rows + min(maxHeaders, MAX_HEADERS) * (HEADER_WORDS << 2);
  let row = rows;
  let p = start;
  while (load<u8>(p) > SP) {
    if (row >= limit) return failAt(p, base, TOO_MANY_HEADERS);
    // The end of the line is looked for from its start, not from the colon: the two searches do
    // not wait for each other, and the next line not for this one's name.
    let stop: usize = 0;
    let nameEnd: usize = 0;
    let id = 0;
    if (ASC_FEATURE_SIMD) {
      // Loaded once for all: of most lines that is the whole name, and of many the whole line.
      const first = v128.load(p);
      const second = v128.load(p, 16);
      const controls = controlBits(first, second);
      stop = controls != 0 ? p + <usize>ctz(controls) : controlAfter(p + 32);
      nameEnd = p + <usize>colonIn(first, second);
      id = knownVectors(slotOf(p, nameEnd - p), first, second);
    } else {
      stop = fieldEnd(p);
      nameEnd = tokenEnd(p);
      id = knownWords(slotOf(p, nameEnd - p), p);
    }
    if (id == 0) {
      nameEnd = tokenEnd(p);
      if (load<u8>(nameEnd) != COLON || nameEnd == p) return nameError(base, nameEnd, end);
      if (nameEnd - p > MAX_NAME) return nameError(base, p, end);
    }
    if (load16(stop) != CRLF) {
      stop = fieldEnd(stop);
      if (load16(stop) != CRLF) return lineError(base, stop, end);
    }
    let value = nameEnd + 1;
    if (load<u8>(value) == SP) value++;
    // Neither blanks nor controls are above SP: one comparison for what nearly no value has.
    if (load<u8>(value) <= SP) value = skipBlanks(value);
    const valueEnd = load<u8>(stop - 1) > SP ? stop : trimEnd(value, stop);

    store<i32>(row, p - base);
    store<i32>(row, (nameEnd - p) | (id << 16), 4);
    store<i32>(row, value - base, 8);
    store<i32>(row, valueEnd - value, 12);
    row += HEADER_WORDS << 2;

    if (id != 0) {
      if (id <= LAST_FRAMING_ID && message != PART) {
        const status = framingHeader(id, base, value, valueEnd, message == REQUEST);
        if (status < 0) return status;
      }
      setPresent(id);
    }
    p = stop + 2;
  }
  setWord(HEADER_COUNT, (row - rows) / (HEADER_WORDS << 2));
  return emptyLine(base, p, end);
}

/** The first control at or after `p`. */
function controlAfter(p: usize): usize {
  let controls: u32 = 0;
  p -= 32;
  do {
    p += 32;
    controls = controls16(p) | (controls16(p + 16) << 16);
  } while (controls == 0);
  return p + <usize>ctz(controls);
}

/** A bit for each of 32 bytes that is a control, as controls16 has them for those in memory. */
function controlBits(first: v128, second: v128): u32 {
  const last = v128.load(LAST_CONTROLS);
  const del = v128.load(DELS);
  const one = v128.or(i8x16.le_u(first, last), i8x16.eq(first, del));
  const other = v128.or(i8x16.le_u(second, last), i8x16.eq(second, del));
  return i8x16.bitmask(one) | (i8x16.bitmask(other) << 16);
}

/** Where the first colon of 32 bytes is, or 32. */
function colonIn(first: v128, second: v128): i32 {
  const colon = v128.load(COLONS);
  return ctz(
    i8x16.bitmask(i8x16.eq(first, colon)) | (i8x16.bitmask(i8x16.eq(second, colon)) << 16),
  );
}

/**
 * The id of the name in this slot, or 0 if the 32 bytes do not start with it. A match proves the
 * name and the colon after it, so these bytes need no other check: the rows are compared bit by
 * bit, case bits aside.
 */
function knownVectors(slot: u32, first: v128, second: v128): i32 {
  const id = <i32>load<u8>(HEADER_SLOTS + slot);
  const row = HEADER_ROWS + (id << 6);
  const one = v128.and(v128.xor(first, v128.load(row)), v128.load(row, 32));
  const other = v128.and(v128.xor(second, v128.load(row, 16)), v128.load(row, 48));
  return v128.any_true(v128.or(one, other)) ? 0 : id;
}

/** As `knownVectors`, of the bytes at `p`, without SIMD. */
function knownWords(slot: u32, p: usize): i32 {
  const id = <i32>load<u8>(HEADER_SLOTS + slot);
  const row = HEADER_ROWS + (id << 6);
  for (let i: usize = 0; i < 32; i += 4) {
    if ((load32(p + i) ^ load<u32>(row + i)) & load<u32>(row + i, 32)) return 0;
  }
  return id;
}

/** See `slotOf` in tools/core-tables.ts. */
function slotOf(p: usize, length: usize): u32 {
  const head = (load32(p) | 0x20202020) << 8;
  const tail = load32(p + length - 3) | 0x20202020;
  return (((head * HASH_HEAD) ^ (tail + ((<u32>length) << 24))) * HASH_ALL) >>> HASH_SHIFT;
}

/** The empty line at `p`, or what stands there instead of a header line. */
function emptyLine(base: usize, p: usize, end: usize): i32 {
  if (load16(p) == CRLF) return <i32>(p + 2 - base);
  if (p >= end) return NEED_DATA;
  const byte = load<u8>(p);
  if (byte == CR) return p + 1 < end ? failAt(p, base, BAD_LINE_END) : NEED_DATA;
  if (byte == LF) return failAt(p, base, BAD_LINE_END);
  if (isBlank(byte)) return failAt(p, base, FOLDED_HEADER);
  return failAt(p, base, BAD_HEADER_NAME);
}

function nameError(base: usize, p: usize, end: usize): i32 {
  return p < end ? failAt(p, base, BAD_HEADER_NAME) : NEED_DATA;
}

/** Why the line does not end with CRLF at `p`. */
function lineError(base: usize, p: usize, end: usize): i32 {
  if (p >= end) return NEED_DATA;
  const byte = load<u8>(p);
  if (byte == CR && p + 1 >= end) return NEED_DATA;
  return failAt(p, base, byte == CR || byte == LF ? BAD_LINE_END : BAD_HEADER_VALUE);
}

function setPresent(id: i32): void {
  const at: usize = TABLE + (PRESENT << 2) + (id >> 3);
  const bit: u32 = 1 << (id & 7);
  store<u8>(at, load<u8>(at) | <u8>bit);
}
