/**
 * The head of one WebSocket frame (RFC 6455 section 5.2): two bytes, then the extended length, then
 * the masking key. What is wrong with a frame alone is found here, as soon as its byte is there; what
 * is wrong with it among others, as a continuation of nothing, is known to who has the state.
 */

import { load16, load32 } from "../bytes";
import {
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_HIGH,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
} from "../layout";
import {
  BAD_CONTROL_FRAME,
  BAD_FRAME_LENGTH,
  BAD_MASKING,
  BAD_OPCODE,
  BAD_RESERVED_BITS,
  NEED_DATA,
} from "../status";
import { setWord } from "../table";

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
/** Opcodes from here on are of control frames (section 5.5). */
const CLOSE: u8 = 8;
const PONG: u8 = 10;
const BINARY: u8 = 2;
const CONTINUATION: u8 = 0;

const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/** Lengths up to here stand in the second byte; 126 and 127 say that 2 or 8 bytes follow. */
const MAX_SHORT: u32 = 125;
const EXTENDED_16: u32 = 126;
/** 2^53 - 1: what JavaScript counts exactly. */
const MAX_HIGH: u32 = 0x1fffff;

/**
 * Reads a frame's head; answers the bytes it takes. `masked` is 1 if the peer is a client, which
 * must mask, 0 if it is a server, which must not (section 5.1). `reserved` are the bits, of 0x70,
 * that an extension uses in the first frame of a message.
 */
export function parseFrameHead(p: usize, n: i32, masked: i32, reserved: i32): i32 {
  if (n < 1) return NEED_DATA;
  const first = load<u8>(p);
  const opcode = first & OPCODE;
  const bits = first & RESERVED;
  const isControl = opcode >= CLOSE;
  const startsMessage = !isControl && opcode != CONTINUATION;
  if (bits & ~(startsMessage ? <u8>reserved : 0)) return BAD_RESERVED_BITS;
  if (opcode > PONG || (opcode > BINARY && !isControl)) return BAD_OPCODE;
  if (isControl && !(first & FIN)) return BAD_CONTROL_FRAME;

  if (n < 2) return NEED_DATA;
  const second = load<u8>(p, 1);
  if (<i32>(second >> 7) != masked) return BAD_MASKING;
  let low: u32 = second & LENGTH;
  let high: u32 = 0;
  let head = 2;
  if (low > MAX_SHORT) {
    if (isControl) return BAD_CONTROL_FRAME;
    const bytes = low == EXTENDED_16 ? 2 : 8;
    head += bytes;
    if (n < head) return NEED_DATA;
    if (bytes == 2) {
      low = bswap(load16(p + 2)) >> 16;
      // The least number of bytes must be used.
      if (low <= MAX_SHORT) return BAD_FRAME_LENGTH;
    } else {
      high = bswap(load32(p + 2));
      low = bswap(load32(p + 6));
      if (high > MAX_HIGH || (high == 0 && low <= 0xffff)) return BAD_FRAME_LENGTH;
    }
  }
  let key: u32 = 0;
  if (masked) {
    head += 4;
    if (n < head) return NEED_DATA;
    key = load32(p + head - 4);
  }
  setWord(FRAME_FINAL, first >> 7);
  setWord(FRAME_RESERVED, bits);
  setWord(FRAME_OPCODE, opcode);
  setWord(FRAME_KEY, key);
  setWord(FRAME_LENGTH_LOW, low);
  setWord(FRAME_LENGTH_HIGH, high);
  return head;
}
