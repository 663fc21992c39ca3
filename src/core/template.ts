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

/** By the number in a token row. */
const kinds: readonly TokenKind[] = kindsOf({
  [TOKEN_TEXT]: "text",
  [TOKEN_EXPRESSION]: "expression",
  [TOKEN_BLOCK]: "block",
  [TOKEN_COMMENT]: "comment",
  [TOKEN_BRACES]: "text",
});

function kindsOf(names: Readonly<Record<number, TokenKind>>): TokenKind[] {
  return Array.from({ length: TOKEN_BRACES + 1 }, (_, kind) => names[kind] ?? "text");
}

/** In Tornado's words. */
const reasons: ReadonlyMap<number, string> = new Map([
  [EMPTY_EXPRESSION, "Empty expression"],
  [EMPTY_BLOCK, "Empty block tag ({% %})"],
  [MISSING_EXPRESSION_END, "Missing end expression }}"],
  [MISSING_BLOCK_END, "Missing end block %}"],
  [MISSING_COMMENT_END, "Missing end comment #}"],
]);

/**
 * Cuts a template's source of any length into tokens, or says what is wrong with it. Lines of
 * tokens and faults are those where the directive starts. A directive may be 548 KiB long.
 */
export function tokenize(source: string): Token[] | TokenFault {
  const bytes = utf8Bytes(source) as Buffer & Slices;
  const list = new TokenList(source, bytes);
  let line = 1;
  for (let at = 0; at < bytes.length; ) {
    const window = bytes.subarray(at, at + WINDOW_LENGTH);
    memory.set(window, WINDOW);
    const isLast = at + window.length === bytes.length;
    const taken = wasm.tokenize(WINDOW, window.length, line, isLast ? 1 : 0);
    line = table[TOKEN_LINE] ?? 0;
    if (taken < 0) return fault(bytes, at, taken, line);
    list.takeRows(at);
    at += taken;
  }
  return list.tokens;
}

/** The tokens of one source, with texts put together that came in parts. */
class TokenList {
  readonly tokens: Token[] = [];
  readonly #source: string;
  readonly #bytes: Buffer & Slices;
  readonly #isAscii: boolean;
  /** Where the last token starts and ends, if it is text: more of it may follow. */
  #textStart = 0;
  #textEnd = -1;

  constructor(source: string, bytes: Buffer & Slices) {
    this.#source = source;
    this.#bytes = bytes;
    this.#isAscii = bytes.length === source.length;
  }

  /** Takes the rows of a window that starts at byte `at`. */
  takeRows(at: number): void {
    const last = TOKEN_ROWS + (table[TOKEN_COUNT] ?? 0) * TOKEN_WORDS;
    for (let row = TOKEN_ROWS; row < last; row += TOKEN_WORDS) {
      const kind = table[row] ?? 0;
      const start = at + (table[row + 1] ?? 0);
      const end = at + (table[row + 2] ?? 0);
      let line = table[row + 3] ?? 0;
      if (kind !== TOKEN_TEXT) {
        this.#textEnd = -1;
      } else if (start === this.#textEnd) {
        line = this.tokens.pop()?.line ?? line;
        this.#textEnd = end;
      } else {
        this.#textStart = start;
        this.#textEnd = end;
      }
      const from = kind === TOKEN_TEXT ? this.#textStart : start;
      this.tokens.push({ kind: kinds[kind] ?? "text", text: this.#text(from, end), line });
    }
  }

  #text(start: number, end: number): string {
    return this.#isAscii ? this.#source.slice(start, end) : this.#bytes.utf8Slice(start, end);
  }
}

/** Node's types do not list it; it is what `toString` calls. */
interface Slices {
  utf8Slice(start: number, end: number): string;
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
