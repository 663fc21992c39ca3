/**
 * The chunked transfer coding (RFC 9112 section 7.1): takes what has arrived of a body, moves the
 * data in it together, and keeps where it stopped in the CHUNKED block, so that a body may be cut
 * anywhere. Extensions and trailers are checked and bounded; whoever wants the trailers finds them
 * at the end of what was consumed.
 *
 * Data goes by whole runs and each byte of it moves once, so many tiny chunks cost no more than
 * their bytes. Whole size lines are read at once; the rest goes byte by byte through `step`.
 */

import {
  FORBIDDEN_TRAILER_COUNT,
  FORBIDDEN_TRAILERS,
  IS_FIELD,
  IS_TOKEN,
} from "../../build/core-tables";
import { CR, CRLF, hexValue, isBlank, isClass, LF, load16, lower } from "../bytes";
import {
  CHUNKED,
  CHUNKED_DATA_LENGTH,
  CHUNKED_DONE,
  CHUNKED_IN_TRAILERS,
  CHUNKED_LEFT_LOW,
  CHUNKED_OVERHEAD,
  CHUNKED_PRIVATE_1,
  CHUNKED_PRIVATE_2,
  CHUNKED_STATE,
} from "../layout";
import {
  BAD_CHUNK_END,
  BAD_CHUNK_SIZE,
  BAD_HEADER_NAME,
  BAD_HEADER_VALUE,
  BAD_LINE_END,
  CHUNK_EXTENSION_TOO_LONG,
  FOLDED_HEADER,
  FORBIDDEN_TRAILER,
  TRAILERS_TOO_LARGE,
} from "../status";
import { failAt } from "../table";

// States: what the next byte belongs to. Extensions and trailers lie together, for their limits.
const SIZE_START: i32 = 0;
const SIZE: i32 = 1;
const SIZE_LF: i32 = 2;
const DATA: i32 = 3;
const DATA_CR: i32 = 4;
const DATA_LF: i32 = 5;
const DONE: i32 = 6;
const EXTENSION_START: i32 = 8;
const EXTENSION_NAME: i32 = 9;
const VALUE_START: i32 = 10;
const VALUE_TOKEN: i32 = 11;
const VALUE_QUOTED: i32 = 12;
const VALUE_ESCAPE: i32 = 13;
const VALUE_END: i32 = 14;
const TRAILER_START: i32 = CHUNKED_IN_TRAILERS;
const TRAILER_NAME: i32 = TRAILER_START + 1;
const TRAILER_VALUE: i32 = TRAILER_START + 2;
const TRAILER_LF: i32 = TRAILER_START + 3;
const END_LF: i32 = TRAILER_START + 4;

const HASH: i32 = CHUNKED_PRIVATE_1;
const COUNT: i32 = CHUNKED_PRIVATE_2;

/** More trailers than any protocol uses; the limit in bytes alone would allow thousands. */
const MAX_TRAILERS: i32 = 100;
/** Largest size that JavaScript counts exactly. */
const MAX_SIZE: u64 = (1 << 53) - 1;
/** Digits of a size that the fast path takes: what fits in 31 bits. */
const FAST_DIGITS: usize = 7;

const BACKSLASH: u8 = 0x5c;
const COLON: u8 = 0x3a;
const EQUALS: u8 = 0x3d;
const QUOTE: u8 = 0x22;
const SEMICOLON: u8 = 0x3b;

/**
 * Decodes what it can of `length` bytes at `start`. Answers the bytes consumed: all of them, or
 * less once the body is done. Also on an error the block tells the data that came before it.
 */
export function decodeChunked(
  start: usize,
  length: i32,
  maxExtensionBytes: i32,
  maxTrailerBytes: i32,
): i32 {
  const end = start + length;
  let p = start;
  let out = start;
  let status = 0;
  while (p < end) {
    const state = get(CHUNKED_STATE);
    if (state == DATA) {
      const length = dataLength(end - p);
      move(out, p, length);
      out += length;
      p += length;
      if (get(CHUNKED_STATE) == DATA_CR && p + 1 < end && load16(p) == CRLF) {
        p += 2;
        set(CHUNKED_STATE, SIZE_START);
      }
      continue;
    }
    if (state == DONE) break;
    if (state == SIZE_START) {
      const line = sizeLine(p, end);
      if (line != 0) {
        p += line;
        continue;
      }
    }
    status = step(state, load<u8>(p), maxExtensionBytes, maxTrailerBytes);
    if (status < 0) break;
    p++;
  }
  set(CHUNKED_DATA_LENGTH, <i32>(out - start));
  return status < 0 ? failAt(p, start, status) : <i32>(p - start);
}

