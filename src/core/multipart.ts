/**
 * The multipart scanner, typed: one for each body, which lends the core its state for each call.
 * `httputil` makes parts of what it finds.
 */

import {
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  MAX_HEADERS,
  MULTIPART,
  MULTIPART_DELIMITER,
  MULTIPART_DELIMITER_LENGTH,
  MULTIPART_EVENT,
  MULTIPART_EVENT_END,
  MULTIPART_EVENT_START,
  MULTIPART_WORDS,
  PART_END,
  PART_NONE,
  PARTS_END,
  SCRATCH,
  SCRATCH_LENGTH,
  SLACK,
  WINDOW,
} from "../../core-wasm/layout.ts";
import { BAD_UTF8 } from "../../core-wasm/status.ts";
import { HEADER_NAMES } from "./http.ts";
import { memory, table, wasm } from "./load.ts";
import type { FieldList } from "./request-head.ts";

export {
  PART_DATA,
  PART_END,
  PART_HEAD,
  PART_HEAD_PIECE,
  PART_WITHHELD,
  PARTS_END,
} from "../../core-wasm/layout.ts";
export { PART_HEAD_TOO_LARGE } from "../../core-wasm/status.ts";

/** Longest head of a part that the core can read. */
export const LARGEST_PART_HEAD: number = SCRATCH_LENGTH - SLACK - 4;

/** Bytes that lie elsewhere go through the core in pieces of this many. */
const PIECE = 64 * 1024;
/** Events of one call: what hears of them may use the core, so they are put down before. */
const MOST_EVENTS = 32;

const encoder = new TextEncoder();
const block = new Int32Array(memory.buffer, memory.byteOffset + MULTIPART, MULTIPART_WORDS);

/** Where something was found, as offsets in the bytes that were scanned. */
export interface MultipartEvent {
  /** One of the PART_ constants of `core-wasm/layout.ts`. */
  readonly kind: number;
  readonly start: number;
  readonly end: number;
}

/** Finds the parts of one body, which may be cut anywhere. */
export class MultipartScanner {
  /** CR LF, two dashes, the boundary. */
  readonly delimiter: Uint8Array;
  readonly #maxHeadLength: number;
  readonly #words = new Int32Array(MULTIPART_WORDS);

  /** Throws a RangeError for a boundary above 70 bytes or a head longer than LARGEST_PART_HEAD. */
  constructor(boundary: string, maxHeadLength: number) {
    this.delimiter = encoder.encode(`\r\n--${boundary}`);
    this.#maxHeadLength = maxHeadLength;
    if (this.delimiter.length > MULTIPART_DELIMITER_LENGTH) {
      throw new RangeError(`Cannot look for a boundary of ${boundary.length} characters`);
    }
    if (!(maxHeadLength <= LARGEST_PART_HEAD)) {
      throw new RangeError(`Cannot read heads of ${maxHeadLength} bytes: ${LARGEST_PART_HEAD} fit`);
    }
  }

  /**
   * Scans `bytes` from `at` on, and adds what it finds to `events`: a few at a time. Answers where
   * it stopped, the end of the bytes or before, or a status below zero.
   */
  scan(bytes: Uint8Array, at: number, events: MultipartEvent[]): number {
    const isInCore = bytes.buffer === memory.buffer;
    const end = isInCore ? bytes.length : Math.min(bytes.length, at + PIECE);
    const base = isInCore ? bytes.byteOffset : WINDOW - at;
    if (!isInCore) memory.set(bytes.subarray(at, end), WINDOW);
    block.set(this.#words);
    memory.set(this.delimiter, MULTIPART_DELIMITER);
    const position = this.#events(base, at, end, events);
    this.#words.set(block);
    return position;
  }

  #events(base: number, start: number, end: number, events: MultipartEvent[]): number {
    const delimiterLength = this.delimiter.length;
    let at = start;
    for (let count = 0; at < end && count < MOST_EVENTS; count++) {
      const taken = wasm.scanMultipart(base + at, end - at, delimiterLength, this.#maxHeadLength);
      if (taken < 0) return taken;
      const kind = block[MULTIPART_EVENT] as number;
      const from = at + (block[MULTIPART_EVENT_START] as number);
      const to = at + (block[MULTIPART_EVENT_END] as number);
      at += taken;
      if (kind === PART_NONE) continue;
      const isMark = kind === PART_END || kind === PARTS_END;
      events.push(isMark ? { kind, start: at, end: at } : { kind, start: from, end: to });
    }
    return at;
  }
}

/**
 * Reads a part's whole head, its empty line included, which is not longer than LARGEST_PART_HEAD:
 * adds its fields, whose values are UTF-8, names in lower case. Answers how many there were, or a
 * status below zero.
 */
export function readPartHead(head: Uint8Array, fields: FieldList): number {
  memory.set(head, SCRATCH);
  const end = wasm.parsePartHead(SCRATCH, head.length, MAX_HEADERS);
  if (end < 0) return end;
  if (wasm.validateUtf8(SCRATCH, head.length, 0) !== 0) return BAD_UTF8;
  const count = table[HEADER_COUNT] as number;
  for (let row = HEADERS; row < HEADERS + count * HEADER_WORDS; row += HEADER_WORDS) {
    const name = SCRATCH + (table[row] as number);
    const lengthAndId = table[row + 1] as number;
    const value = SCRATCH + (table[row + 2] as number);
    const known = HEADER_NAMES[lengthAndId >>> 16] as string;
    fields.append(
      (known || memory.latin1Slice(name, name + (lengthAndId & 0xffff))).toLowerCase(),
      memory.utf8Slice(value, value + (table[row + 3] as number)),
    );
  }
  return count;
}
