/**
 * What the headers say about the message's end and the connection's fate (RFC 9112 sections 6 and
 * 9, RFC 9110 sections 7.2, 7.8 and 10.1.1). Where a message could be read in two ways it is
 * refused: two readers that disagree about its end are how requests are smuggled.
 */

import {
  ID_CONNECTION,
  ID_CONTENT_LENGTH,
  ID_EXPECT,
  ID_HOST,
  ID_TRANSFER_ENCODING,
  ID_UPGRADE,
  METHOD_CONNECT,
  METHOD_HEAD,
} from "../../build/core-tables";
import { isDigit, load16, load32, load64, skipBlanks, tokenEnd, trimEnd } from "../bytes";
import {
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  FLAG_CHUNKED,
  FLAG_CLOSE_ASKED,
  FLAG_EXPECT_CONTINUE,
  FLAG_HAS_LENGTH,
  FLAG_KEEP_ALIVE,
  FLAG_KEEP_ALIVE_ASKED,
  FLAG_NO_BODY,
  FLAG_UNTIL_CLOSE,
  FLAG_UPGRADE,
  FLAG_UPGRADE_ASKED,
  FLAGS,
  FORM_ABSOLUTE,
  HOST_LENGTH,
  HOST_START,
  MINOR_VERSION,
  PRESENT,
  STATUS_CODE,
  TABLE,
  TARGET_FORM,
} from "../layout";
import {
  BAD_CONTENT_LENGTH,
  BAD_HOST,
  BAD_TRANSFER_ENCODING,
  CODING_IN_HTTP_10,
  LENGTH_AND_CODING,
  UNKNOWN_EXPECTATION,
  UNKNOWN_TRANSFER_CODING,
} from "../status";
import { failAt, setWord, word } from "../table";
import { isHost, isPlainHost } from "./authority";

const COMMA: u8 = 0x2c;
/** Largest length that JavaScript counts exactly. */
const MAX_LENGTH: u64 = (1 << 53) - 1;

/** Ids up to this one come here; `HEADER_NAMES` keeps them first. */
export const LAST_FRAMING_ID: i32 = ID_UPGRADE;

// Names of options in lower case, as the words they are compared with.
const KEEP_ALI: u64 = 0x696c612d7065656b;
const VE: u32 = 0x6576;
const CLOSE: u64 = 0x65736f6c63;
const UPGRADE: u64 = 0x65646172677075;
const CHUNKED: u64 = 0x64656b6e756863;
const ONE_HUNDR: u64 = 0x746e6f632d303031;
const INUE: u32 = 0x65756e69;

/** Takes one header of the first six, whose value is `value..end`. Answers 0 or a status. */
export function framingHeader(
  id: i32,
  base: usize,
  value: usize,
  end: usize,
  isRequest: bool,
): i32 {
  if (id == ID_CONNECTION) {
    setWord(FLAGS, word(FLAGS) | connectionOptions(value, end));
    return 0;
  }
  if (id == ID_CONTENT_LENGTH) return contentLength(base, value, end);
  if (id == ID_TRANSFER_ENCODING) return transferEncoding(base, value, end);
  if (!isRequest) return 0;
  if (id == ID_HOST) return host(base, value, end);
  if (id == ID_EXPECT) return expect(base, value, end);
  return 0;
}

/** Decides what only the whole request tells. `length` is its head's. */
export function finishRequest(length: i32): i32 {
  let flags = word(FLAGS);
  if (word(MINOR_VERSION) == 1) {
    if (!isPresent(ID_HOST)) return failAt(length, 0, BAD_HOST);
    // HTTP/1.0 has neither Upgrade (RFC 9110 section 7.8) nor connections kept by default.
    if (flags & FLAG_UPGRADE_ASKED && isPresent(ID_UPGRADE)) flags |= FLAG_UPGRADE;
  }
  setWord(FLAGS, flags | keepAlive(flags));
  return length;
}

/** As `finishRequest`, for the response to a request with this method. */
export function finishResponse(length: i32, methodId: i32): i32 {
  let flags = word(FLAGS);
  const code = word(STATUS_CODE);
  if (code == 101 && flags & FLAG_UPGRADE_ASKED && isPresent(ID_UPGRADE)) flags |= FLAG_UPGRADE;
  flags |= keepAlive(flags);
  if (isWithoutBody(code, methodId)) {
    flags |= FLAG_NO_BODY;
  } else if (!(flags & (FLAG_CHUNKED | FLAG_HAS_LENGTH))) {
    flags = (flags | FLAG_UNTIL_CLOSE) & ~FLAG_KEEP_ALIVE;
  }
  setWord(FLAGS, flags);
  return length;
}

/** RFC 9112 section 6.3, rules 1 and 2. */
function isWithoutBody(code: i32, methodId: i32): bool {
  if (code < 200 || code == 204 || code == 304) return true;
  return methodId == METHOD_HEAD || (methodId == METHOD_CONNECT && code < 300);
}

/** RFC 9112 section 9.3: close wins, then the version's default or what was asked. */
function keepAlive(flags: i32): i32 {
  if (flags & FLAG_CLOSE_ASKED) return 0;
  return word(MINOR_VERSION) == 1 || flags & FLAG_KEEP_ALIVE_ASKED ? FLAG_KEEP_ALIVE : 0;
}

/** By bytes, as `setPresent` stores them: a wider load would wait for the store to settle. */
export function isPresent(id: i32): bool {
  return ((load<u8>(TABLE + (PRESENT << 2) + (id >> 3)) >> (id & 7)) & 1) != 0;
}

