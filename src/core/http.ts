/**
 * The HTTP part of the core, typed: heads and chunked bodies. Results are bytes consumed or a
 * status below zero, and the span table; `http1connection` turns them into messages and errors.
 */

import { HEADER_NAMES, METHODS } from "../../core-wasm/http/names.ts";
import {
  BAD_BOUNDARY_LINE,
  BAD_CHUNK_END,
  BAD_CHUNK_SIZE,
  BAD_CONTENT_LENGTH,
  BAD_HEADER_NAME,
  BAD_HEADER_VALUE,
  BAD_HOST,
  BAD_LINE_END,
  BAD_METHOD,
  BAD_REQUEST_LINE,
  BAD_STATUS_LINE,
  BAD_TARGET,
  BAD_TRANSFER_ENCODING,
  BAD_UTF8,
  BAD_VERSION,
  CHUNK_EXTENSION_TOO_LONG,
  CODING_IN_HTTP_10,
  FOLDED_HEADER,
  FORBIDDEN_TRAILER,
  LENGTH_AND_CODING,
  MISSING_BOUNDARY,
  NEED_DATA,
  PART_HEAD_TOO_LARGE,
  TARGET_TOO_LONG,
  TOO_MANY_HEADERS,
  TRAILERS_TOO_LARGE,
  UNKNOWN_EXPECTATION,
  UNKNOWN_TRANSFER_CODING,
} from "../../core-wasm/status.ts";
import { memory, wasm } from "./load.ts";

export { HEADER_NAMES, METHODS };

/** Header names in lower case → id. */
export const HEADER_IDS: ReadonlyMap<string, number> = new Map(
  HEADER_NAMES.map((name, id): [string, number] => [name.toLowerCase(), id]).slice(1),
);

/**
 * Reads a request head from the core's memory. Answers the bytes it takes, with the span table
 * filled, or a status. `INPUT_SLACK` bytes after the input are written to.
 */
export function parseRequestHead(
  start: number,
  length: number,
  maxHeaders: number,
  maxTargetLength: number,
): number {
  return wasm.parseRequestHead(start, length, maxHeaders, maxTargetLength);
}

/** As `parseRequestHead`, for the response to a request with the method of this id. */
export function parseResponseHead(
  start: number,
  length: number,
  maxHeaders: number,
  methodId: number,
): number {
  return wasm.parseResponseHead(start, length, maxHeaders, methodId);
}

/**
 * Decodes chunked coding in place, with the state that `chunkedProgress` has loaded, and tells of
 * afterwards. Answers the bytes consumed or a status; the data they held is moved together to `start`.
 */
export function decodeChunked(
  start: number,
  length: number,
  maxExtensionBytes: number,
  maxTrailerBytes: number,
): number {
  return wasm.decodeChunked(start, length, maxExtensionBytes, maxTrailerBytes);
}

/** Bytes of the core's memory as text, one character each: HTTP's bytes are Latin-1 at most. */
export function text(start: number, end: number): string {
  return memory.latin1Slice(start, end);
}

/** A status as [the HTTP status that answers it, the words of an error message]. */
const meanings: ReadonlyMap<number, readonly [number, string]> = new Map([
  [NEED_DATA, [400, "the message is not complete"]],
  [BAD_REQUEST_LINE, [400, "malformed request line"]],
  [BAD_METHOD, [400, "malformed method"]],
  [BAD_TARGET, [400, "malformed request target"]],
  [BAD_VERSION, [505, "unsupported HTTP version"]],
  [BAD_HEADER_NAME, [400, "malformed header name"]],
  [BAD_HEADER_VALUE, [400, "control character in header value"]],
  [BAD_LINE_END, [400, "line does not end in CRLF"]],
  [FOLDED_HEADER, [400, "folded header line"]],
  [BAD_CONTENT_LENGTH, [400, "malformed or repeated Content-Length"]],
  [BAD_TRANSFER_ENCODING, [400, "malformed or repeated Transfer-Encoding"]],
  [UNKNOWN_TRANSFER_CODING, [501, "unsupported transfer coding"]],
  [LENGTH_AND_CODING, [400, "both Content-Length and Transfer-Encoding"]],
  [CODING_IN_HTTP_10, [400, "Transfer-Encoding in an HTTP/1.0 message"]],
  [BAD_HOST, [400, "missing, repeated or malformed Host"]],
  [TOO_MANY_HEADERS, [431, "too many headers"]],
  [TARGET_TOO_LONG, [414, "request target too long"]],
  [BAD_CHUNK_SIZE, [400, "malformed chunk size or extension"]],
  [BAD_CHUNK_END, [400, "chunk data does not end in CRLF"]],
  [CHUNK_EXTENSION_TOO_LONG, [400, "chunk extensions too long"]],
  [TRAILERS_TOO_LARGE, [431, "trailers too large"]],
  [FORBIDDEN_TRAILER, [400, "trailer that is not allowed as one"]],
  [BAD_STATUS_LINE, [400, "malformed status line"]],
  [UNKNOWN_EXPECTATION, [417, "unsupported expectation"]],
  [MISSING_BOUNDARY, [400, "it does not begin with its boundary"]],
  [BAD_BOUNDARY_LINE, [400, "a boundary does not end its line"]],
  [PART_HEAD_TOO_LARGE, [400, "a part's headers are too long"]],
  [BAD_UTF8, [400, "text that is not UTF-8"]],
]);

/** Why a head or body was refused, in words for an error message. */
export function reasonFor(status: number): string {
  return meanings.get(status)?.[1] ?? `unknown status ${status}`;
}

/** The HTTP status that answers a request refused for this. */
export function statusCodeFor(status: number): number {
  return meanings.get(status)?.[0] ?? 400;
}
