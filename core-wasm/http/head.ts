/**
 * One message head: start line, header lines, empty line. Reads (start, length), fills the span
 * table, answers the bytes the head takes. The parts are in start-line.ts and headers.ts; what the
 * headers mean for the connection is decided in framing.ts.
 *
 * A head that is not complete is read again from its first byte when more has arrived: at some
 * gigabytes a second that is cheaper than keeping state per connection. Errors are found in the
 * order of the bytes, in an incomplete head too, so how the bytes were cut never changes the answer.
 */

import { CRLF, load16, NUL } from "../bytes";
import { HEAD_LENGTH, METHOD_START, PATH_LENGTH, PRESENT, TABLE } from "../layout";
import { setWord } from "../table";
import { finishRequest, finishResponse } from "./framing";
import { parseHeaders, REQUEST, RESPONSE } from "./headers";
import { parseRequestLine, parseStatusLine } from "./start-line";

/**
 * Empty lines skipped before a request line. RFC 9112 section 2.2 asks for at least one: old
 * clients send CRLF after a body. Two allow for one of each side.
 */
const MAX_EMPTY_LINES: i32 = 2;

/** Reads a request head. Writes a sentinel after the input: SLACK bytes there must be free. */
export function parseRequestHead(
  start: usize,
  length: i32,
  maxHeaders: i32,
  maxTargetLength: i32,
): i32 {
  const end = begin(start, length);
  let p = start;
  for (let lines = 0; load16(p) == CRLF && lines < MAX_EMPTY_LINES; lines++) p += 2;
  setWord(METHOD_START, p - start);

  const line = parseRequestLine(start, p, end, maxTargetLength);
  if (line < 0) return line;
  const head = parseHeaders(start, start + line, end, maxHeaders, REQUEST);
  if (head < 0) return head;
  setWord(HEAD_LENGTH, head);
  return finishRequest(head);
}

/**
 * Reads a response head. `methodId` is the request's: an answer to HEAD has no body, nor has a
 * successful one to CONNECT (RFC 9112 section 6.3).
 */
export function parseResponseHead(start: usize, length: i32, maxHeaders: i32, methodId: i32): i32 {
  const end = begin(start, length);
  const line = parseStatusLine(start, end);
  if (line < 0) return line;
  const head = parseHeaders(start, start + line, end, maxHeaders, RESPONSE);
  if (head < 0) return head;
  setWord(HEAD_LENGTH, head);
  return finishResponse(head, methodId);
}

/** Puts the sentinel, clears the table's fixed words, answers where the input ends. */
function begin(start: usize, length: i32): usize {
  const end = start + length;
  // A load that overlaps a store just made waits for it, and often the last NUL is still there.
  if (load<u8>(end) != NUL) store<u8>(end, NUL);
  clear(PATH_LENGTH);
  clear(PATH_LENGTH + 4);
  clear(PRESENT);
  clear(PRESENT + 4);
  return end;
}

/** Clears four words of the table. All that are not set by every head that is accepted come here. */
function clear(index: i32): void {
  store<i64>(TABLE + (index << 2), 0);
  store<i64>(TABLE + (index << 2), 0, 8);
}
