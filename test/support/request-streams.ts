/**
 * Streams of requests as a connection may have to read them: whole ones behind each other, some of
 * them nearly right, or as long as a limit allows; and the ways to cut them.
 */

import fc from "fast-check";
import { nearlyChunked, nearlyRequest } from "./request-mutations.ts";

/** Limits that such streams reach, on either side. */
export const LIMITS = {
  maxHeaderSize: 5000,
  maxTargetSize: 4500,
  maxHeaderCount: 12,
  maxBodySize: 600,
  maxChunkExtensionSize: 30,
  maxTrailerSize: 40,
} as const;

/** Up to this length the connection looks at an unfinished head at every byte. */
const EAGER_LENGTH = 4096;

const around = (limit: number): fc.Arbitrary<number> =>
  fc.integer({ min: limit - 60, max: limit + 4 });

const heads = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("GET /a HTTP/1.1\r\n", "POST /b?c HTTP/1.1\r\n") },
  { weight: 1, arbitrary: around(LIMITS.maxTargetSize).map(longTarget) },
  { weight: 1, arbitrary: around(LIMITS.maxHeaderSize).map(longHead) },
  { weight: 1, arbitrary: around(EAGER_LENGTH).map(longHead) },
  { weight: 1, arbitrary: around(LIMITS.maxHeaderSize).map((length) => manyLines(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 9, max: 13 }).map(manyFields) },
);

function longTarget(length: number): string {
  return `GET /${"t".repeat(length)} HTTP/1.1\r\n`;
}

function longHead(length: number): string {
  return `GET / HTTP/1.1\r\nX: ${"x".repeat(length)}\r\n`;
}

/** Of lines of some hundred bytes. */
function manyLines(length: number): string {
  return `GET / HTTP/1.1\r\n${`X: ${"y".repeat(length / 10)}\r\n`.repeat(10)}`;
}

function manyFields(count: number): string {
  return `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(count)}`;
}

const sizes = fc.oneof(fc.nat({ max: 20 }), fc.integer({ min: 590, max: 610 }));
const bodies = fc.oneof(
  fc.constant("\r\n"),
  fc.constant("Connection: close\r\n\r\n"),
  sizes.map((size) => `Content-Length: ${size}\r\n\r\n${"b".repeat(size)}`),
  sizes.map((size) => chunked(`${size.toString(16)}\r\n${"c".repeat(size)}\r\n0\r\n\r\n`)),
  fc.constant(`Expect: 100-continue\r\n${chunked("3\r\nabc\r\n2;d=e\r\nde\r\n0\r\nF: g\r\n\r\n")}`),
  nearlyChunked.map((bytes) => chunked(`3\r\nabc\r\n${bytes.toString("latin1")}`)),
  // The rest of it does not come.
  sizes.map((size) => `Content-Length: 700\r\n\r\n${"d".repeat(size)}`),
  sizes.map((size) => `Content-Length: 500\r\n\r\n${"d".repeat(size)}`),
);

function chunked(body: string): string {
  return `Transfer-Encoding: chunked\r\n\r\n${body}`;
}

const request = fc
  .tuple(fc.constantFrom("", "", "\r\n"), heads, bodies)
  .map(([before, head, body]) => `${before}${head}Host: a\r\n${body}`);

/** The last bytes of a stream, cut off within the last line of a head. */
const unfinished = fc
  .tuple(
    fc.oneof(fc.nat({ max: 99 }), around(EAGER_LENGTH + 100), around(LIMITS.maxHeaderSize)),
    fc.constantFrom("", "\0", "\r\nA b", "\r\nHost: a\r\nA", "\r"),
  )
  .map(([length, end]) => longHead(length).slice(0, -2) + end);

/** As Latin-1: some requests, and at last perhaps one with a few bytes changed, or cut off. */
export const requestStream: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(request, { maxLength: 4 }),
    fc.oneof(fc.constant(""), nearlyRequest, damaged(request), unfinished),
  )
  .map(([whole, last]) => whole.join("") + last);

function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const put = fc.constantFrom("\0", "\n", "\r", " ", "\r\n", ":", "\xff", "");
  return fc
    .tuple(text, place, put, fc.constantFrom(1, 1, 20, 10_000))
    .map(([whole, where, bytes, cut]) => {
      const at = Math.floor(where * whole.length);
      return whole.slice(0, at) + bytes + (cut === 1 ? whole.slice(at) : whole.slice(at + cut));
    });
}

/** Where to cut: anywhere, or in pieces of one length. */
export const cuts: fc.Arbitrary<readonly number[] | number> = fc.oneof(
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
  fc.constantFrom(1, 2, 3, 17, 100, 1000),
);

export function cutInto(bytes: Uint8Array, where: readonly number[] | number): Uint8Array[] {
  const places =
    typeof where === "number"
      ? Array.from({ length: Math.floor(bytes.length / where) }, (_, index) => (index + 1) * where)
      : where.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index]));
}
