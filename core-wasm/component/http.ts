/**
 * The interface http of core.wit: each function takes what the canonical ABI lowers and writes the
 * record it answers. The parsers are in ../http; here are only their arguments and their table.
 */

import { HEADER_ROW_COUNT, HEADER_ROWS, METHOD_COUNT, METHOD_ROWS } from "../../build/core-tables";
import { lower } from "../bytes";
import { decodeChunked } from "../http/chunked";
import { parseRequestHead, parseResponseHead } from "../http/head";
import {
  CHUNKED,
  CHUNKED_DATA_LENGTH,
  CHUNKED_DONE,
  CHUNKED_WORDS,
  CONTENT_LENGTH_LOW,
  ERROR_POSITION,
  FLAG_HAS_LENGTH,
  FLAGS,
  FORM_ABSOLUTE,
  HEAD_LENGTH,
  HEADER_COUNT,
  HEADERS,
  HOST_LENGTH,
  HOST_START,
  INPUT,
  MAX_HEADERS,
  METHOD_ID,
  METHOD_LENGTH,
  METHOD_START,
  MINOR_VERSION,
  PATH_LENGTH,
  PATH_START,
  PRESENT,
  QUERY_START,
  REASON_LENGTH,
  REASON_START,
  STATUS_CODE,
  TABLE,
  TARGET_FORM,
  TARGET_LENGTH,
  TARGET_START,
} from "../layout";
import { BAD_REQUEST_LINE, NEED_DATA, UNKNOWN_EXPECTATION } from "../status";
import { word } from "../table";
import { allocate, argument } from "./arena";
import { newDecoder } from "./handles";
import { FULL, freeSlot, isTaken, takeSlot } from "./pool";
import { ERROR, give, giveBytes, NONE, OK, put8, put16, put32, put64, SOME } from "./result";

// Cases of error-code: the statuses from BAD_REQUEST_LINE on in their order, then these.
const INVALID_ARGUMENT: i32 = BAD_REQUEST_LINE - UNKNOWN_EXPECTATION + 1;
const TOO_MANY_DECODERS: i32 = INVALID_ARGUMENT + 1;

/** Where the records start in `result<option<record>, …>` that has a u64 in it. */
const OPTION: usize = 8;
const HEAD: usize = 16;

export function parseRequest(p: usize, n: i32, maxHeaders: u32, maxTargetLength: u32): usize {
  const start = argument(p, n);
  if (start == 0) return fail(OPTION, INVALID_ARGUMENT, 0);
  const targetLimit = <i32>min<u32>(maxTargetLength, i32.MAX_VALUE);
  const length = parseRequestHead(start, n, headerLimit(maxHeaders), targetLimit);
  if (length < 0) return unfinished(length);

  putHead(length);
  putSpan(HEAD + 28, word(METHOD_START), word(METHOD_LENGTH));
  putSpan(HEAD + 36, word(TARGET_START), word(TARGET_LENGTH));
  putSpan(HEAD + 44, word(PATH_START), word(PATH_LENGTH));
  const query = word(QUERY_START);
  put8(HEAD + 52, query != 0 ? SOME : NONE);
  putSpan(HEAD + 56, query, word(TARGET_START) + word(TARGET_LENGTH) - query);
  const hasHost = word(TARGET_FORM) == FORM_ABSOLUTE || (word(PRESENT) & 2) != 0;
  put8(HEAD + 64, hasHost ? SOME : NONE);
  putSpan(HEAD + 68, word(HOST_START), word(HOST_LENGTH));
  put16(HEAD + 76, word(FLAGS));
  put8(HEAD + 78, word(METHOD_ID));
  put8(HEAD + 79, word(TARGET_FORM) - 1);
  put8(HEAD + 80, word(MINOR_VERSION));
  return give();
}

export function parseResponse(p: usize, n: i32, maxHeaders: u32, methodId: u32): usize {
  const start = argument(p, n);
  if (start == 0 || methodId > <u32>METHOD_COUNT) return fail(OPTION, INVALID_ARGUMENT, 0);
  const length = parseResponseHead(start, n, headerLimit(maxHeaders), methodId);
  if (length < 0) return unfinished(length);

  putHead(length);
  putSpan(HEAD + 28, word(REASON_START), word(REASON_LENGTH));
  put16(HEAD + 36, word(FLAGS));
  put16(HEAD + 38, word(STATUS_CODE));
  put8(HEAD + 40, word(MINOR_VERSION));
  return give();
}

function headerLimit(maxHeaders: u32): i32 {
  return <i32>min<u32>(maxHeaders, MAX_HEADERS);
}

/** What both heads start with. The header rows of the table are the records of the list. */
function putHead(length: i32): void {
  put8(0, OK);
  put8(OPTION, SOME);
  put8(HEAD, word(FLAGS) & FLAG_HAS_LENGTH ? SOME : NONE);
  put64(HEAD + 8, load<u64>(TABLE + (CONTENT_LENGTH_LOW << 2)));
  put32(HEAD + 16, TABLE + (HEADERS << 2));
  put32(HEAD + 20, word(HEADER_COUNT));
  put32(HEAD + 24, length);
}