function get(word: i32): i32 {
  return load<i32>(CHUNKED + (word << 2));
}

function set(word: i32, value: i32): void {
  store<i32>(CHUNKED + (word << 2), value);
}

// Both words of what is left at once; their address is a multiple of 4 only. (Two i32 loads put
// together would be wrong: the optimizer of asc 0.28 sign-extends an i32 load that is widened to u64.)

function left(): u64 {
  return load<u64>(CHUNKED + (CHUNKED_LEFT_LOW << 2), 0, 4);
}

function setLeft(value: u64): void {
  store<u64>(CHUNKED + (CHUNKED_LEFT_LOW << 2), value, 0, 4);
}

/** How much of the chunk's data the next `room` bytes are; they count as taken. */
function dataLength(room: usize): usize {
  const wanted = left();
  const length = wanted < <u64>room ? wanted : <u64>room;
  setLeft(wanted - length);
  if (wanted == length) set(CHUNKED_STATE, DATA_CR);
  return <usize>length;
}

/** `to` is at or before `from`. Short runs are quicker without the call that `memory.copy` is. */
function move(to: usize, from: usize, length: usize): void {
  if (to == from) return;
  if (length >= 32) {
    memory.copy(to, from, length);
    return;
  }
  for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i));
}

/** Reads a whole size line of digits only. Answers its length, or 0 to take it in steps. */
function sizeLine(p: usize, end: usize): usize {
  let q = p;
  let size: u32 = 0;
  while (q < end && q - p < FAST_DIGITS) {
    const digit = hexValue(load<u8>(q));
    if (digit > 15) break;
    size = (size << 4) | digit;
    q++;
  }
  if (q == p || q + 1 >= end || load16(q) != CRLF) return 0;
  setLeft(size);
  sizeDone();
  return q + 2 - p;
}

/** After the size line: data, or the trailers if this was the last chunk. */
function sizeDone(): void {
  if (left() != 0) {
    set(CHUNKED_STATE, DATA);
    return;
  }
  set(CHUNKED_STATE, TRAILER_START);
  set(CHUNKED_OVERHEAD, 0);
}

/** Takes one byte that is not data. Answers 0 or a status. */
function step(state: i32, byte: u8, maxExtensionBytes: i32, maxTrailerBytes: i32): i32 {
  if (state >= EXTENSION_START) {
    const overhead = get(CHUNKED_OVERHEAD) + 1;
    set(CHUNKED_OVERHEAD, overhead);
    if (state >= TRAILER_START) {
      if (overhead > maxTrailerBytes) return TRAILERS_TOO_LARGE;
      return trailerStep(state, byte);
    }
    if (overhead > maxExtensionBytes) return CHUNK_EXTENSION_TOO_LONG;
    return extensionStep(state, byte);
  }
  switch (state) {
    case SIZE_START:
      setLeft(0);
      return sizeDigit(byte);
    case SIZE:
      return byte == CR || byte == SEMICOLON ? sizeEnd(byte) : moreSize(byte, maxExtensionBytes);
    case SIZE_LF:
      if (byte != LF) return BAD_LINE_END;
      sizeDone();
      return 0;
    case DATA_CR:
      if (byte != CR) return BAD_CHUNK_END;
      set(CHUNKED_STATE, DATA_LF);
      return 0;
    default:
      if (byte != LF) return BAD_CHUNK_END;
      set(CHUNKED_STATE, SIZE_START);
      return 0;
  }
}

function sizeDigit(byte: u8): i32 {
  const digit = hexValue(byte);
  if (digit > 15) return byte == LF ? BAD_LINE_END : BAD_CHUNK_SIZE;
  const size = (left() << 4) | digit;
  if (size > MAX_SIZE) return BAD_CHUNK_SIZE;
  setLeft(size);
  set(CHUNKED_STATE, SIZE);
  return 0;
}

/** A digit after the first. Leading zeros could go on for ever: they count as overhead. */
function moreSize(byte: u8, maxExtensionBytes: i32): i32 {
  if (left() == 0) {
    const overhead = get(CHUNKED_OVERHEAD) + 1;
    set(CHUNKED_OVERHEAD, overhead);
    if (overhead > maxExtensionBytes) return CHUNK_EXTENSION_TOO_LONG;
  }
  return sizeDigit(byte);
}

