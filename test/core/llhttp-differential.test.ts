/**
 * The core against the llhttp that is in this Node, in its strict mode: whatever llhttp accepts and
 * the core refuses is refused for a reason named here, and what both accept means the same.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METHODS } from "../../core-wasm/http/names.ts";
import { builds, type CoreBuild, placesOf, put, statusName } from "../support/core-builds.ts";
import { requestHead } from "../support/heads.ts";
import { nearlyRequest } from "../support/request-mutations.ts";

interface Parser {
  [callback: number]: (...args: never[]) => void;
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

/** Other runtimes have the module, but not llhttp in it. */
const isNode = process.versions.bun === undefined && !("Deno" in globalThis);

async function llhttp(): Promise<ParserClass> {
  const name = "node:_http_common";
  const { HTTPParser } = (await import(name)) as { HTTPParser: ParserClass };
  return HTTPParser;
}

/** What the head is to either. Version 1.0 with both close and keep-alive is left out. */
interface Head {
  readonly target: string;
  readonly minorVersion: number;
  readonly headers: readonly string[];
  readonly keepAlive: boolean;
}

function theirs(HTTPParser: ParserClass, bytes: Buffer): Head | string {
  const parser = new HTTPParser();
  let head: Head | undefined;
  let old = false;
  parser.initialize(HTTPParser.REQUEST, {}, 0, 0);
  const onHead = (
    major: number,
    minorVersion: number,
    flat: string[],
    _method: number,
    target: string,
    _code: unknown,
    _reason: unknown,
    _upgrade: boolean,
    keepAlive: boolean,
  ) => {
    const headers = flat.map((text) => text.replace(/[ \t]+$/, ""));
    old = major === 0 && head === undefined;
    head ??= { target, minorVersion, headers, keepAlive };
  };
  parser[HTTPParser.kOnHeadersComplete] = onHead as (...args: never[]) => void;
  parser[HTTPParser.kOnBody] = () => {};
  parser[HTTPParser.kOnMessageComplete] = () => {};
  const result = parser.execute(bytes);
  // A request line without a version.
  if (old) return "HTTP/0.9";
  if (head !== undefined) return head;
  return result instanceof Error ? String((result as { reason?: string }).reason) : "incomplete";
}

function ours(build: CoreBuild, bytes: Buffer): { head: Head | string; method: string } {
  const [start = 0] = placesOf(build, bytes.length);
  put(build, start, bytes, bytes.length);
  const result = build.wasm.parseRequestHead(start, bytes.length, 100, 8192);
  const { target, minorVersion, headers, flags, method } = requestHead(build, start);
  if (result < 0) return { head: statusName(result), method };
  const flat = headers.flatMap(({ name, value }) => [name, value]);
  const keepAlive = flags.includes("keep-alive");
  return { head: { target, minorVersion, headers: flat, keepAlive }, method };
}

/** What RFC 9112 does not allow or leaves to the server, and llhttp takes. */
const stricter = [
  "BAD_HOST",
  "BAD_TARGET",
  "BAD_TRANSFER_ENCODING",
  "BAD_VERSION",
  "CODING_IN_HTTP_10",
  "UNKNOWN_EXPECTATION",
  "UNKNOWN_TRANSFER_CODING",
];

describe.skipIf(!isNode).each(builds)("$name", (build) => {
  test("agrees with llhttp", async () => {
    const HTTPParser = await llhttp();
    const text = nearlyRequest
      // llhttp skips any CR and LF before a request, takes more than one SP after the method, and
      // reads CONNECT's target up to any byte.
      .filter((text) => /^(?:\r\n){0,2}[^\r\n ]+ [^ ]/.test(text) && !text.includes("CONNECT"))
      // It lets keep-alive win over close in HTTP/1.0; RFC 9112 section 9.3 does not.
      .filter((text) => !/HTTP\/1\.0[\s\S]*close/i.test(text));
    fc.assert(
      fc.property(text, (text) => {
        const bytes = Buffer.from(text, "latin1");
        const { head, method } = ours(build, bytes);
        const other = theirs(HTTPParser, bytes);
        if (typeof head === "string") {
          if (typeof other !== "string") expect(stricter).toContain(head);
        } else if (typeof other === "string") {
          // It knows a list of methods, and schemes of letters only (RFC 3986 section 3.1).
          expect(other).toMatch(/Invalid method|space after method|url schema/);
          if (!other.includes("schema")) expect(METHODS).not.toContain(method);
        } else {
          expect(head).toEqual(other);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
