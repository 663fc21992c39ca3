/** What the core writes of a response's head on every build, against text put together here. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KNOWN_TAG, OUTPUT, PREFIX, PREFIX_LENGTH, TAGS } from "../../core-wasm/layout.ts";
import { entityTagOf } from "../../src/core.ts";
import { builds } from "../support/core-builds.ts";

const NONE = -1;
/** Stands around and between what is written, where nothing may be. */
const GAP = 0xee;

const parts = fc.record({
  offset: fc.integer({ min: 0, max: 15 }),
  prefix: fc.string({ unit: fc.constantFrom("a", "b", " ", "\r\n"), maxLength: 200 }),
  between: fc.integer({ min: 0, max: 40 }),
  body: fc.option(fc.uint8Array({ maxLength: 3000 })),
  length: fc.oneof(fc.constant(NONE), fc.nat(), fc.maxSafeNat()),
});

describe.each(builds)("$name", (build) => {
  test("a head has the prefix, room, the tag of what follows, the length and an empty line", () => {
    fc.assert(
      fc.property(parts, ({ offset, prefix, between, body, length }) => {
        const tag = body === null ? "" : `Etag: ${entityTagOf(body)}\r\n`;
        const lines = length === NONE ? "" : `Content-Length: ${length}\r\n`;
        const room = Buffer.alloc(between, GAP).toString("latin1");
        const head = `${prefix}${room}${tag}${lines}\r\n`;
        const content = body ?? Buffer.alloc(20, GAP);

        const start = OUTPUT + 64 + offset;
        const end = start + head.length;
        build.memory.fill(GAP, OUTPUT, end + content.length + 64);
        build.memory.set(content, end);
        build.memory.write(prefix, PREFIX, "latin1");
        const taggedLength = body === null ? NONE : body.length;
        const at = start + prefix.length + between;
        const put = build.wasm.putResponseHead(start, prefix.length, at, taggedLength, length, 0);

        expect(put).toBe(end);
        expect(build.memory.toString("latin1", start, end)).toBe(head);
        expect(build.memory.subarray(end, end + content.length).equals(content)).toBe(true);
        const gaps = [
          build.memory.subarray(OUTPUT, start),
          build.memory.subarray(end + content.length, end + content.length + 64),
        ];
        for (const gap of gaps) expect(gap.every((byte) => byte === GAP)).toBe(true);
      }),
    );
  });

  test("a prefix may fill the room that it has", () => {
    const prefix = "p".repeat(PREFIX_LENGTH);
    build.memory.write(prefix, PREFIX, "latin1");
    const start = OUTPUT + 5;
    const end = build.wasm.putResponseHead(start, prefix.length, start + prefix.length, NONE, 0, 0);
    expect(build.memory.toString("latin1", start, end)).toBe(`${prefix}Content-Length: 0\r\n\r\n`);
  });

  test("a tag is kept in its slot, and taken from there", () => {
    const text = "a text that is answered again";
    const at = OUTPUT + 3;
    const head = `Etag: ${entityTagOf(text)}\r\nContent-Length: ${text.length}\r\n\r\n`;
    build.memory.write(text, at + head.length, "latin1");
    build.wasm.putResponseHead(at, 0, at, text.length, text.length, TAGS + 32);
    build.memory.fill(0, at, at + head.length + text.length);
    const end = build.wasm.putResponseHead(at, 0, at, KNOWN_TAG, text.length, TAGS + 32);
    expect(build.memory.toString("latin1", at, end)).toBe(head);
  });
});
