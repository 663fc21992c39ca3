/** What holds for all bytes: the core agrees with a model of the grammar, with itself, and stops. */

import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NEED_DATA, UNKNOWN_EXPECTATION } from "../../core-wasm/status.ts";
import {
  builds,
  type CoreBuild,
  decode,
  errorPosition,
  placesOf,
  put,
} from "../support/core-builds.ts";
import { requestHead } from "../support/heads.ts";
import { readMessages } from "../support/message-reader.ts";
import { type ModelHead, modelHead } from "../support/request-model.ts";
import { nearlyChunked, nearlyRequest } from "../support/request-mutations.ts";

const runs = { numRuns: 3000 };

function parse(build: CoreBuild, bytes: Buffer, length = bytes.length): [number, number] {
  const start = placesOf(build, length)[length % 2] ?? 0;
  put(build, start, bytes, length);
  return [build.wasm.parseRequestHead(start, length, 100, 8192), start];
}

/** The head in the model's terms, or undefined where it was not accepted. */
function coreHead(build: CoreBuild, bytes: Buffer): ModelHead | undefined {
  const [result, start] = parse(build, bytes);
  if (result < 0) return undefined;
  const head = requestHead(build, start);
  return {
    length: result,
    method: head.method,
    target: head.target,
    minorVersion: head.minorVersion,
    headers: head.headers.map(({ name, value }) => [name, value]),
    chunked: head.flags.includes("chunked"),
    contentLength: head.flags.includes("has-length") ? head.contentLength : undefined,
    keepAlive: head.flags.includes("keep-alive"),
    host: head.host,
  };
}

const pieces = fc.array(fc.nat({ max: 40 }), { maxLength: 8 });

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const cuts: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    cuts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...cuts, bytes.subarray(at)];
}

describe.each(builds)("$name", (build) => {
  test("accepts what the grammar accepts, with the same meaning", () => {
    fc.assert(
      fc.property(nearlyRequest, (text) => {
        expect(coreHead(build, Buffer.from(text, "latin1"))).toEqual(modelHead(text));
      }),
      runs,
    );
  });

  test("takes the IPv6 addresses that node:net takes", () => {
    const part = fc.constantFrom(
      ":",
      ":",
      "::",
      "1",
      "ab",
      "FfFf",
      "12345",
      "127.0.0.1",
      "1.2",
      "g",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 17 }), (parts) => {
        const text = parts.join("");
        const wire = Buffer.from(`GET / HTTP/1.1\r\nHost: [${text}]:80\r\n\r\n`);
        expect(parse(build, wire)[0] > 0, text).toBe(isIPv6(text));
      }),
      runs,
    );
  });

  test("answers the same however the bytes are cut", () => {
    fc.assert(
      fc.property(nearlyRequest, (text) => {
        const bytes = Buffer.from(text, "latin1");
        const [whole] = parse(build, bytes);
        const position = errorPosition(build);
        let length = 0;
        while (length < bytes.length && parse(build, bytes, length)[0] === NEED_DATA) length++;
        expect(parse(build, bytes, length)[0]).toBe(whole);
        if (whole < NEED_DATA) expect(errorPosition(build)).toBe(position);
      }),
      { numRuns: 500 },
    );
  });

  test("survives random bytes, and answers nothing else than a count or a status", () => {
    const bytes = fc.uint8Array({ maxLength: 300, size: "max" });
    fc.assert(
      fc.property(bytes, fc.constantFrom("", "GET /", "GET / HTTP/1.1\r\n"), (random, before) => {
        const wire = Buffer.concat([Buffer.from(before), random]);
        const [result] = parse(build, wire);
        expect(result).toBeGreaterThanOrEqual(UNKNOWN_EXPECTATION);
        expect(result).toBeLessThanOrEqual(wire.length);
        const decoded = decode(build, [wire]);
        expect(decoded.data.length).toBeLessThanOrEqual(wire.length);
        const [start = 0] = placesOf(build, wire.length);
        put(build, start, wire, wire.length);
        expect(build.wasm.parseResponseHead(start, wire.length, 10, 1)).toBeLessThanOrEqual(
          wire.length,
        );
      }),
      runs,
    );
  });

  test("decodes the same however a chunked body is cut", () => {
    fc.assert(
      fc.property(nearlyChunked, pieces, (bytes, lengths) => {
        expect(decode(build, cut(bytes, lengths))).toEqual(decode(build, [bytes]));
      }),
      runs,
    );
  });

  test("reads the same messages however a stream of them is cut", () => {
    const streams = fc.array(
      fc.oneof(
        nearlyRequest,
        nearlyChunked.map((bytes) => bytes.toString("latin1")),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(streams, pieces, (texts, lengths) => {
        const bytes = Buffer.from(texts.join(""), "latin1");
        const whole = readMessages(build, "request", [bytes]);
        expect(readMessages(build, "request", cut(bytes, lengths))).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });
});
