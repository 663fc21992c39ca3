/** Reads templates with a build of the core, for the tests of the tokenizer. */

import { isUtf8 } from "node:buffer";
import { expect } from "vitest";
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
} from "../../core-wasm/layout.ts";
import { NEED_DATA } from "../../core-wasm/status.ts";
import { type CoreBuild, statusName } from "./core-builds.ts";

const marks: Readonly<Record<number, string>> = {
  [TOKEN_TEXT]: "text",
  [TOKEN_EXPRESSION]: "{{",
  [TOKEN_BLOCK]: "{%",
  [TOKEN_COMMENT]: "{#",
  [TOKEN_BRACES]: "braces",
};

interface Row {
  readonly kind: number;
  readonly start: number;
  end: number;
  readonly line: number;
}

/**
 * Reads a source in windows of `size` bytes, or as few more as a directive needs: tokens as `mark text
 * @line`, or the fault with its place and line.
 */
export function readTokens(build: CoreBuild, source: string, size: number): string[] | string {
  const bytes = Buffer.from(source);
  const rows: Row[] = [];
  let line = 1;
  let length = size;
  for (let at = 0; at < bytes.length; ) {
    const window = bytes.subarray(at, at + length);
    const isLast = at + window.length === bytes.length;
    const start = build.memory.length - window.length;
    build.memory.set(window, start);
    const taken = build.wasm.tokenize(start, window.length, line, isLast ? 1 : 0);
    if (taken === NEED_DATA) {
      expect(isLast).toBe(false);
      length++;
      continue;
    }
    line = build.table[TOKEN_LINE] ?? 0;
    if (taken < 0) {
      const position = at + (build.table[ERROR_POSITION] ?? 0);
      return `${statusName(taken)} ${bytes.toString("utf8", 0, position).length} @${line}`;
    }
    append(rows, build, at);
    for (const row of rows) expect(isUtf8(bytes.subarray(row.start, row.end))).toBe(true);
    at += taken;
    length = size;
  }
  return rows.map(
    ({ kind, start, end, line }) => `${marks[kind]} ${bytes.toString("utf8", start, end)} @${line}`,
  );
}

function append(rows: Row[], build: CoreBuild, at: number): void {
  const count = build.table[TOKEN_COUNT] ?? 0;
  for (let i = 0; i < count; i++) {
    const [kind = 0, start = 0, end = 0, line = 0] = build.table.subarray(TOKEN_ROWS + 4 * i);
    const last = rows.at(-1);
    const goesOn = last?.kind === kind && kind === TOKEN_TEXT && last.end === at + start;
    if (goesOn) last.end = at + end;
    else rows.push({ kind, start: at + start, end: at + end, line });
  }
}
