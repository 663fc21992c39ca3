/**
 * The first line of a head: `method SP target SP version` (RFC 9112 section 3) or
 * `version SP status [SP reason]` (section 4). Exactly one SP each, CRLF at the end.
 */

import {
  DELS,
  HASHES,
  IS_TARGET,
  METHOD_COUNT,
  METHOD_ROWS,
  PERCENTS,
  QUESTIONS,
  SPACES,
} from "../../build/core-tables";
import { bytesEnd, CR, CRLF, fieldEnd, isDigit, LF, load16, load64, SP, tokenEnd } from "../bytes";
import {
  FLAG_PERCENT,
  FLAGS,
  METHOD_ID,
  METHOD_LENGTH,
  MINOR_VERSION,
  QUERY_START,
  REASON_LENGTH,
  REASON_START,
  STATUS_CODE,
  TARGET_LENGTH,
  TARGET_START,
} from "../layout";
import {
  BAD_LINE_END,
  BAD_METHOD,
  BAD_REQUEST_LINE,
  BAD_STATUS_LINE,
  BAD_TARGET,
  BAD_VERSION,
  NEED_DATA,
  TARGET_TOO_LONG,
} from "../status";
import { failAt, setWord, word } from "../table";
import { parseTarget } from "./target";

const HTTP_1_0: u64 = 0x302e312f50545448;
const HTTP_1_1: u64 = 0x312e312f50545448;
/** "HTTP/" in the low five bytes, "." at the seventh: what every version has. */
const VERSION_SHAPE: u64 = 0x002e002f50545448;
const PERCENT: u8 = 0x25;
const QUESTION: u8 = 0x3f;
const VERSION_LENGTH: i32 = 8;

/** Reads the line at `p` of the input that starts at `base`. Answers the offset after it. */
export function parseRequestLine(base: usize, p: usize, end: usize, maxTargetLength: i32): i32 {
  const methodId = knownMethod(p);
  const methodEnd = methodId != 0 ? p + methodLength(methodId) : tokenEnd(p);
  if (load<u8>(methodEnd) != SP || methodEnd == p) return methodError(base, p, methodEnd, end);
  setWord(METHOD_ID, methodId);
  setWord(METHOD_LENGTH, methodEnd - p);

  const target = methodEnd + 1;
  const stop = scanTarget(base, target);
  if (<i32>(stop - target) > maxTargetLength) {
    return failAt(target + maxTargetLength, base, TARGET_TOO_LONG);
  }
  if (load<u8>(stop) != SP || stop == target) return targetError(base, target, stop, end);
  setWord(TARGET_START, target - base);
  setWord(TARGET_LENGTH, stop - target);
  const form = parseTarget(base, target, stop, methodId);
  if (form < 0) return form;

  const version = parseVersion(base, stop + 1, end, BAD_REQUEST_LINE);
  if (version < 0) return version;
  const lineEnd = stop + 1 + VERSION_LENGTH;
  if (load16(lineEnd) == CRLF) return <i32>(lineEnd + 2 - base);
  return endError(base, lineEnd, end, BAD_REQUEST_LINE);
}

/** Reads the status line at `base`. Answers the offset after it. */
export function parseStatusLine(base: usize, end: usize): i32 {
  const version = parseVersion(base, base, end, BAD_STATUS_LINE);
  if (version < 0) return version;
  const space = base + VERSION_LENGTH;
  if (load<u8>(space) != SP) return shapeError(base, space, end);

  let p = space + 1;
  let code: i32 = 0;
  for (; p < space + 4; p++) {
    const digit = load<u8>(p) - 0x30;
    // Below 100 there is no status (RFC 9110 section 15).
    if (digit > 9 || (code == 0 && digit == 0)) return shapeError(base, p, end);
    code = code * 10 + digit;
  }
  setWord(STATUS_CODE, code);

  // Many servers leave the last SP out where there is no reason; the line is as clear without it.
  if (load<u8>(p) == SP) p++;
  else if (load<u8>(p) != CR) return endError(base, p, end, BAD_STATUS_LINE);
  const stop = fieldEnd(p);
  setWord(REASON_START, p - base);
  setWord(REASON_LENGTH, stop - p);
  if (load16(stop) == CRLF) return <i32>(stop + 2 - base);
  return endError(base, stop, end, BAD_STATUS_LINE);
}

/**
 * Where the run of target bytes that starts at `p` ends. Notes the first "?" on the way, and
 * whether there is a "%".
 */
