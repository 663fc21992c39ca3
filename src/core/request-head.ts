/**
 * A head as the span table shows it, right after `parseRequestHead` or `parseResponseHead` has
 * filled it. One string keeps the whole head, so the receive buffer is free again at once; everything
 * else is a substring of that string: the fastest way, or as fast (bench/core/strings.bench.ts).
 */

import {
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  ERROR_POSITION,
  FLAG_CHUNKED,
  FLAG_EXPECT_CONTINUE,
  FLAG_HAS_LENGTH,
  FLAG_KEEP_ALIVE,
  FLAG_UPGRADE,
  FLAGS,
  HEAD_LENGTH,
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  KNOWN_HEAD,
  KNOWN_HEADS_COUNT,
  MAX_HEADERS,
  METHOD_ID,
  METHOD_LENGTH,
  METHOD_START,
  MINOR_VERSION,
  PRESENT,
  SCRATCH,
  TARGET_LENGTH,
  TARGET_START,
  UNKNOWN_HEAD,
} from "../../core-wasm/layout.ts";
import { HEADER_IDS, HEADER_NAMES, METHODS, parseRequestHead, parseResponseHead } from "./http.ts";
import { memory, table, wasm, wideAt } from "./load.ts";

/** Takes the fields of a head, names in `Http-Header-Case`. */
export interface FieldList {
  append(name: string, value: string): void;
}

/** Header ids by the spellings that programs use: `Http-Header-Case` and lower case. */
const ids = new Map<string, number>(HEADER_IDS);
for (const [id, name] of HEADER_NAMES.entries()) {
  if (name !== "") ids.set(name, id);
}

/** The texts of the heads that the core keeps, by their slots, which count from 1. */
const knownTexts: string[] = new Array(KNOWN_HEADS_COUNT + 1).fill("");

/**
 * As `parseRequestHead`, for the head of a request that has arrived. The text of one that came
 * before is had without making it again.
 */
export function takeRequestHead(
  start: number,
  length: number,
  maxHeaders: number,
  maxTargetLength: number,
): number {
  const taken = wasm.takeRequestHead(start, length, maxHeaders, maxTargetLength);
  if (taken > 0) {
    const slot = table[KNOWN_HEAD] as number;
    // At once: whatever becomes of this request, the core knows the head from now on.
    if (slot < 0) {
      knownTexts[-slot] = memory.latin1Slice(start, start + taken);
      table[KNOWN_HEAD] = -slot;
    }
  }
  return taken;
}

/** Reads the span table of the head that was parsed last. */
export const headTable = {
  /** The head that `takeRequestHead(start, …)` took, a character a byte. */
  requestText(start: number): string {
    const slot = table[KNOWN_HEAD] as number;
    return slot === UNKNOWN_HEAD ? headTable.text(start) : (knownTexts[slot] as string);
  },
  /** The whole head, which began at `start`, a character a byte. */
  text(start: number): string {
    return memory.latin1Slice(start, start + (table[HEAD_LENGTH] as number));
  },
  method(text: string): string {
    const start = table[METHOD_START] as number;
    return (
      METHODS[table[METHOD_ID] as number] ||
      text.substring(start, start + (table[METHOD_LENGTH] as number))
    );
  },
  target(text: string): string {
    const start = table[TARGET_START] as number;
    return text.substring(start, start + (table[TARGET_LENGTH] as number));
  },
  /** Where a head that was refused is wrong, from its start. */
  errorPosition(): number {
    return table[ERROR_POSITION] as number;
  },
  minorVersion(): number {
    return table[MINOR_VERSION] as number;
  },
  /** Bits that the predicates of `headFlags` tell apart. */
  flags(): number {
    return table[FLAGS] as number;
  },
  /** The body's length, 0 without Content-Length. */
  contentLength(): number {
    return wideAt(CONTENT_LENGTH_LOW, CONTENT_LENGTH_HIGH);
  },
  /** 32 bits of which known fields are present. */
  present(word: number): number {
    return table[PRESENT + word] as number;
  },
};

/** What a head's flags say. */
export const headFlags = {
  /** The connection may go on after this message (RFC 9112 section 9.3). */
  keepAlive: (flags: number): boolean => (flags & FLAG_KEEP_ALIVE) !== 0,
  hasBody: (flags: number, contentLength: number): boolean =>
    (flags & FLAG_CHUNKED) !== 0 || ((flags & FLAG_HAS_LENGTH) !== 0 && contentLength > 0),
  chunked: (flags: number): boolean => (flags & FLAG_CHUNKED) !== 0,
  expectContinue: (flags: number): boolean => (flags & FLAG_EXPECT_CONTINUE) !== 0,
  upgrade: (flags: number): boolean => (flags & FLAG_UPGRADE) !== 0,
};

let lastName = "";
let lastId: number | undefined;

/** The id of a known field's name, as it is spelled or in lower case; undefined for others. */
export function headerId(name: string): number | undefined {
  // Most requests are asked for the same one field, If-None-Match.
  if (name !== lastName) {
    lastName = name;
    lastId = ids.get(name);
  }
  return lastId;
}

/** Adds every field of a head to `fields`. The core parses the kept text once more to find them. */
export function readFields(text: string, fields: FieldList): void {
  memory.latin1Write(text, SCRATCH, text.length);
  parseRequestHead(SCRATCH, text.length, MAX_HEADERS, text.length);
  appendFields(text, fields);
}

/** As `readFields`, for the head of a response. */
export function readResponseFields(text: string, fields: FieldList): void {
  memory.latin1Write(text, SCRATCH, text.length);
  parseResponseHead(SCRATCH, text.length, MAX_HEADERS, 0);
  appendFields(text, fields);
}

function appendFields(text: string, fields: FieldList): void {
  const end = HEADERS + (table[HEADER_COUNT] as number) * HEADER_WORDS;
  for (let row = HEADERS; row < end; row += HEADER_WORDS) {
    const nameStart = table[row] as number;
    const nameLengthAndId = table[row + 1] as number;
    const valueStart = table[row + 2] as number;
    const id = nameLengthAndId >>> 16;
    const name = id === 0 ? spelled(text, nameStart, nameLengthAndId) : HEADER_NAMES[id];
    const valueEnd = valueStart + (table[row + 3] as number);
    fields.append(name as string, text.substring(valueStart, valueEnd));
  }
}

/** A name that the core has no id for, as `Http-Header-Case`. */
function spelled(text: string, start: number, lengthAndId: number): string {
  const name = text.substring(start, start + (lengthAndId & 0xffff));
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}
