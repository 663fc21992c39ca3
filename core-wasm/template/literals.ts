/**
 * The literals of an expression, as far as it takes to know that an end marker is inside one:
 * `"…"`, `'…'`, `` `…` `` and `/…/` of JavaScript. What only looks like one is not taken as one: a
 * quote or a slash whose partner is not on the same line, or a slash that divides. So the text
 * that Tornado takes, apostrophes and all, is cut as Tornado cuts it, unless both the first end
 * marker and a partner of the quote before it follow on the same line.
 *
 * A mark that was looked for in vain up to the end of its line is not looked for again from each of
 * those before that end: a source of nothing but such marks takes linear time too.
 */

import { LF } from "../bytes";

export const DOUBLE: u8 = 0x22;
export const SINGLE: u8 = 0x27;
export const BACKTICK: u8 = 0x60;
export const SLASH: u8 = 0x2f;
const BACKSLASH: u8 = 0x5c;
const CLASS_OPEN: u8 = 0x5b;
const CLASS_CLOSE: u8 = 0x5d;

/** The window ends before it is known whether this is a literal. */
export const UNDECIDED: usize = 0;

/** By the low nibble of a mark, which tells the four apart: before this place it has no partner. */
const UNPAIRED: usize = memory.data(64, 4);
/** Before this place a slash has none once a bracket has come. */
let unclosedUntil: usize = 0;

/** Forgets what is known of another source. */
export function startLiterals(): void {
  memory.fill(UNPAIRED, 0, 64);
  unclosedUntil = 0;
}

export function isLiteralMark(byte: u8): bool {
  return byte == DOUBLE || byte == SINGLE || byte == BACKTICK || byte == SLASH;
}

/**
 * Where to go on after the mark at `p`: behind its literal, or behind the mark if it starts none.
 * `start` is where the contents of the directive start.
 */
export function literalEnd(p: usize, start: usize, end: usize, isBlock: bool, isLast: i32): usize {
  const mark = load<u8>(p);
  if (p < load<usize>(unpairedAt(mark))) return p + 1;
  if (mark == SLASH && !startsRegExp(p, start, isBlock)) return p + 1;
  let inClass = false;
  let bracket: usize = 0;
  for (let q = p + 1; q < end; q++) {
    const byte = load<u8>(q);
    if (byte == BACKSLASH) q++;
    else if (byte == LF && mark != BACKTICK) return unpaired(p, bracket, q);
    else if (mark == SLASH && (byte == CLASS_OPEN || byte == CLASS_CLOSE)) {
      inClass = byte == CLASS_OPEN;
      if (bracket == 0) bracket = q;
      // From here on it is as for the slash that was found to have no partner.
      if (p < unclosedUntil) return unpaired(p, bracket, unclosedUntil);
    } else if (byte == mark && !inClass) return q + 1;
  }
  return isLast ? unpaired(p, bracket, end) : UNDECIDED;
}

/**
 * Notes that the mark at `p` has no partner before `until`, and where the first bracket after it is;
 * answers what is behind the mark. The others like it up to there are escaped, as they would be its
 * partner; so what follows them was seen.
 */
function unpaired(p: usize, bracket: usize, until: usize): usize {
  store<usize>(unpairedAt(load<u8>(p)), bracket != 0 ? bracket : until);
  if (bracket != 0) unclosedUntil = until;
  return p + 1;
}

function unpairedAt(mark: u8): usize {
  return UNPAIRED + ((mark & 15) << 2);
}

/**
 * Whether a slash starts a regular expression: it does where an operand is expected, after an
 * operator, after an opening bracket, at the start, or after the first word of a block.
 */
function startsRegExp(p: usize, start: usize, isBlock: bool): bool {
  let q = p;
  while (q > start && load<u8>(q - 1) <= 0x20) q--;
  if (q == start) return true;
  const before = load<u8>(q - 1);
  if (isWord(before)) {
    // A first word with blanks around it: `if /x/.test(y)`, but not `a/b/c`.
    if (!isBlock || q == p) return false;
    while (q > start && isWord(load<u8>(q - 1))) q--;
    while (q > start && load<u8>(q - 1) <= 0x20) q--;
    return q == start;
  }
  return before != 0x29 && before != CLASS_CLOSE && !isStringMark(before);
}

/** Letters, digits, "_" and "$", and whatever is not ASCII. */
function isWord(byte: u8): bool {
  if (byte >= 0x80 || byte == 0x5f || byte == 0x24) return true;
  return <u32>byte - 0x30 < 10 || <u32>(byte | 0x20) - 0x61 < 26;
}

function isStringMark(byte: u8): bool {
  return byte == DOUBLE || byte == SINGLE || byte == BACKTICK;
}