/** One Host (RFC 9112 section 3.2), empty or well formed. An absolute target's host goes before. */
function host(base: usize, value: usize, end: usize): i32 {
  if (isPresent(ID_HOST)) return failAt(value, base, BAD_HOST);
  const valid = isPlainHost(value, end) || value == end || isHost(value, end);
  if (!valid) return failAt(value, base, BAD_HOST);
  if (word(TARGET_FORM) == FORM_ABSOLUTE) return 0;
  setWord(HOST_START, value - base);
  setWord(HOST_LENGTH, end - value);
  return 0;
}

/** One Content-Length of digits only. A second one is refused even where it is equal. */
function contentLength(base: usize, value: usize, end: usize): i32 {
  if (isPresent(ID_TRANSFER_ENCODING)) return failAt(value, base, LENGTH_AND_CODING);
  if (isPresent(ID_CONTENT_LENGTH) || value == end) return failAt(value, base, BAD_CONTENT_LENGTH);
  let length: u64 = 0;
  for (let p = value; p < end; p++) {
    const byte = load<u8>(p);
    if (!isDigit(byte)) return failAt(p, base, BAD_CONTENT_LENGTH);
    length = length * 10 + (byte - 0x30);
    if (length > MAX_LENGTH) return failAt(p, base, BAD_CONTENT_LENGTH);
  }
  setWord(CONTENT_LENGTH_LOW, <i32>length);
  setWord(CONTENT_LENGTH_HIGH, <i32>(length >> 32));
  setWord(FLAGS, word(FLAGS) | FLAG_HAS_LENGTH);
  return 0;
}

/**
 * The one coding taken is chunked, alone, without parameters. The list is read strictly, without
 * the empty elements that other lists may have: nobody sends them here but to hide a coding.
 */
function transferEncoding(base: usize, value: usize, end: usize): i32 {
  if (word(MINOR_VERSION) == 0) return failAt(value, base, CODING_IN_HTTP_10);
  if (isPresent(ID_CONTENT_LENGTH)) return failAt(value, base, LENGTH_AND_CODING);
  if (isPresent(ID_TRANSFER_ENCODING)) return failAt(value, base, BAD_TRANSFER_ENCODING);
  let p = value;
  let others = false;
  for (;;) {
    const coding = p;
    p = tokenEnd(p);
    if (p == coding) break;
    const chunked = isWord(coding, p, CHUNKED, 7);
    if (p == end) {
      if (others || !chunked) return failAt(value, base, UNKNOWN_TRANSFER_CODING);
      setWord(FLAGS, word(FLAGS) | FLAG_CHUNKED);
      return 0;
    }
    p = skipBlanks(p);
    // Chunked comes last, once, and no coding here has parameters.
    if (chunked || load<u8>(p) != COMMA) break;
    others = true;
    p = skipBlanks(p + 1);
  }
  return failAt(p, base, BAD_TRANSFER_ENCODING);
}

/** 100-continue, in any number; HTTP/1.0 has no expectations (RFC 9110 section 10.1.1). */
function expect(base: usize, value: usize, end: usize): i32 {
  if (word(MINOR_VERSION) == 0) return 0;
  for (let p = value; p < end; p++) {
    const start = skipBlanks(p);
    p = elementEnd(start, end);
    const last = trimEnd(start, p);
    if (last == start) continue;
    if (!isContinue(start, last)) return failAt(start, base, UNKNOWN_EXPECTATION);
    setWord(FLAGS, word(FLAGS) | FLAG_EXPECT_CONTINUE);
  }
  return 0;
}

/** The options of Connection as flags; others are the application's. */
function connectionOptions(value: usize, end: usize): i32 {
  // What nearly every client says.
  if (isKeepAlive(value, end)) return FLAG_KEEP_ALIVE_ASKED;
  let flags = 0;
  for (let p = value; p < end; p++) {
    const start = skipBlanks(p);
    p = elementEnd(start, end);
    const last = trimEnd(start, p);
    if (isWord(start, last, CLOSE, 5)) flags |= FLAG_CLOSE_ASKED;
    else if (isWord(start, last, UPGRADE, 7)) flags |= FLAG_UPGRADE_ASKED;
    else if (isKeepAlive(start, last)) flags |= FLAG_KEEP_ALIVE_ASKED;
  }
  return flags;
}

/** The comma after the list element at `p`, or the end. A list has empty elements at will. */
function elementEnd(p: usize, end: usize): usize {
  while (p < end && load<u8>(p) != COMMA) p++;
  return p;
}

/** Makes letters lower case. Where digits, "-" and letters are compared, no control can slip in. */
const CASE_BITS: u64 = 0x2020202020202020;

/** Whether `start..end` is the word of `length` letters, below eight, in any case. */
function isWord(start: usize, end: usize, letters: u64, length: i32): bool {
  if (<i32>(end - start) != length) return false;
  const shift: u64 = 64 - (length << 3);
  return (load64(start) | CASE_BITS) << shift == letters << shift;
}

function isContinue(start: usize, end: usize): bool {
  return (
    end - start == 12 &&
    (load64(start) | CASE_BITS) == ONE_HUNDR &&
    (load32(start + 8) | <u32>CASE_BITS) == INUE
  );
}

function isKeepAlive(start: usize, end: usize): bool {
  return (
    end - start == 10 &&
    (load64(start) | CASE_BITS) == KEEP_ALI &&
    (load16(start + 8) | 0x2020) == VE
  );
}
