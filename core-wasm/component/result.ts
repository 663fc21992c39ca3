/**
 * The results of one call, laid out as the canonical ABI wants them: the functions beside this file
 * write words into RESULT at the offsets that the records of core.wit have, and answer its address.
 */

import { endCall } from "./arena";

/** Large enough for the largest, `result<option<request-head>, parse-error>`. */
export const RESULT: usize = memory.data(128, 16);

/** Cases of `result` and `option`. */
export const OK: u8 = 0;
export const ERROR: u8 = 1;
export const NONE: u8 = 0;
export const SOME: u8 = 1;

export function put8(offset: usize, value: i32): void {
  store<u8>(RESULT + offset, <u8>value);
}

export function put16(offset: usize, value: i32): void {
  store<u16>(RESULT + offset, <u16>value);
}

export function put32(offset: usize, value: usize): void {
  store<u32>(RESULT + offset, <u32>value);
}

export function put64(offset: usize, value: u64): void {
  store<u64>(RESULT + offset, value);
}

/** Ends a call whose record is written. */
export function give(): usize {
  endCall();
  return RESULT;
}

/** Ends a call with `list` or `string`. */
export function giveBytes(p: usize, n: i32): usize {
  put32(0, p);
  put32(4, n);
  return give();
}

/** Ends a call with the ok case of `result<list | string, enum>`. */
export function giveOkBytes(p: usize, n: i32): usize {
  put8(0, OK);
  put32(4, p);
  put32(8, n);
  return give();
}

/** Ends a call with the error case of `result<…, enum>`, whose payload is at `offset`. */
export function giveError(offset: usize, code: i32): usize {
  put8(0, ERROR);
  put8(offset, code);
  return give();
}
