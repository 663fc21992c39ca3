/** The multipart scanner: the rows of `test/wire/multipart.md`, and what rows cannot say. */

import { describe, expect, test } from "vitest";
import {
  HEADER_COUNT,
  HEADER_WORDS,
  HEADERS,
  MULTIPART,
  MULTIPART_DELIMITER,
  MULTIPART_DELIMITER_LENGTH,
  MULTIPART_EVENT,
  MULTIPART_EVENT_END,
  MULTIPART_EVENT_START,
  MULTIPART_WORDS,
  PART_DATA,
  PART_END,
  PART_HEAD,
  PART_HEAD_PIECE,
  PART_WITHHELD,
  PARTS_END,
} from "../../core-wasm/layout.ts";
import {
  builds,
  type CoreBuild,
  errorPosition,
  placesOf,
  put,
  statusName,
} from "../support/core-builds.ts";
import { everySplit } from "../support/every-split.ts";
import { repeated, wireCases } from "../support/wire-cases.ts";

const MAX_HEAD = 64;

/** What came of a body: its parts as text, and an error. */
interface Scanned {
  text: string;
  status: number;
  /** Bytes consumed, also before an error. */
  consumed: number;
}

/** Feeds a body in pieces; the block is saved and spoilt between calls, as others use it too. */
function scan(build: CoreBuild, pieces: readonly Uint8Array[], boundary = "b"): Scanned {
  const { wasm, memory } = build;
  const block = new Int32Array(memory.buffer, MULTIPART, MULTIPART_WORDS);
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const state = new Int32Array(MULTIPART_WORDS);
  const scanned: Scanned = { text: "", status: 0, consumed: 0 };
  let head = "";
  for (const piece of pieces) {
    const start = placesOf(build, piece.length)[scanned.consumed % 2] ?? 0;
    put(build, start, piece, piece.length);
    for (let at = 0; at < piece.length; ) {
      block.set(state);
      // What another body has left behind the delimiter is no part of it.
      memory.fill("-", MULTIPART_DELIMITER, MULTIPART_DELIMITER + MULTIPART_DELIMITER_LENGTH);
      memory.set(delimiter, MULTIPART_DELIMITER);
      const from = start + at;
      const taken = wasm.scanMultipart(from, piece.length - at, delimiter.length, MAX_HEAD);
      state.set(block);
      block.fill(-1);
      scanned.consumed += taken < 0 ? errorPosition(build) : taken;
      scanned.status = Math.min(taken, 0);
      if (taken < 0) return { ...scanned, text: scanned.text + open(head) };
      const eventStart = from + (state[MULTIPART_EVENT_START] ?? 0);
      const eventEnd = from + (state[MULTIPART_EVENT_END] ?? 0);
      const bytes = memory.toString("latin1", eventStart, eventEnd);
      switch (state[MULTIPART_EVENT]) {
        case PART_HEAD_PIECE:
          head += bytes;
          break;
        case PART_HEAD:
          scanned.text += `{${(head + bytes).replace(/(^|\r\n)\r\n$/, "")}›`;
          head = "";
          break;
        case PART_DATA:
          scanned.text += bytes;
          break;
        case PART_WITHHELD:
          scanned.text += delimiter.toString("latin1", 0, eventEnd - from);
          break;
        case PART_END:
          scanned.text += "}";
          break;
        case PARTS_END:
          scanned.text += ".";
          break;
      }
      at += taken;
    }
  }
  return { ...scanned, text: scanned.text + open(head) };
}

function open(head: string): string {
  return head === "" ? "" : `{${head}`;
}

describe.each(builds)("$name", (build) => {
  test.each(wireCases("multipart.md"))("$name", ({ wire, expected }) => {
    const boundary = expected.find((fact) => fact.startsWith("boundary="))?.slice(9);
    const status = expected.find((fact) => /^[A-Z_]+(@\d+)?$/.test(fact)) ?? "";
    const text = expected.find((fact) => /^[{.]/.test(fact));
    for (const pieces of everySplit(wire)) {
      const scanned = scan(build, pieces, boundary);
      const name = scanned.status < 0 ? statusName(scanned.status) : "";
      expect(name === "" ? "" : `${name}@${scanned.consumed}`).toBe(status);
      if (text !== undefined) expect(scanned.text).toBe(repeated(text));
      if (name === "") expect(scanned.consumed).toBe(wire.length);
    }
  });

  test("a boundary at every distance from what was looked at together", () => {
    for (let before = 0; before < 70; before++) {
      for (const filler of ["x", "\r", "-", "\r\n-"]) {
        const data = filler.repeat(before);
        const wire = Buffer.from(`--b\r\nA: 1\r\n\r\n${data}\r\n--b--`);
        for (const size of [wire.length, 16, 19, 5]) {
          const pieces = [];
          for (let at = 0; at < wire.length; at += size) pieces.push(wire.subarray(at, at + size));
          expect(scan(build, pieces).text).toBe(`{A: 1›${data}}.`);
        }
      }
    }
  });

  test("reads a part's head by the rules of header lines", () => {
    const read = (head: string): string[] | string => {
      const bytes = Buffer.from(head, "latin1");
      const start = placesOf(build, bytes.length)[1] ?? 0;
      put(build, start, bytes, bytes.length);
      const end = build.wasm.parsePartHead(start, bytes.length, 8);
      if (end < 0) return statusName(end);
      expect(end).toBe(bytes.length);
      return Array.from({ length: build.table[HEADER_COUNT] ?? 0 }, (_, index) => {
        const row = HEADERS + index * HEADER_WORDS;
        const value = start + (build.table[row + 2] ?? 0);
        return build.memory.toString("latin1", value, value + (build.table[row + 3] ?? 0));
      });
    };
    expect(read("Content-Disposition: form-data; name=a\r\nX: \ty \r\n\r\n")).toEqual([
      "form-data; name=a",
      "y",
    ]);
    expect(read("\r\n")).toEqual([]);
    // What frames a message frames no part.
    expect(read("Content-Length: x\r\nContent-Length: 1\r\nTransfer-Encoding: q\r\n\r\n")).toEqual([
      "x",
      "1",
      "q",
    ]);
    expect(read("A : 1\r\n\r\n")).toBe("BAD_HEADER_NAME");
    expect(read(": 1\r\n\r\n")).toBe("BAD_HEADER_NAME");
    expect(read("A\r\n\r\n")).toBe("BAD_HEADER_NAME");
    expect(read("A: \0\r\n\r\n")).toBe("BAD_HEADER_VALUE");
    expect(read("A: 1\r\n 2\r\n\r\n")).toBe("FOLDED_HEADER");
    expect(read(`${"A: 1\r\n".repeat(9)}\r\n`)).toBe("TOO_MANY_HEADERS");
  });
});
