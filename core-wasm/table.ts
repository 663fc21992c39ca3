/**
 * The span table's words, as the parsers write them. Offsets in it count from the start of the
 * input, which is what JavaScript knows.
 */

import { ERROR_POSITION, TABLE } from "./layout";

export function word(index: i32): i32 {
  return load<i32>(TABLE + (index << 2));
}

export function setWord(index: i32, value: usize): void {
  store<i32>(TABLE + (index << 2), value);
}

/** Notes where the parser stood, and answers the status. */
export function failAt(position: usize, base: usize, status: i32): i32 {
  setWord(ERROR_POSITION, position - base);
  return status;
}
