/**
 * Boundaries of a multipart body (RFC 2046 section 5.1, RFC 7578), found while it arrives. One call
 * answers one event, where it lies, and how many bytes it took; the state is kept in the MULTIPART
 * block, so that a body may be cut anywhere and gives the same events. Every byte is looked at once.
 *
 * Strict, as two readers that disagree about a boundary disagree about what was sent: no preamble,
 * no blanks after a boundary, and no line of a part's head that begins like one.
 */

import { CR, LF } from "../bytes";
import {
  MULTIPART,
  MULTIPART_DELIMITER,
  MULTIPART_EVENT,
  MULTIPART_EVENT_END,
  MULTIPART_EVENT_START,
  MULTIPART_HEAD_LENGTH,
  MULTIPART_MATCHED,
  MULTIPART_STATE,
  PART_DATA,
  PART_END,
  PART_HEAD,
  PART_HEAD_PIECE,
  PART_NONE,
  PART_WITHHELD,
  PARTS_END,
} from "../layout";
import {
  BAD_BOUNDARY_LINE,
  BAD_HEADER_NAME,
  BAD_LINE_END,
  MISSING_BOUNDARY,
  PART_HEAD_TOO_LARGE,
} from "../status";
import { failAt } from "../table";
import { PART, parseHeaders } from "./headers";

// States: what the next byte belongs to. The four of a head say how much of its end was there.
const START: i32 = 0;
const DATA: i32 = 1;
const BOUNDARY_END: i32 = 2;
const BOUNDARY_DASH: i32 = 3;
const BOUNDARY_CR: i32 = 4;
const DONE: i32 = 5;
const LINE: i32 = 8;
const LINE_CR: i32 = 9;
const LINE_START: i32 = 10;
const EMPTY_LINE_CR: i32 = 11;

const DASH: u8 = 0x2d;
/** CR LF before a delimiter, which the first one of a body has not. */
const LINE_END_LENGTH: usize = 2;
/** The empty line, and the end of the line before it, which the limit of a head does not count. */
const HEAD_END_LENGTH: i32 = 4;
/** From a candidate's first byte to the end of the load that finds its dash. */
const REACH: usize = 3 + 16;

/**
 * Looks for the next event in `length` bytes at `start`. The delimiter, CR LF, two dashes and the
 * boundary, is at MULTIPART_DELIMITER. Answers the bytes consumed: all of them if the event is
 * PART_NONE.
 */
export function scanMultipart(
  start: usize,
  length: i32,
  delimiterLength: i32,
  maxHeadLength: i32,
): i32 {
  const end = start + length;
  let p = start;
  event(PART_NONE, 0, 0);
  while (p < end) {
    const state = get(MULTIPART_STATE);
    if (state >= LINE) return takeHead(start, p, end, maxHeadLength);
    if (state == DONE) return length;
    if (state == START || get(MULTIPART_MATCHED) > 0) {
      const status = matchOn(state, p, end, delimiterLength);
      if (status < 0) return failAt(p - status - 1, start, MISSING_BOUNDARY);
      if (get(MULTIPART_EVENT) != PART_NONE) return <i32>(p - start) + status;
      p += status;
      continue;
    }
    if (state == DATA) return takeData(p, end, delimiterLength);
    const status = boundaryStep(state, load<u8>(p));
    if (status < 0) return failAt(p, start, status);
    p++;
    if (get(MULTIPART_EVENT) != PART_NONE) break;
  }
  return <i32>(p - start);
}

/**
 * Reads a part's whole head, with its empty line, by the rules of HTTP's header lines; framing
 * headers mean nothing there. Fills the header rows of the span table. Answers as the parser of a
 * request's head does.
 */
export function parsePartHead(start: usize, length: i32, maxHeaders: i32): i32 {
  return parseHeaders(start, start, start + length, maxHeaders, PART);
}

function get(word: i32): i32 {
  return load<i32>(MULTIPART + (word << 2));
}

function set(word: i32, value: i32): void {
  store<i32>(MULTIPART + (word << 2), value);
}

function event(kind: i32, start: i32, end: i32): void {
  set(MULTIPART_EVENT, kind);
  set(MULTIPART_EVENT_START, start);
  set(MULTIPART_EVENT_END, end);
}

/** How many bytes at `p`, up to `end`, go on with the delimiter after its first `matched`. */
function matching(p: usize, end: usize, matched: usize, delimiterLength: usize): usize {
  const rest = <usize>MULTIPART_DELIMITER + matched;
  const most = min<usize>(end - p, delimiterLength - matched);
  let count: usize = 0;
  while (count < most && load<u8>(p + count) == load<u8>(rest + count)) count++;
  return count;
}

/**
 * Goes on with a delimiter of which the bytes before `p` were the beginning. Answers the bytes
 * taken; below zero, at the body's start, one less than the negative of them.
 */