function scanTarget(base: usize, p: usize): usize {
  if (ASC_FEATURE_SIMD) {
    let stops: i32 = 0;
    p -= 16;
    do {
      p += 16;
      const bytes = v128.load(p);
      // As signed numbers, bytes above 0x7f are below SP too.
      const low = i8x16.le_s(bytes, v128.load(SPACES));
      const others = v128.or(i8x16.eq(bytes, v128.load(DELS)), i8x16.eq(bytes, v128.load(HASHES)));
      const query = i8x16.eq(bytes, v128.load(QUESTIONS));
      const percent = i8x16.eq(bytes, v128.load(PERCENTS));
      stops = i8x16.bitmask(v128.or(low, others));
      // Of the bytes before the first stop: below it, all bits are set.
      const marks = i8x16.bitmask(v128.or(query, percent)) & (stops - 1) & ~stops;
      if (marks) noteMarks(base, p, marks);
    } while (stops == 0);
    return p + ctz(stops);
  }
  const end = bytesEnd(IS_TARGET, p);
  for (; p < end; p++) noteMark(base, p);
  return end;
}

function noteMarks(base: usize, p: usize, marks: i32): void {
  for (; marks; marks &= marks - 1) noteMark(base, p + ctz(marks));
}

function noteMark(base: usize, p: usize): void {
  const byte = load<u8>(p);
  if (byte == PERCENT) setWord(FLAGS, FLAG_PERCENT);
  if (byte == QUESTION && word(QUERY_START) == 0) setWord(QUERY_START, p + 1 - base);
}

/** The id of the method that stands at `p` with a SP after it, or 0. */
function knownMethod(p: usize): i32 {
  const bytes = load64(p);
  for (let id = 1; id <= METHOD_COUNT; id++) {
    const row = METHOD_ROWS + (id << 4);
    if ((bytes & load<u64>(row, 8)) == load<u64>(row)) return id;
  }
  return 0;
}

function methodLength(id: i32): i32 {
  return 7 - (<i32>clz(load<u64>(METHOD_ROWS + (id << 4), 8)) >> 3);
}

/** Why there is no method, or no SP after it. CR and LF get here only where no line may be empty. */
function methodError(base: usize, method: usize, p: usize, end: usize): i32 {
  if (p >= end) return NEED_DATA;
  const byte = load<u8>(p);
  if (byte != CR && byte != LF) return failAt(p, base, BAD_METHOD);
  if (p > method) return failAt(p, base, BAD_REQUEST_LINE);
  if (byte == LF) return failAt(p, base, BAD_LINE_END);
  if (p + 1 >= end) return NEED_DATA;
  return failAt(p, base, load<u8>(p + 1) == LF ? BAD_METHOD : BAD_LINE_END);
}

function targetError(base: usize, target: usize, p: usize, end: usize): i32 {
  if (p >= end) return NEED_DATA;
  const byte = load<u8>(p);
  const cut = byte == SP || byte == CR || byte == LF;
  return failAt(p, base, cut ? BAD_REQUEST_LINE : BAD_TARGET);
}

/** Reads the version at `p` into the table, or answers `malformed` or BAD_VERSION. */
function parseVersion(base: usize, p: usize, end: usize, malformed: i32): i32 {
  const version = load64(p);
  if (version == HTTP_1_1) {
    setWord(MINOR_VERSION, 1);
    return 0;
  }
  // The table's word is 0 already.
  if (version == HTTP_1_0) return 0;
  for (let i = 0; i < VERSION_LENGTH; i++) {
    if (p + i >= end) return NEED_DATA;
    const byte = load<u8>(p + i);
    const expected = <u8>(VERSION_SHAPE >> (i << 3));
    if (expected != 0 ? byte != expected : !isDigit(byte)) return failAt(p + i, base, malformed);
  }
  return failAt(p, base, BAD_VERSION);
}

function shapeError(base: usize, p: usize, end: usize): i32 {
  return p < end ? failAt(p, base, BAD_STATUS_LINE) : NEED_DATA;
}

/** Why there is no CRLF at `p`. */
function endError(base: usize, p: usize, end: usize, other: i32): i32 {
  if (p >= end) return NEED_DATA;
  const byte = load<u8>(p);
  if (byte == CR && p + 1 >= end) return NEED_DATA;
  return failAt(p, base, byte == CR || byte == LF ? BAD_LINE_END : other);
}
