/**
 * The interface multipart of core.wit. A scanner is a slot with the block of its body, its delimiter
 * and its limit; they lie where the server has its window.
 */

import { DEL, SP } from "../bytes";
import { parsePartHead as parseHead, scanMultipart } from "../http/multipart";
import {
  ERROR_POSITION,
  HEADER_COUNT,
  HEADERS,
  MAX_HEADERS,
  MULTIPART,
  MULTIPART_DELIMITER,
  MULTIPART_DELIMITER_LENGTH,
  MULTIPART_EVENT,
  MULTIPART_EVENT_END,
  MULTIPART_EVENT_START,
  PART_DATA,
  PART_NONE,
  PART_WITHHELD,
  TABLE,
  WINDOW,
} from "../layout";
import {
  BAD_BOUNDARY_LINE,
  BAD_HEADER_NAME,
  BAD_HEADER_VALUE,
  BAD_LINE_END,
  FOLDED_HEADER,
  MISSING_BOUNDARY,
  NEED_DATA,
  PART_HEAD_TOO_LARGE,
  TOO_MANY_HEADERS,
} from "../status";
import { word } from "../table";
import { argument } from "./arena";
import { newScanner } from "./handles";
import { extendList, listStart, startList } from "./list";
import { FULL, freeSlot, isTaken, takeSlot } from "./pool";
import { ERROR, give, giveOkBytes, OK, put8, put32 } from "./result";

// Cases of error-code.
const TOO_MANY_FIELDS: i32 = 7;
const INVALID_ARGUMENT: i32 = 8;
const TOO_LARGE: i32 = 9;
const TOO_MANY_SCANNERS: i32 = 10;

/** Where the payload is in `result<…, parse-error>`. */
const PAYLOAD: usize = 4;
/** The block with the delimiter behind it, then three words. */
const BLOCK: usize = MULTIPART_DELIMITER - MULTIPART + MULTIPART_DELIMITER_LENGTH + 6;
const DELIMITER_LENGTH: usize = BLOCK;
const MAX_HEAD: usize = BLOCK + 4;
const FAILED: usize = BLOCK + 8;
const SCANNER_LENGTH: usize = BLOCK + 16;
const SCANNERS: i32 = 1024;
const scanners: usize = memory.data(SCANNERS);

/** Bytes of an event: kind, then data. */
const EVENT: i32 = 12;
/** CR LF and two dashes, as they lie in memory. */
const DELIMITER_START: u32 = 0x2d2d0a0d;
const DELIMITER_START_LENGTH: i32 = 4;

export function createScanner(p: usize, n: i32, maxHeadLength: u32): usize {
  const boundary = argument(p, n);
  const most = MULTIPART_DELIMITER_LENGTH - DELIMITER_START_LENGTH;
  // Twice the limit is still to be a positive number: the scanner adds to it.
  if (boundary == 0 || n < 1 || n > most || maxHeadLength >> 30) return fail(INVALID_ARGUMENT, 0);
  // The scanner counts on the delimiter's first CR being its only one.
  for (let i = 0; i < n; i++) {
    const byte = load<u8>(boundary + i);
    if (byte < SP || byte == DEL) return fail(INVALID_ARGUMENT, i);
  }
  const slot = takeSlot(scanners, SCANNERS);
  if (slot == FULL) return fail(TOO_MANY_SCANNERS, 0);
  const state = scannerAt(slot);
  memory.fill(state, 0, SCANNER_LENGTH);
  const delimiter = state + (MULTIPART_DELIMITER - MULTIPART);
  store<u32>(delimiter, DELIMITER_START, 0, 1);
  memory.copy(delimiter + DELIMITER_START_LENGTH, boundary, n);
  store<i32>(state, n + DELIMITER_START_LENGTH, DELIMITER_LENGTH);
  store<u32>(state, maxHeadLength, MAX_HEAD);
  put8(0, OK);
  put32(PAYLOAD, newScanner(slot));
  return give();
}

export function dropScanner(slot: i32): void {
  freeSlot(scanners, SCANNERS, slot);
}

/** The lists of the events are parts of the piece, or of the delimiter where it was withheld. */
export function scan(slot: i32, p: usize, n: i32): usize {
  const start = argument(p, n);
  if (start == 0 || !isTaken(scanners, SCANNERS, slot)) return fail(INVALID_ARGUMENT, 0);
  const state = scannerAt(slot);
  const failed = load<i32>(state, FAILED);
  if (failed < 0) return fail(codeOf(failed), 0);
  memory.copy(MULTIPART, state, BLOCK);
  startList();
  let count = 0;
  for (let at = 0; at < n; ) {
    const delimiterLength = load<i32>(state, DELIMITER_LENGTH);
    const taken = scanMultipart(start + at, n - at, delimiterLength, load<i32>(state, MAX_HEAD));
    if (taken < 0) {
      store<i32>(state, taken, FAILED);
      return fail(codeOf(taken), at + word(ERROR_POSITION));
    }
    if (event(MULTIPART_EVENT) != PART_NONE) {
      const record = extendList(count, 1, EVENT);
      if (record == 0) return fail(TOO_LARGE, at);
      putEvent(record, start + at);
      count++;
    }
    at += taken;
  }
  memory.copy(state, MULTIPART, BLOCK);
  return giveOkBytes(listStart(), count);
}

/** Data that was withheld is data: the kinds from PART_DATA on move down by one behind it. */
function putEvent(record: usize, base: usize): void {
  const kind = event(MULTIPART_EVENT);
  const start = event(MULTIPART_EVENT_START);
  store<i32>(record, kind <= PART_DATA ? kind - 1 : kind - 2);
  store<usize>(record, kind == PART_WITHHELD ? <usize>MULTIPART_DELIMITER : base + start, 4);
  store<i32>(record, kind > PART_WITHHELD ? 0 : event(MULTIPART_EVENT_END) - start, 8);
}

function event(index: i32): i32 {
  return load<i32>(MULTIPART + (index << 2));
}

export function parsePartHead(p: usize, n: i32, maxHeaders: u32): usize {
  const start = argument(p, n);
  if (start == 0) return fail(INVALID_ARGUMENT, 0);
  // The parser's scans end at a NUL.
  store<u8>(start + n, 0);
  const length = parseHead(start, n, <i32>min<u32>(maxHeaders, MAX_HEADERS));
  if (length < 0) return fail(codeOf(length), length == NEED_DATA ? n : word(ERROR_POSITION));
  return giveOkBytes(TABLE + (HEADERS << 2), word(HEADER_COUNT));
}

function scannerAt(slot: i32): usize {
  return <usize>WINDOW + <usize>slot * SCANNER_LENGTH;
}

/** Cases of error-code: those of the boundaries first, in the order of their statuses. */
function codeOf(status: i32): i32 {
  if (status <= MISSING_BOUNDARY && status >= PART_HEAD_TOO_LARGE) return MISSING_BOUNDARY - status;
  if (status <= BAD_HEADER_NAME && status >= FOLDED_HEADER) return 3 + BAD_HEADER_NAME - status;
  return status == TOO_MANY_HEADERS ? TOO_MANY_FIELDS : INVALID_ARGUMENT;
}

function fail(code: i32, position: i32): usize {
  put8(0, ERROR);
  put8(PAYLOAD, code);
  put32(PAYLOAD + 4, position);
  return give();
}
