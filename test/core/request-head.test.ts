/** Request heads: the rows of `test/wire/request.md`, and every byte in every position. */

import { describe, expect, test } from "vitest";
import { NEED_DATA } from "../../core-wasm/status.ts";
import { HEADER_IDS, HEADER_NAMES } from "../../src/core.ts";
import {
  builds,
  type CoreBuild,
  errorPosition,
  placesOf,
  put,
  statusName,
} from "../support/core-builds.ts";
import { requestFacts, requestHead } from "../support/heads.ts";
import { wireCases } from "../support/wire-cases.ts";

const MAX_HEADERS = 4;
const MAX_TARGET_LENGTH = 64;

/** What came out, and what it takes to see it: shorter inputs need more data. */
interface Outcome {
  readonly result: number;
  /** Bytes after which the answer was clear. */
  readonly length: number;
  readonly start: number;
}

/** Feeds ever longer beginnings of the wire, which is every way it can arrive. */
function grow(build: CoreBuild, wire: Buffer, end = false): Outcome {
  for (let length = 0; length <= wire.length; length++) {
    const start = placesOf(build, length)[Number(end)] ?? 0;
    put(build, start, wire, length);
    const result = build.wasm.parseRequestHead(start, length, MAX_HEADERS, MAX_TARGET_LENGTH);
    if (result !== NEED_DATA) return { result, length, start };
  }
  return { result: NEED_DATA, length: wire.length, start: 0 };
}

function whole(build: CoreBuild, wire: Buffer): number {
  const [start = 0] = placesOf(build, wire.length);
  put(build, start, wire, wire.length);
  return build.wasm.parseRequestHead(start, wire.length, MAX_HEADERS, MAX_TARGET_LENGTH);
}

function checkFacts(build: CoreBuild, outcome: Outcome, wire: Buffer, facts: readonly string[]) {
  const actual = [
    ...requestFacts(requestHead(build, outcome.start)),
    `rest=${wire.length - outcome.result}`,
  ];
  for (const fact of facts) {
    if (fact.startsWith("!")) expect(actual).not.toContain(fact.slice(1));
    else expect(actual).toContain(fact);
  }
}

describe.each(builds)("$name", (build) => {
  test.each(wireCases("request.md"))("$name", ({ wire, expected }) => {
    const [verdict = "", ...facts] = expected;
    for (const end of [false, true]) {
      const outcome = grow(build, wire, end);
      if (verdict === "accepted") {
        // A head is taken with its last byte, not before and not after.
        expect(outcome.result).toBe(outcome.length);
        checkFacts(build, outcome, wire, facts);
      } else {
        const [name, position] = verdict.split("@");
        expect(statusName(outcome.result)).toBe(name);
        if (position !== undefined) expect(errorPosition(build)).toBe(Number(position));
      }
      // More bytes never change the answer.
      expect(whole(build, wire)).toBe(outcome.result);
    }
  });

  /** Bytes that may stand in this position of a request, found by trying all 256. */
  function accepted(before: string, after: string): string {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
      const wire = Buffer.from(before + String.fromCharCode(byte) + after, "latin1");
      return grow(build, wire).result === wire.length;
    });
    return String.fromCharCode(...bytes);
  }

  const token = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~";
  const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => i + 0x21));
  const above = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i + 0x80));
  const regName = token
    .replace(/[#^`|]/g, "")
    .replace("%", "")
    .concat("(),;=")
    .split("");

  // The pad moves the byte through all places of a vector.
  test.each([0, 1, 7, 14, 15, 16, 17, 30, 31, 32, 33])("every byte after %i others", (pad) => {
    const fill = "a".repeat(pad);
    expect(accepted(`${fill}`, "T / HTTP/1.0\r\n\r\n")).toBe(token);
    expect(accepted(`GET /${fill}`, " HTTP/1.0\r\n\r\n")).toBe(visible.replace("#", ""));
    // A colon ends the name early and makes the second one part of the value.
    const names = pad === 0 ? token : [...token, ":"].sort().join("");
    expect(accepted(`GET / HTTP/1.0\r\n${fill}`, ": b\r\n\r\n")).toBe(names);
    const values = `\t ${visible}${above}`;
    expect(accepted(`GET / HTTP/1.0\r\na: ${fill}`, "b\r\n\r\n")).toBe(values);
    const hosts = [...regName, ...(pad === 0 ? "\t " : ":")].sort().join("");
    expect(accepted(`GET / HTTP/1.1\r\nHost: ${fill}`, "1\r\n\r\n")).toBe(hosts);
  });

  test("takes names that a row has room for", () => {
    const wire = (length: number) =>
      Buffer.from(`GET / HTTP/1.0\r\n${"x".repeat(length)}: y\r\n\r\n`);
    expect(whole(build, wire(0xffff))).toBe(wire(0xffff).length);
    expect(statusName(whole(build, wire(0x10000)))).toBe("BAD_HEADER_NAME");
  });

  test("a name that only looks like a known one", () => {
    for (const name of HEADER_NAMES.slice(1)) {
      for (let at = 0; at < name.length; at++) {
        const other = name[at] === "z" ? "y" : "z";
        const changed = name.slice(0, at) + other + name.slice(at + 1);
        if (HEADER_IDS.has(changed.toLowerCase())) continue;
        const wire = Buffer.from(`GET / HTTP/1.0\r\n${changed}: 1\r\n\r\n`);
        expect(whole(build, wire), changed).toBe(wire.length);
        expect(requestHead(build, placesOf(build, wire.length)[0] ?? 0).headers[0]?.id).toBe(0);
      }
    }
  });

  test("nothing is left of the head before", () => {
    const before = "POST http://a/?b% HTTP/1.1\r\nHost: c\r\nContent-Length: 4294967301\r\n\r\n";
    expect(whole(build, Buffer.from(before))).toBe(before.length);
    const wire = Buffer.from("GET /d HTTP/1.0\r\n\r\n");
    expect(whole(build, wire)).toBe(wire.length);
    const head = requestHead(build, placesOf(build, wire.length)[0] ?? 0);
    expect(head).toMatchObject({ host: "", query: undefined, flags: [], contentLength: 0 });
    expect(head).toMatchObject({ present: [], headers: [], path: "/d", minorVersion: 0 });
  });

  test("every byte of the version and of line ends", () => {
    const line = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (let at = 6; at < line.length; at++) {
      if (at >= 16 && at < 23) continue;
      const before = line.slice(0, at);
      const expected = at === 13 ? "01" : (line[at] ?? "");
      expect(accepted(before, line.slice(at + 1)), `at ${at}`).toBe(expected);
    }
  });

  test("knows every name of the table, in any case, and which are there", () => {
    const values = new Map([
      ["content-length", "1"],
      ["transfer-encoding", "chunked"],
      ["expect", "100-continue"],
    ]);
    for (const [name, id] of HEADER_IDS) {
      const host = name === "host" ? "" : "Host: x\r\n";
      const value = values.get(name) ?? "x";
      for (const spelled of [name, name.toUpperCase(), HEADER_NAMES[id] ?? ""]) {
        const line = `${spelled}: ${value}`;
        const wire = Buffer.from(`GET / HTTP/1.1\r\n${line}\r\nX-Other: y\r\n${host}\r\n`);
        const head = requestHead(build, grow(build, wire).start);
        expect(head.headers[0]).toEqual({ name: spelled, value, id });
        expect(head.headers[1]?.id).toBe(0);
        expect(head.present).toEqual([...new Set([1, id])]);
      }
    }
  });
});
