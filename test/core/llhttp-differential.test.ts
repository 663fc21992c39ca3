/**
 * The core against the llhttp that is in this Node, in its strict mode: whatever llhttp accepts and
 * the core refuses is forbidden by the RFCs, as refusal-reasons.ts reads them, and what both accept
 * means the same, bodies and the borders between requests included.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METHODS } from "../../core-wasm/http/names.ts";
import { builds, type CoreBuild, placesOf, put, statusName } from "../support/core-builds.ts";
import { requestHead } from "../support/heads.ts";
import { hasLlhttp, type LlhttpStream, loadLlhttp, readByLlhttp } from "../support/llhttp.ts";
import { type Message, readMessages } from "../support/message-reader.ts";
import { FORBIDDEN, isChunkedBody } from "../support/refusal-reasons.ts";
import { nearlyChunked, nearlyRequest } from "../support/request-mutations.ts";

const llhttp = hasLlhttp ? await loadLlhttp() : undefined;

function theirs(bytes: Buffer): LlhttpStream {
  if (llhttp === undefined) throw new Error("Cannot ask llhttp: it is in Node only");
  return readByLlhttp(llhttp, [bytes]);
}

/** What the head is to either. */
interface Head {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly keepAlive: boolean;
}

function ours(build: CoreBuild, bytes: Buffer): { head: Head; error: string | undefined } {
  const [start = 0] = placesOf(build, bytes.length);
  put(build, start, bytes, bytes.length);
  const result = build.wasm.parseRequestHead(start, bytes.length, 100, 8192);
  const { method, target, minorVersion, headers, flags } = requestHead(build, start);
  const fields = headers.map(({ name, value }): [string, string] => [name, value]);
  const keepAlive = flags.includes("keep-alive");
  const head = { method, target, minorVersion, headers: fields, keepAlive };
  return { head, error: result < 0 ? statusName(result) : undefined };
}

/**
 * llhttp skips any CR and LF before a request, where RFC 9112 section 2.2 speaks of a CRLF, and more
 * than one SP after the method.
 */
const isStrayed = (text: string): boolean =>
  /^(?:(?:\r\n){3}|(?:\r\n){0,2}(?:\r(?!\n)|\n|[^\r\n ]+ {2}))/.test(text);
/** llhttp lets keep-alive win over close in HTTP/1.0; RFC 9112 section 9.3 does not. */
const isTorn = (text: string): boolean => /HTTP\/1\.0[\s\S]*close/i.test(text);
/** It knows a list of methods, and schemes of letters only (RFC 3986 section 3.1). */
function expectTheirLimit(error: string | undefined, method: string): void {
  expect(error).toMatch(/Invalid method|space after method|url schema/);
  if (error?.includes("schema") !== true) expect(METHODS).not.toContain(method);
}

/** llhttp has accepted the head that stands at the start of the text; the core has not. */
function expectForbidden(error: string, text: string, head: LlhttpStream["messages"][0]): void {
  // A request line without a version.
  if (head.majorVersion === 0 || isStrayed(text)) return;
  expect(FORBIDDEN[error]?.(head), `${error} of ${JSON.stringify(text)}`).toBe(true);
}

/** Heads from all of the grammar, where the mutations of a few may never come. */
const name = fc.oneof(letters("aZ0-._~!$&'()*+,;=", 1), fc.constantFrom("%4F", "127.0.0.1"));
const literal = fc.constantFrom("[::]", "[::ffff:1.2.3.4]", "[fe80:1:2::3]", "[v1.a:b]");
const authority = fc
  .tuple(fc.oneof(name, literal), fc.constantFrom("", ":", ":0", ":0080", ":65535"))
  .map((parts) => parts.join(""));
const path = letters("/aZ09-._~!$&'()*+,;=:@", 0).map((text) => `/${text}%c3`);
const query = letters("/?aZ09-._~!$&'()*+,;=:@", 0).map((text) => `?${text}%20`);
const origin = fc.tuple(path, fc.oneof(fc.constant(""), query)).map((parts) => parts.join(""));
const absolute = fc
  .tuple(
    fc.constantFrom("http", "HTTPS", "ws"),
    authority,
    fc.oneof(fc.constant(""), origin, query),
  )
  .map(([scheme, host, rest]) => `${scheme}://${host}${rest}`);