function putSpan(offset: usize, start: i32, length: i32): void {
  put32(offset, start);
  put32(offset + 4, length);
}

/** None while data is missing, else the error. */
function unfinished(status: i32): usize {
  if (status != NEED_DATA) return fail(OPTION, codeOf(status), word(ERROR_POSITION));
  put8(0, OK);
  put8(OPTION, NONE);
  return give();
}

function codeOf(status: i32): i32 {
  return BAD_REQUEST_LINE - status;
}

/** Ends a call with a parse-error; `offset` is that of the payload. */
function fail(offset: usize, code: i32, position: i32): usize {
  put8(0, ERROR);
  put8(offset, code);
  put32(offset + 4, position);
  return give();
}

// Decoders: the words of the CHUNKED block, both limits, and the error that ended it or 0. They
// lie where the server has its input.
const DECODERS: i32 = 1024;
const LIMITS: usize = CHUNKED_WORDS << 2;
const FAILED: usize = LIMITS + 8;
const DECODER_LENGTH: usize = FAILED + 4;
const decoders: usize = memory.data(DECODERS);

export function createDecoder(maxExtensionBytes: u32, maxTrailerBytes: u32): usize {
  if (<i32>maxExtensionBytes < 0 || <i32>maxTrailerBytes < 0) {
    return fail(4, INVALID_ARGUMENT, 0);
  }
  const slot = takeSlot(decoders, DECODERS);
  if (slot == FULL) return fail(4, TOO_MANY_DECODERS, 0);
  const state = decoderAt(slot);
  memory.fill(state, 0, DECODER_LENGTH);
  store<u32>(state + LIMITS, maxExtensionBytes);
  store<u32>(state + LIMITS, maxTrailerBytes, 4);
  put8(0, OK);
  put32(4, newDecoder(slot));
  return give();
}

export function dropDecoder(slot: i32): void {
  freeSlot(decoders, DECODERS, slot);
}

/** The data stays where it is, moved together: the list that is answered is part of the piece. */
export function decode(slot: i32, p: usize, n: i32): usize {
  const start = argument(p, n);
  if (start == 0 || !isTaken(decoders, DECODERS, slot)) return fail(4, INVALID_ARGUMENT, 0);
  const state = decoderAt(slot);
  const failed = load<i32>(state + FAILED);
  if (failed < 0) return fail(4, codeOf(failed), 0);
  memory.copy(CHUNKED, state, LIMITS);
  const consumed = decodeChunked(start, n, load<i32>(state + LIMITS), load<i32>(state + LIMITS, 4));
  memory.copy(state, CHUNKED, LIMITS);
  if (consumed < 0) {
    store<i32>(state + FAILED, consumed);
    return fail(4, codeOf(consumed), word(ERROR_POSITION));
  }
  put8(0, OK);
  put32(4, start);
  put32(8, load<u32>(CHUNKED + (CHUNKED_DATA_LENGTH << 2)));
  put32(12, consumed);
  put8(16, load<u32>(CHUNKED + (CHUNKED_DONE << 2)));
  return give();
}

function decoderAt(slot: i32): usize {
  return <usize>INPUT + <usize>slot * DECODER_LENGTH;
}

const ROW_LENGTH: usize = 64;
const NAME_LENGTH: usize = 32;
const COLON: u8 = 0x3a;
const SP: u8 = 0x20;

/** The names as the parser's tables have them: without the bits of case, and a colon at the end. */
export function headerNames(): usize {
  const count: usize = HEADER_ROW_COUNT;
  const list = allocate(count * (8 + NAME_LENGTH));
  if (list == 0) return giveBytes(0, 0);
  let text = list + count * 8;
  store<u64>(list, <u64>text);
  for (let id: usize = 1; id < count; id++) {
    text += putName(list + id * 8, HEADER_ROWS + id * ROW_LENGTH, text, COLON);
  }
  return giveBytes(list, <i32>count);
}

/** Each row starts with the method and a SP. */
export function methodNames(): usize {
  const count: usize = METHOD_COUNT + 1;
  const list = allocate(count * 16);
  if (list == 0) return giveBytes(0, 0);
  let text = list + count * 8;
  store<u64>(list, <u64>text);
  for (let id: usize = 1; id < count; id++) {
    text += putName(list + id * 8, METHOD_ROWS + id * 16, text, SP);
  }
  return giveBytes(list, <i32>count);
}

/** Copies a name up to `end` and writes its span; answers its length. Headers become lower case. */
function putName(span: usize, row: usize, text: usize, end: u8): usize {
  let length: usize = 0;
  for (; load<u8>(row + length) != end; length++) {
    const byte = load<u8>(row + length);
    store<u8>(text + length, end == COLON ? lower(byte) : byte);
  }
  store<u32>(span, <u32>text);
  store<u32>(span, <u32>length, 4);
  return length;
}
