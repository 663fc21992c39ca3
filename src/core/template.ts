/**
 * The template tokenizer, typed. `template` reads the tokens and knows what the blocks mean.
 *
 * The core reads UTF-8, as everywhere: its marks are all ASCII, bytes scan twice as fast as UTF-16,
 * and who embeds the core hands it UTF-8. Of a source that is all ASCII, offsets in bytes are indices
 * of the string, and texts are slices of it; of any other, texts are decoded from the bytes.
 */

import type { Buffer } from "node:buffer";
import {
  ERROR_POSITION,
  TOKEN_BLOCK,
  TOKEN_BRACES,
  TOKEN_COMMENT,
  TOKEN_COUNT,
  TOKEN_EXPRESSION,
  TOKEN_LINE,
  TOKEN_ROWS,
  TOKEN_TEXT,
  TOKEN_WORDS,
  WINDOW,
  WINDOW_LENGTH,
} from "../../core-wasm/layout.ts";
import {
  EMPTY_BLOCK,
  EMPTY_EXPRESSION,
  MISSING_BLOCK_END,
  MISSING_COMMENT_END,
  MISSING_EXPRESSION_END,
} from "../../core-wasm/status.ts";
import { memory, table, wasm } from "./load.ts";
import { utf8Bytes } from "./memory.ts";

export type TokenKind = "text" | "expression" | "block" | "comment";

export interface Token {
  readonly kind: TokenKind;
  /** The text; of the other kinds what stands between the marks, without blanks around it. */
  readonly text: string;
  /** The line that the token starts on, from 1. */
  readonly line: number;
}

/** What is wrong with a template, and in which directive. */
export interface TokenFault {
  readonly reason: string;
  /** The line that the directive starts on, from 1. */
  readonly line: number;
  /** Where it starts, as an index of the source. */
  readonly index: number;
}

const kinds: ReadonlyMap<number, TokenKind> = new Map([
  [TOKEN_TEXT, "text"],
  [TOKEN_EXPRESSION, "expression"],
  [TOKEN_BLOCK, "block"],
  [TOKEN_COMMENT, "comment"],
  [TOKEN_BRACES, "text"],
]);

/** In Tornado's words. */
const reasons: ReadonlyMap<number, string> = new Map([
  [EMPTY_EXPRESSION, "Empty expression"],
  [EMPTY_BLOCK, "Empty block tag ({% %})"],
  [MISSING_EXPRESSION_END, "Missing end expression }}"],
  [MISSING_BLOCK_END, "Missing end block %}"],
  [MISSING_COMMENT_END, "Missing end comment #}"],
]);

/** A token of the source's bytes. */
interface Row {
  readonly kind: number;
  readonly start: number;
  end: number;
  readonly line: number;
}

/**
 * Cuts a template's source of any length into tokens, or says what is wrong with it. Lines of
 * tokens and faults are those where the directive starts. A directive may be 548 KiB long.
 */
export function tokenize(source: string): Token[] | TokenFault {
  const bytes = utf8Bytes(source) as Buffer & Slices;
  const rows: Row[] = [];
  let line = 1;
  for (let at = 0; at < bytes.length; ) {
    const window = bytes.subarray(at, at + WINDOW_LENGTH);
    memory.set(window, WINDOW);
    const isLast = at + window.length === bytes.length;
    const taken = wasm.tokenize(WINDOW, window.length, line, isLast ? 1 : 0);
    line = table[TOKEN_LINE] ?? 0;
    if (taken < 0) return fault(bytes, at, taken, line);
    readRows(rows, at);
    at += taken;
  }
  const isAscii = bytes.length === source.length;
  return rows.map(({ kind, start, end, line }) => {
    const text = isAscii ? source.slice(start, end) : bytes.utf8Slice(start, end);
    return { kind: kinds.get(kind) ?? "text", text, line };
  });
}

interface Slices {
  utf8Slice(start: number, end: number): string;
}

/** Appends the rows of a window that starts at byte `at`. */
function readRows(rows: Row[], at: number): void {
  const end = TOKEN_ROWS + (table[TOKEN_COUNT] ?? 0) * TOKEN_WORDS;
  for (let word = TOKEN_ROWS; word < end; word += TOKEN_WORDS) {
    const row = {
      kind: table[word] ?? 0,
      start: at + (table[word + 1] ?? 0),
      end: at + (table[word + 2] ?? 0),
      line: table[word + 3] ?? 0,
    };
    const last = rows.at(-1);
    // Text that is longer than a window comes in parts.
    if (row.kind === TOKEN_TEXT && last?.kind === TOKEN_TEXT && last.end === row.start) {
      last.end = row.end;
    } else {
      rows.push(row);
    }
  }
}

function fault(bytes: Buffer & Slices, at: number, status: number, line: number): TokenFault {
  const reason = reasons.get(status);
  const position = reason === undefined ? at : at + (table[ERROR_POSITION] ?? 0);
  return {
    reason: reason ?? `Directive is longer than ${WINDOW_LENGTH} bytes, or has no end`,
    line,
    index: bytes.utf8Slice(0, position).length,
  };
}