const properLines = fc.constantFrom(
  "Transfer-Encoding:cHUNKED \t",
  "Content-Length: 9007199254740991",
  "Content-Length: 007",
  "Expect: 100-Continue",
  "Expect: , 100-continue ,,100-continue",
  "Connection: ,x, Keep-Alive",
  "!#$%&'*+-.^_`|~: \t\x80 a \t",
);
const proper = fc
  .tuple(fc.oneof(origin, absolute), authority, fc.option(properLines, { nil: "A:" }))
  .map(([target, host, line]) => `GET ${target} HTTP/1.1\r\n${line}\r\nHost: ${host}\r\n\r\n`);

function letters(from: string, minLength: number): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...from), { minLength, maxLength: 8 })
    .map((some) => some.join(""));
}

/** Requests with bodies behind each other; only bodies, and the last head, are nearly right. */
const bodies = fc.oneof(
  fc.constantFrom(...["5\r\nhello\r\n0\r\n\r\n", "0\r\nA: b\r\n\r\n"].map(chunked)),
  fc.constantFrom("Content-Length: 5\r\n\r\nhello", "Content-Length: 0\r\n\r\n", "\r\n"),
  nearlyChunked.map((bytes) => chunked(bytes.toString("latin1"))),
);
const requests = fc
  .tuple(fc.constantFrom("GET /a", "POST /b?c", "M-SEARCH *"), bodies, fc.constantFrom("", "\r\n"))
  .map(([start, body, after]) => `${start} HTTP/1.1\r\nHost: a\r\n${body}${after}`);
const streams = fc
  .tuple(fc.array(requests, { maxLength: 3 }), nearlyRequest, bodies)
  .map(([whole, head, body]) => whole.join("") + head.replace(/\r\n$/, "") + body);

function chunked(body: string): string {
  return `Transfer-Encoding: chunked\r\n\r\n${body}`;
}

/** Its messages in the core's terms. */
function inOurTerms({ messages }: LlhttpStream): Message[] {
  return messages.map(({ method, target, headers, body, complete }) => {
    return { start: `${method} ${target}`, headers, body, complete };
  });
}

describe.skipIf(!hasLlhttp).each(builds)("$name", (build) => {
  test("agrees with llhttp about heads", () => {
    fc.assert(
      fc.property(fc.oneof(nearlyRequest, proper), (text) => {
        fc.pre(!isTorn(text));
        const bytes = Buffer.from(text, "latin1");
        const { head, error } = ours(build, bytes);
        const other = theirs(bytes);
        const [first] = other.messages;
        if (error !== undefined) {
          if (first !== undefined) expectForbidden(error, text, first);
        } else if (first === undefined) {
          expectTheirLimit(other.error, head.method);
        } else {
          const { method, target, minorVersion, headers, keepAlive } = first;
          expect(head).toEqual({ method, target, minorVersion, headers, keepAlive });
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("agrees with llhttp about bodies, and where the next request begins", () => {
    fc.assert(
      fc.property(streams, (text) => {
        fc.pre(!isTorn(text));
        const bytes = Buffer.from(text, "latin1");
        const { messages, error, consumed } = readMessages(build, "request", [bytes]);
        const other = theirs(bytes);
        const last = other.messages.at(-1);
        // HTTP/1.0 has no Upgrade (RFC 9110 section 7.8), though llhttp stops for it.
        fc.pre(!(last?.upgrade === true && last.minorVersion === 0));
        // Nor has CONNECT a body for llhttp (RFC 9110 section 9.3.6): the core leaves that to the server.
        fc.pre(last?.method !== "CONNECT");
        const inBody = error !== undefined && messages.at(-1)?.complete === false;
        const taken = inBody ? messages.slice(0, -1) : messages;
        const next = other.messages[taken.length];
        const rest = text.slice(consumed);
        expect(taken.slice(0, other.messages.length)).toEqual(
          inOurTerms(other).slice(0, taken.length),
        );
        if (inBody) {
          if (next?.complete) expect(isChunkedBody(rest), JSON.stringify(rest)).toBe(false);
        } else if (error !== undefined) {
          if (next !== undefined) expectForbidden(error, rest, next);
        } else {
          expect(next).toBeUndefined();
          const left = taken[other.messages.length];
          if (left !== undefined) expectTheirLimit(other.error, left.start.split(" ")[0] ?? "");
          // Behind the last, or at the beginning of a method that it does not know.
          else expect(other.error ?? "Invalid method").toMatch(/Connection: close|Invalid method/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