/** At the byte after a size or an extension, which is CR or a semicolon. */
function sizeEnd(byte: u8): i32 {
  set(CHUNKED_STATE, byte == CR ? SIZE_LF : EXTENSION_START);
  return 0;
}

/** `*( ";" token [ "=" ( token / quoted-string ) ] )`, without blanks: nobody sends "BWS". */
function extensionStep(state: i32, byte: u8): i32 {
  switch (state) {
    case EXTENSION_START:
    case VALUE_START:
      if (state == VALUE_START && byte == QUOTE) {
        set(CHUNKED_STATE, VALUE_QUOTED);
        return 0;
      }
      if (!isClass(byte, IS_TOKEN)) return extensionError(byte);
      set(CHUNKED_STATE, state + 1);
      return 0;
    case EXTENSION_NAME:
      if (byte == EQUALS) {
        set(CHUNKED_STATE, VALUE_START);
        return 0;
      }
      return isClass(byte, IS_TOKEN) ? 0 : extensionEnd(byte);
    case VALUE_TOKEN:
      return isClass(byte, IS_TOKEN) ? 0 : extensionEnd(byte);
    case VALUE_END:
      return extensionEnd(byte);
    default:
      return quotedStep(state, byte);
  }
}

/**
 * Inside a quoted string (RFC 9110 section 5.6.4). A line end in it would end the chunk's line for
 * some readers and not for others: no control passes, HTAB excepted.
 */
function quotedStep(state: i32, byte: u8): i32 {
  if (!isClass(byte, IS_FIELD)) return extensionError(byte);
  if (state == VALUE_ESCAPE) set(CHUNKED_STATE, VALUE_QUOTED);
  else if (byte == QUOTE) set(CHUNKED_STATE, VALUE_END);
  else if (byte == BACKSLASH) set(CHUNKED_STATE, VALUE_ESCAPE);
  return 0;
}

function extensionEnd(byte: u8): i32 {
  return byte == CR || byte == SEMICOLON ? sizeEnd(byte) : extensionError(byte);
}

function extensionError(byte: u8): i32 {
  return byte == LF ? BAD_LINE_END : BAD_CHUNK_SIZE;
}

function trailerStep(state: i32, byte: u8): i32 {
  switch (state) {
    case TRAILER_START:
      return trailerStart(byte);
    case TRAILER_NAME:
      return trailerName(byte);
    case TRAILER_VALUE:
      if (isClass(byte, IS_FIELD)) return 0;
      if (byte == LF) return BAD_LINE_END;
      if (byte != CR) return BAD_HEADER_VALUE;
      set(CHUNKED_STATE, TRAILER_LF);
      return 0;
    default:
      if (byte != LF) return BAD_LINE_END;
      set(CHUNKED_STATE, state == END_LF ? DONE : TRAILER_START);
      if (state == END_LF) set(CHUNKED_DONE, 1);
      return 0;
  }
}

function trailerStart(byte: u8): i32 {
  if (byte == CR) {
    set(CHUNKED_STATE, END_LF);
    return 0;
  }
  if (byte == LF) return BAD_LINE_END;
  if (isBlank(byte)) return FOLDED_HEADER;
  if (!isClass(byte, IS_TOKEN)) return BAD_HEADER_NAME;
  const count = get(COUNT) + 1;
  if (count > MAX_TRAILERS) return TRAILERS_TOO_LARGE;
  set(COUNT, count);
  set(HASH, hashed(FNV_START, byte));
  set(CHUNKED_STATE, TRAILER_NAME);
  return 0;
}

/** A name may be cut anywhere, so its hash is kept, not its bytes. */
function trailerName(byte: u8): i32 {
  if (isClass(byte, IS_TOKEN)) {
    set(HASH, hashed(get(HASH), byte));
    return 0;
  }
  if (byte != COLON) return BAD_HEADER_NAME;
  const hash = get(HASH);
  for (let i = 0; i < FORBIDDEN_TRAILER_COUNT; i++) {
    if (load<i32>(FORBIDDEN_TRAILERS + (i << 2)) == hash) return FORBIDDEN_TRAILER;
  }
  set(CHUNKED_STATE, TRAILER_VALUE);
  return 0;
}

const FNV_START: i32 = 0x811c9dc5;
const FNV_PRIME: i32 = 0x01000193;

/** FNV-1a over the name in lower case, as in tools/core-tables.ts. */
function hashed(hash: i32, byte: u8): i32 {
  return (hash ^ lower(byte)) * FNV_PRIME;
}
