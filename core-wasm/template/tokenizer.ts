/**
 * Cuts a template into tokens: text, `{{ expression }}`, `{% block %}`, `{# comment #}`. Tornado's
 * rules: of a run of braces the innermost two count, so `{{{x}}}` is an expression between braces;
 * `{{!`, `{%!` and `{#!` stand for their braces; the first end marker ends. What the blocks mean is
 * known to `template`, which reads the token rows.
 *
 * One rule is ours: an end marker inside a literal does not end an expression or a block of code, so
 * that `{{ "}}" }}` is one expression. literals.ts says what a literal is.
 *
 * A source is read in windows. What is not complete in a window is left for the next one, so a
 * directive must fit a window; text may be longer, and comes as several tokens side by side then.
 */

import { indexOf, LF } from "../bytes";
import {
  MAX_TOKENS,
  TABLE,
  TOKEN_BLOCK,
  TOKEN_BRACES,
  TOKEN_COMMENT,
  TOKEN_COUNT,
  TOKEN_EXPRESSION,
  TOKEN_LINE,
  TOKEN_ROWS,
  TOKEN_TEXT,
  TOKEN_WORDS,
} from "../layout";
import {
  EMPTY_BLOCK,
  EMPTY_EXPRESSION,
  MISSING_BLOCK_END,
  MISSING_COMMENT_END,
  MISSING_EXPRESSION_END,
  NEED_DATA,
} from "../status";
import { failAt, setWord } from "../table";
import {
  BACKTICK,
  DOUBLE,
  isLiteralMark,
  literalEnd,
  SINGLE,
  SLASH,
  startLiterals,
  UNDECIDED,
} from "./literals";

const OPEN: u8 = 0x7b;
const CLOSE: u8 = 0x7d;
const PERCENT: u8 = 0x25;
const HASH: u8 = 0x23;
const BANG: u8 = 0x21;
/** Bytes of an opening or an end marker. */
const MARKER: i32 = 2;

let base: usize = 0;
let line: i32 = 1;
let count: i32 = 0;

/**
 * Reads a window of `n` bytes, the first of which is on line `firstLine`; `isLast` is 1 if the source
 * ends with it. Writes token rows, how many there are, and the line of the byte after them. Answers
 * the bytes that they take; NEED_DATA if not one token is complete in the window; or what is wrong,
 * with the position and line of the directive that it is wrong with.
 */
export function tokenize(p: usize, n: i32, firstLine: i32, isLast: i32): i32 {
  const end = p + n;
  base = p;
  line = firstLine;
  count = 0;
  startLiterals();
  let at = p;
  // A turn writes two rows at most.
  while (at < end && count + 2 <= MAX_TOKENS) {
    const opening = findOpening(at, end);
    if (opening == end && !isLast) {
      // Left for the next window, unless this one is all text.
      if (at == p) at = text(at, textEnd(at, end));
      break;
    }
    at = text(at, opening);
    if (at == end) break;
    const result = directive(at, end, isLast);
    if (result == NEED_DATA) break;
    if (result < 0) {
      setWord(TOKEN_LINE, line);
      return failAt(at, p, result);
    }
    at += result;
  }
  setWord(TOKEN_COUNT, count);
  setWord(TOKEN_LINE, line);
  return at == p && n > 0 ? NEED_DATA : <i32>(at - p);
}

/** Writes a row and takes the bytes up to `next`, which the token is part of. */
function token(kind: i32, start: usize, end: usize, from: usize, next: usize): void {
  const row = TABLE + ((TOKEN_ROWS + count * TOKEN_WORDS) << 2);
  store<i32>(row, kind);
  store<i32>(row, start - base, 4);
  store<i32>(row, end - base, 8);
  store<i32>(row, line, 12);
  count++;
  line += countLines(from, next);
}

function text(start: usize, end: usize): usize {
  if (end > start) token(TOKEN_TEXT, start, end, start, end);
  return end;
}

/** Where text may be cut: at a character, and before what may be an opening. */
function textEnd(start: usize, end: usize): usize {
  let p = end - MARKER;
  while (p > start && (load<u8>(p) & 0xc0) == 0x80) p--;
  return p > start ? p : start;
}

/** Where the next `{{`, `{%` or `{#` is, or the end. */
function findOpening(p: usize, end: usize): usize {
  for (p = indexOf(OPEN, p, end); p + 1 < end; p = indexOf(OPEN, p + 1, end)) {
    const second = load<u8>(p, 1);
    if (second == PERCENT || second == HASH) return p;
    if (second == OPEN && !(p + 2 < end && load<u8>(p, 2) == OPEN)) return p;
  }
  return end;
}

