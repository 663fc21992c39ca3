/** The interface template of core.wit: the tokenizer over a source that is in memory as a whole. */

import { ERROR_POSITION, TABLE, TOKEN_COUNT, TOKEN_LINE, TOKEN_ROWS } from "../layout";
import { EMPTY_EXPRESSION, MISSING_COMMENT_END } from "../status";
import { word } from "../table";
import { tokenize as tokenizeWindow } from "../template/tokenizer";
import { argument, hasOverflowed } from "./arena";
import { extendList, listStart, startList } from "./list";
import { ERROR, give, giveOkBytes, put8, put32 } from "./result";

// Cases of error-code: the statuses from EMPTY_EXPRESSION on in their order, then these.
const TOO_LARGE: i32 = EMPTY_EXPRESSION - MISSING_COMMENT_END + 1;
const INVALID_ARGUMENT: i32 = TOO_LARGE + 1;

/** Bytes of a token: kind, start, end, line. */
const TOKEN: i32 = 16;

export function tokenize(p: usize, n: i32): usize {
  const source = argument(p, n);
  if (source == 0) return fail(hasOverflowed() ? TOO_LARGE : INVALID_ARGUMENT, 0, 0);
  startList();
  let count: i32 = 0;
  let line = 1;
  for (let at = 0; at < n; ) {
    const taken = tokenizeWindow(source + at, n - at, line, 1);
    line = word(TOKEN_LINE);
    if (taken < 0) return fail(EMPTY_EXPRESSION - taken, at + word(ERROR_POSITION), line);
    const more = word(TOKEN_COUNT);
    const tokens = extendList(count, more, TOKEN);
    if (tokens == 0) return fail(TOO_LARGE, at, line);
    putTokens(tokens, more, at);
    count += more;
    at += taken;
  }
  return giveOkBytes(listStart(), count);
}

/** Moves the table's rows: kinds count from 0 here, offsets from the start of the source. */
function putTokens(to: usize, count: i32, at: i32): void {
  for (let i = 0; i < count; i++) {
    const row = TABLE + (TOKEN_ROWS << 2) + i * TOKEN;
    store<u32>(to, load<u32>(row) - 1);
    store<u32>(to, load<u32>(row, 4) + at, 4);
    store<u32>(to, load<u32>(row, 8) + at, 8);
    store<u32>(to, load<u32>(row, 12), 12);
    to += TOKEN;
  }
}

function fail(code: i32, position: i32, line: i32): usize {
  put8(0, ERROR);
  put8(4, code);
  put32(8, position);
  put32(12, line);
  return give();
}