function matchOn(state: i32, p: usize, end: usize, delimiterLength: i32): i32 {
  const isFirst = state == START;
  const matched = get(MULTIPART_MATCHED) + (isFirst ? <i32>LINE_END_LENGTH : 0);
  const count = <i32>matching(p, end, matched, delimiterLength);
  if (matched + count == delimiterLength) {
    set(MULTIPART_MATCHED, 0);
    set(MULTIPART_STATE, BOUNDARY_END);
    if (!isFirst) event(PART_END, 0, 0);
    return count;
  }
  if (p + count == end) {
    set(MULTIPART_MATCHED, get(MULTIPART_MATCHED) + count);
    return count;
  }
  if (isFirst) return -count - 1;
  // No delimiter: its beginning was data. Only its first byte is a CR, so that a next one can
  // begin here at the earliest.
  set(MULTIPART_MATCHED, 0);
  event(PART_WITHHELD, 0, matched + count);
  return count;
}

/** A part's data, up to the first bytes that are a delimiter or may become one. */
function takeData(start: usize, end: usize, delimiterLength: i32): i32 {
  let p = nextCandidate(start, end);
  let count: usize = 0;
  while (p < end) {
    count = matching(p, end, 0, delimiterLength);
    if (count == delimiterLength || p + count == end) break;
    p = nextCandidate(p + 1, end);
  }
  const length = <i32>(p - start);
  if (length > 0) event(PART_DATA, 0, length);
  if (p == end) return length;
  if (count < <usize>delimiterLength) {
    set(MULTIPART_MATCHED, <i32>count);
    return length + <i32>count;
  }
  if (length > 0) return length;
  set(MULTIPART_STATE, BOUNDARY_END);
  event(PART_END, 0, 0);
  return delimiterLength;
}

/** The first byte at or after `p` where a delimiter may begin: a CR, with a dash three bytes on. */
function nextCandidate(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const carriageReturns = i8x16.splat(CR);
    const dashes = i8x16.splat(DASH);
    while (p + REACH <= end) {
      const found = i8x16.bitmask(
        v128.and(i8x16.eq(v128.load(p), carriageReturns), i8x16.eq(v128.load(p, 3), dashes)),
      );
      if (found != 0) return p + ctz(found);
      p += 16;
    }
  }
  while (p < end && load<u8>(p) != CR) p++;
  return p;
}

/** What follows a delimiter: two dashes after the last part, a line end before any other. */
function boundaryStep(state: i32, byte: u8): i32 {
  if (state == BOUNDARY_END) {
    if (byte != DASH && byte != CR) return BAD_BOUNDARY_LINE;
    set(MULTIPART_STATE, byte == DASH ? BOUNDARY_DASH : BOUNDARY_CR);
    return 0;
  }
  if (state == BOUNDARY_DASH) {
    if (byte != DASH) return BAD_BOUNDARY_LINE;
    set(MULTIPART_STATE, DONE);
    event(PARTS_END, 0, 0);
    return 0;
  }
  if (byte != LF) return BAD_BOUNDARY_LINE;
  set(MULTIPART_STATE, LINE_START);
  set(MULTIPART_HEAD_LENGTH, 0);
  return 0;
}

/** A part's head, as far as it is there. */
function takeHead(base: usize, start: usize, end: usize, maxHeadLength: i32): i32 {
  const room = maxHeadLength + HEAD_END_LENGTH - get(MULTIPART_HEAD_LENGTH);
  const stop = min<usize>(end, start + room);
  let p = start;
  while (p < stop) {
    if (get(MULTIPART_STATE) == LINE) {
      p = lineEnd(p, stop);
      if (p == stop) break;
    }
    const status = headStep(get(MULTIPART_STATE), load<u8>(p));
    if (status < 0) return failAt(p, base, status);
    p++;
    if (get(MULTIPART_STATE) != DATA) continue;
    event(PART_HEAD, <i32>(start - base), <i32>(p - base));
    return <i32>(p - base);
  }
  if (p < end) return failAt(p, base, PART_HEAD_TOO_LARGE);
  set(MULTIPART_HEAD_LENGTH, get(MULTIPART_HEAD_LENGTH) + <i32>(p - start));
  event(PART_HEAD_PIECE, <i32>(start - base), <i32>(p - base));
  return <i32>(p - base);
}

function lineEnd(p: usize, end: usize): usize {
  while (p < end && load<u8>(p) != CR && load<u8>(p) != LF) p++;
  return p;
}

function headStep(state: i32, byte: u8): i32 {
  if (state == LINE_START && byte == DASH) return BAD_HEADER_NAME;
  if (state == LINE || state == LINE_START) {
    if (byte == LF) return BAD_LINE_END;
    if (byte != CR) set(MULTIPART_STATE, LINE);
    else set(MULTIPART_STATE, state == LINE ? LINE_CR : EMPTY_LINE_CR);
    return 0;
  }
  if (byte != LF) return BAD_LINE_END;
  set(MULTIPART_STATE, state == LINE_CR ? LINE_START : DATA);
  return 0;
}