/** Reads the directive whose opening is at `p`; answers the bytes it takes, or a status. */
function directive(p: usize, end: usize, isLast: i32): i32 {
  const mark = load<u8>(p, 1);
  const start = p + MARKER;
  if (start < end && load<u8>(start) == BANG) {
    token(TOKEN_BRACES, p, start, p, start + 1);
    return MARKER + 1;
  }
  const closing = mark == OPEN ? CLOSE : mark;
  const last = closingMarker(start, end, closing, isLast);
  if (last == 0) return isLast ? missing(mark) : NEED_DATA;

  let from = start;
  let to = last;
  while (from < to && isSpace(load<u8>(from))) from++;
  while (to > from && isSpace(load<u8>(to - 1))) to--;
  if (from == to && mark != HASH) return mark == OPEN ? EMPTY_EXPRESSION : EMPTY_BLOCK;
  const kind = mark == OPEN ? TOKEN_EXPRESSION : mark == HASH ? TOKEN_COMMENT : TOKEN_BLOCK;
  token(kind, from, to, p, last + MARKER);
  return <i32>(last + MARKER - p);
}

function missing(mark: u8): i32 {
  if (mark == HASH) return MISSING_COMMENT_END;
  return mark == OPEN ? MISSING_EXPRESSION_END : MISSING_BLOCK_END;
}

/** Where the end marker is; 0 if there is none in the window. */
function closingMarker(start: usize, end: usize, closing: u8, isLast: i32): usize {
  const hasLiterals = closing != HASH && !isPlainBlock(start, end, closing);
  let p = start;
  while (p < end) {
    p = hasLiterals ? indexOfMark(closing, p, end) : indexOf(closing, p, end);
    if (p + 1 >= end) return 0;
    if (load<u8>(p) != closing) {
      p = literalEnd(p, start, end, closing == PERCENT, isLast);
      if (p == UNDECIDED) return 0;
    } else if (load<u8>(p, 1) == CLOSE) {
      return p;
    } else {
      p++;
    }
  }
  return 0;
}

/**
 * Whether a block holds no code: `{% comment … %}`, whose words may have apostrophes, or
 * `{% extends … %}` and `{% include … %}`, whose paths may begin with a slash or with "../".
 */
function isPlainBlock(p: usize, end: usize, closing: u8): bool {
  if (closing != PERCENT) return false;
  while (p < end && isSpace(load<u8>(p))) p++;
  if (p + 8 > end) return false;
  const word = load<u64>(p, 0, 1) << 8;
  if (word != COMMENT << 8 && word != EXTENDS << 8 && word != INCLUDE << 8) return false;
  const after = load<u8>(p, 7);
  return isSpace(after) || after == PERCENT;
}

/** Words of seven bytes, as they lie in memory. */
const COMMENT: u64 = 0x746e656d6d6f63;
const EXTENDS: u64 = 0x73646e65747865;
const INCLUDE: u64 = 0x6564756c636e69;

function isSpace(byte: u8): bool {
  return byte == 0x20 || <u32>byte - 0x09 < 5;
}

/** Where the byte or one that may start a literal is, or the end. */
function indexOfMark(byte: u8, p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const wanted = i8x16.splat(byte);
    for (; p + 16 <= end; p += 16) {
      const bytes = v128.load(p);
      const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, wanted), literalMarks(bytes)));
      if (found) return p + ctz(found);
    }
  }
  while (p < end && load<u8>(p) != byte && !isLiteralMark(load<u8>(p))) p++;
  return p;
}

/** All bits set where a byte may start a literal. */
function literalMarks(bytes: v128): v128 {
  const quotes = v128.or(
    i8x16.eq(bytes, i8x16.splat(DOUBLE)),
    i8x16.eq(bytes, i8x16.splat(SINGLE)),
  );
  const others = v128.or(
    i8x16.eq(bytes, i8x16.splat(BACKTICK)),
    i8x16.eq(bytes, i8x16.splat(SLASH)),
  );
  return v128.or(quotes, others);
}

function countLines(p: usize, end: usize): i32 {
  let lines = 0;
  if (ASC_FEATURE_SIMD) {
    const feeds = i8x16.splat(LF);
    for (; p + 16 <= end; p += 16) {
      lines += popcnt(i8x16.bitmask(i8x16.eq(v128.load(p), feeds)));
    }
  }
  for (; p < end; p++) if (load<u8>(p) == LF) lines++;
  return lines;
}
