/** The interface websocket of core.wit. */

import {
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
  TABLE,
} from "../layout";
import { BAD_FRAME_LENGTH, BAD_RESERVED_BITS, NEED_DATA } from "../status";
import { word } from "../table";
import { parseFrameHead as parseHead } from "../websocket/frame";
import { mask as maskBytes } from "../websocket/mask";
import { validateUtf8 as validate } from "../websocket/utf8";
import { argument } from "./arena";
import { give, giveBytes, giveError, NONE, OK, put8, put32, put64, SOME } from "./result";

// Cases of error-code: the statuses from BAD_RESERVED_BITS on in their order, then this.
const INVALID_ARGUMENT: i32 = BAD_RESERVED_BITS - BAD_FRAME_LENGTH + 1;

/** Where option and record are in `result<option<frame-head>, error-code>`. */
const OPTION: usize = 8;
const HEAD: usize = 16;
const RESERVED_BITS: u32 = 0x70;

export function parseFrameHead(p: usize, n: i32, fromClient: u32, reserved: u32): usize {
  const start = argument(p, n);
  if (start == 0 || reserved & ~RESERVED_BITS) return giveError(OPTION, INVALID_ARGUMENT);
  const length = parseHead(start, n, fromClient ? 1 : 0, reserved);
  if (length < 0 && length != NEED_DATA) return giveError(OPTION, BAD_RESERVED_BITS - length);
  put8(0, OK);
  put8(OPTION, length < 0 ? NONE : SOME);
  put32(HEAD, word(FRAME_LENGTH_LOW));
  put32(HEAD + 4, word(FRAME_LENGTH_LOW + 1));
  put8(HEAD + 8, fromClient ? SOME : NONE);
  put32(HEAD + 12, word(FRAME_KEY));
  put32(HEAD + 16, length);
  put8(HEAD + 20, word(FRAME_OPCODE));
  put8(HEAD + 21, word(FRAME_RESERVED));
  put8(HEAD + 22, word(FRAME_FINAL));
  return give();
}

/** In place: the list that is answered is the one that came. */
export function mask(p: usize, n: i32, key: u32, offset: u32): usize {
  const payload = argument(p, n);
  if (payload == 0) return giveBytes(0, 0);
  maskBytes(payload, n, key, offset);
  return giveBytes(payload, n);
}

export function validateUtf8(p: usize, n: i32, state: u32): usize {
  const piece = argument(p, n);
  const next = piece == 0 || <i32>state < 0 ? -1 : validate(piece, n, state);
  put8(0, next < 0 ? NONE : SOME);
  put32(4, next);
  return give();
}
