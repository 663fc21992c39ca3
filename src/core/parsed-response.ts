/**
 * The head of a response as the span table shows it, right after `parseResponseHead` has filled it.
 */

import {
  CONTENT_LENGTH_HIGH,
  CONTENT_LENGTH_LOW,
  FLAG_CHUNKED,
  FLAG_KEEP_ALIVE,
  FLAG_NO_BODY,
  FLAG_UNTIL_CLOSE,
  FLAGS,
  HEAD_LENGTH,
  MINOR_VERSION,
  PRESENT,
  REASON_LENGTH,
  REASON_START,
  STATUS_CODE,
} from "../../core-wasm/layout.ts";
import { memory, table, wideAt } from "./load.ts";

/** A response's head, as the core has parsed it. */
export interface ParsedResponseHead {
  /** The whole head, a character a byte. */
  readonly text: string;
  readonly code: number;
  /** As the server sent it. */
  readonly reason: string;
  readonly minorVersion: number;
  /** The body's length, 0 without Content-Length. */
  readonly contentLength: number;
  /** The connection may go on after this message (RFC 9112 section 9.3). */
  readonly keepAlive: boolean;
  /** It has no body, whatever its fields say. */
  readonly noBody: boolean;
  readonly chunked: boolean;
  /** Its body ends where the connection ends. */
  readonly untilClose: boolean;
  /** Which known fields are present: 96 bits. */
  readonly present0: number;
  readonly present1: number;
  readonly present2: number;
}

/** The head that `parseResponseHead(start, …)` has just found. */
export function readResponseHead(start: number): ParsedResponseHead {
  const text = memory.latin1Slice(start, start + (table[HEAD_LENGTH] as number));
  const flags = table[FLAGS] as number;
  const reasonStart = table[REASON_START] as number;
  return {
    text,
    code: table[STATUS_CODE] as number,
    reason: text.substring(reasonStart, reasonStart + (table[REASON_LENGTH] as number)),
    minorVersion: table[MINOR_VERSION] as number,
    contentLength: wideAt(CONTENT_LENGTH_LOW, CONTENT_LENGTH_HIGH),
    keepAlive: (flags & FLAG_KEEP_ALIVE) !== 0,
    noBody: (flags & FLAG_NO_BODY) !== 0,
    chunked: (flags & FLAG_CHUNKED) !== 0,
    untilClose: (flags & FLAG_UNTIL_CLOSE) !== 0,
    present0: table[PRESENT] as number,
    present1: table[PRESENT + 1] as number,
    present2: table[PRESENT + 2] as number,
  };
}
