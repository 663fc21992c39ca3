/** Heads that the core keeps: which, when, and that nobody is given the text of another. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  INPUT,
  KNOWN_HEAD,
  KNOWN_HEADS_COUNT,
  LONGEST_KNOWN_HEAD,
  UNKNOWN_HEAD,
} from "../../core-wasm/layout.ts";
import { BAD_HOST, NEED_DATA } from "../../core-wasm/status.ts";
import { headTable, takeRequestHead, transferMemory, viewBytes } from "../../src/core.ts";
import { builds, type CoreBuild } from "../support/core-builds.ts";

/** Misses in a row after which fewer heads are looked for. */
const PATIENCE = 64;

function head(target: string, fields = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** What the core says of a head that arrives: the word KNOWN_HEAD, or a status. */
function take(build: CoreBuild, wire: string, rest = "", at = INPUT): number {
  const length = build.memory.write(wire + rest, at, "latin1");
  const taken = build.wasm.takeRequestHead(at, length, 100, 8192);
  if (taken < 0) return taken;
  expect(taken).toBe(wire.length);
  return build.table[KNOWN_HEAD] as number;
}

/** Takes the head until it is known; answers its slot. */
function teach(build: CoreBuild, wire: string): number {
  for (let times = 0; times < 32; times++) {
    const slot = take(build, wire);
    if (slot > 0) return slot;
  }
  throw new Error(`Not known after 32 times: ${wire}`);
}

describe.each(builds)("$name", (build) => {
  test("a head is new, then kept, then known, wherever it lies and whatever follows", () => {
    teach(build, head("/to-begin-with"));
    const wire = head("/once-twice");
    expect(take(build, wire)).toBe(UNKNOWN_HEAD);
    const kept = take(build, wire, "GET /next");
    expect(kept).toBeLessThan(0);
    expect(take(build, wire)).toBe(-kept);
    expect(take(build, wire, "GET /next", INPUT + 7)).toBe(-kept);
    expect(-kept).toBeLessThanOrEqual(KNOWN_HEADS_COUNT);
  });

  test("a head that differs in one byte is another", () => {
    const wire = head(`/${"x".repeat(400)}`);
    teach(build, wire);
    for (let at = "GET /".length; at < "GET /".length + 400; at++) {
      expect(take(build, `${wire.slice(0, at)}y${wire.slice(at + 1)}`)).toBeLessThanOrEqual(
        UNKNOWN_HEAD,
      );
      teach(build, wire);
    }
  });

  test.each([
    ["Cookie: a=b\r\n"],
    ["Authorization: Basic YTpi\r\n"],
    ["Proxy-Authorization: Basic YTpi\r\n"],
    ["X: y\r\ncookie: a=b\r\n"],
    ["X-Api-Key: a\r\n"],
    ["X-Xsrftoken: a\r\n"],
    ["X-Csrf-Token: a\r\n"],
    ["X-Csrftoken: a\r\n"],
    ["Sec-WebSocket-Protocol: bearer, a\r\n"],
    ["Cookie: a=b\r\nAccept: */*\r\n"],
  ])("a head with a secret is never kept: %j", (fields) => {
    for (let times = 0; times < 100; times++) {
      expect(take(build, head("/secret", fields))).toBe(UNKNOWN_HEAD);
    }
  });

  test("the longest head that is kept, and one that is longer by a byte", () => {
    const longest = head(`/${"l".repeat(LONGEST_KNOWN_HEAD - head("/").length)}`);
    expect(longest).toHaveLength(LONGEST_KNOWN_HEAD);
    teach(build, longest);
    const longer = head(`/${"l".repeat(LONGEST_KNOWN_HEAD - head("/").length + 1)}`);
    for (let times = 0; times < 100; times++) expect(take(build, longer)).toBe(UNKNOWN_HEAD);
  });

  test("a head that keeps its slot is not driven out by others that come once", () => {
    const slot = teach(build, head("/stays"));
    for (let number = 0; number < 10 * KNOWN_HEADS_COUNT; number++) {
      expect(take(build, head(`/passes/${number}`))).toBe(UNKNOWN_HEAD);
    }
    expect(teach(build, head("/stays"))).toBe(slot);
  });

  test("after many that are new, one that comes again is known all the same", () => {
    for (let number = 0; number < 2 * PATIENCE; number++) take(build, head(`/new/${number}`));
    teach(build, head("/comes-again"));
    expect(take(build, head("/comes-again"))).toBeGreaterThan(UNKNOWN_HEAD);
  });

  test("limits and errors are those of a head that is new", () => {
    const wire = head("/limits", "Accept: b\r\nTe: d\r\n");
    teach(build, wire);
    const length = build.memory.write(wire, INPUT, "latin1");
    expect(build.wasm.takeRequestHead(INPUT, length - 1, 100, 8192)).toBe(NEED_DATA);
    expect(build.wasm.takeRequestHead(INPUT, length, 2, 8192)).toBeLessThan(NEED_DATA);
    expect(build.wasm.takeRequestHead(INPUT, length, 100, 3)).toBeLessThan(NEED_DATA);
    expect(take(build, "GET /limits HTTP/1.1\r\n\r\n")).toBe(BAD_HOST);
  });
});

test("every request is given its own text, however heads come again", () => {
  const { start } = transferMemory.input;
  const targets = fc.array(fc.tuple(fc.nat(120), fc.nat(30), fc.boolean()), { minLength: 200 });
  fc.assert(
    fc.property(targets, (heads) => {
      for (const [number, length, isSecret] of heads) {
        const fields = `Accept: ${"x".repeat(length)}\r\n${isSecret ? "Cookie: a\r\n" : ""}`;
        const wire = head(`/${number}`, fields);
        viewBytes(start, wire.length).set(Buffer.from(wire));
        expect(takeRequestHead(start, wire.length, 100, 8192)).toBe(wire.length);
        viewBytes(start, 4).fill(0x2d);
        expect(headTable.target(wire)).toBe(`/${number}`);
        expect(headTable.requestText(start).slice(4)).toBe(wire.slice(4));
      }
    }),
    { numRuns: 30 },
  );
});
