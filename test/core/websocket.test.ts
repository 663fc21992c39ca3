/** Masking, UTF-8 and frame heads, on every build and through the typed side. */

import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_HIGH,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
  INPUT,
  WINDOW_LENGTH,
} from "../../core-wasm/layout.ts";
import {
  BAD_CONTROL_FRAME,
  BAD_FRAME_LENGTH,
  BAD_MASKING,
  BAD_OPCODE,
  BAD_RESERVED_BITS,
  BAD_UTF8,
  NEED_DATA,
} from "../../core-wasm/status.ts";
import { memory } from "../../src/core/load.ts";
import { frameReason, frameTable, maskAt, parseFrameHead, Utf8Validator } from "../../src/core.ts";
import { builds, type CoreBuild, statusName } from "../support/core-builds.ts";
import { everySplit } from "../support/every-split.ts";

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const key = KEY.readInt32LE();

function masked(bytes: Uint8Array, offset = 0): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ (KEY[(offset + i) % 4] ?? 0)));
}

function atEnd(build: CoreBuild, bytes: Uint8Array): number {
  const start = build.memory.length - bytes.length;
  build.memory.set(bytes, start);
  return start;
}

function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i * 7 + 3));
}

/** The state after all pieces, each at the very end of memory; BAD_UTF8 ends it. */
function validate(build: CoreBuild, pieces: readonly Uint8Array[]): number {
  let state = 0;
  for (const piece of pieces) {
    if (state < 0) break;
    state = build.wasm.validateUtf8(atEnd(build, piece), piece.length, state);
  }
  return state;
}

/** Text whose characters take one to four bytes, at the borders of what each length may say. */
const borders = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];

/** Every way a sequence can be wrong; Unicode's table 3-7 and RFC 3629 section 4. */
const wrong: readonly number[][] = [
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc2, 0x00],
  [0xc2, 0x7f],
  [0xc2, 0xc0],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xe1, 0x80, 0x7f],
  [0xe1, 0x80, 0xc0],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  ...Array.from({ length: 11 }, (_, above) => [0xf5 + above, 0x80, 0x80, 0x80]),
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
  [0xe2, 0x82, 0x41],
  [0xf0, 0x9f, 0x98, 0x41],
  [0xf0, 0x9f, 0x98, 0x80, 0x80],
  [0xc3, 0xa9, 0xa9],
  [0xc0, 0x41],
  [0xc3, 0xc1, 0x80],
  [0xe2, 0x82, 0xc0, 0x80],
  [0xe0, 0xc5, 0x80],
  [0xf0, 0xc5, 0x80, 0x80],
  [0xed, 0x20],
  [0xf4, 0x20, 0x80, 0x80],
];

interface FrameCase {
  readonly name: string;
  readonly head: readonly number[];
  readonly isMasked?: boolean;
  readonly reserved?: number;
  /** The status of a refusal. */
  readonly status?: number;
  /** Bytes of the head after which it is refused; all of them if left out. */
  readonly after?: number;
  readonly fields?: readonly [final: number, reserved: number, opcode: number, length: number];
}

const frames: FrameCase[] = [
  { name: "a text of RFC 6455 section 5.7", head: [0x81, 5], fields: [1, 0, 1, 5] },
  { name: "a masked one", head: [0x81, 0x85, ...KEY], isMasked: true, fields: [1, 0, 1, 5] },
  { name: "the first fragment", head: [0x01, 3], fields: [0, 0, 1, 3] },
  { name: "a continuation", head: [0x80, 2], fields: [1, 0, 0, 2] },
  { name: "an empty binary", head: [0x82, 0], fields: [1, 0, 2, 0] },
  { name: "125 bytes", head: [0x82, 125], fields: [1, 0, 2, 125] },
  { name: "126 bytes", head: [0x82, 126, 0, 126], fields: [1, 0, 2, 126] },
  { name: "256 bytes", head: [0x82, 0x7e, 1, 0], fields: [1, 0, 2, 256] },
  { name: "65535 bytes", head: [0x82, 126, 0xff, 0xff], fields: [1, 0, 2, 65_535] },
  { name: "65536 bytes", head: [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], fields: [1, 0, 2, 65_536] },
  {
    name: "2^53 - 1 bytes",
    head: [0x82, 127, 0, 0x1f, 255, 255, 255, 255, 255, 255],
    fields: [1, 0, 2, 2 ** 53 - 1],
  },
  {
    name: "a masked long one",
    head: [0x82, 0xff, 0, 0, 0, 1, 0x80, 0, 0, 2, ...KEY],
    isMasked: true,
    fields: [1, 0, 2, 2 ** 32 + 2 ** 31 + 2],
  },
  { name: "a close", head: [0x88, 2], fields: [1, 0, 8, 2] },
  { name: "a ping", head: [0x89, 125], fields: [1, 0, 9, 125] },
  { name: "a pong", head: [0x8a, 0], fields: [1, 0, 10, 0] },
  { name: "a compressed text", head: [0xc1, 5], reserved: 0x40, fields: [1, 0x40, 1, 5] },
  { name: "RSV1 without extension", head: [0xc1, 5], status: BAD_RESERVED_BITS, after: 1 },
  { name: "RSV2", head: [0xa1, 5], reserved: 0x40, status: BAD_RESERVED_BITS, after: 1 },
  { name: "RSV3", head: [0x91, 5], reserved: 0x40, status: BAD_RESERVED_BITS, after: 1 },
  {
    name: "RSV1 in a continuation",
    head: [0xc0, 5],
    reserved: 0x40,
    status: BAD_RESERVED_BITS,
    after: 1,
  },
  {
    name: "RSV1 in a ping",
    head: [0xc9, 5],
    reserved: 0x40,
    status: BAD_RESERVED_BITS,
    after: 1,
  },
  { name: "a fragmented ping", head: [0x09, 0], status: BAD_CONTROL_FRAME, after: 1 },
  { name: "a close of 126 bytes", head: [0x88, 126, 0, 126], status: BAD_CONTROL_FRAME, after: 2 },
  { name: "a ping with 8 bytes of length", head: [0x89, 127], status: BAD_CONTROL_FRAME },
  { name: "a client that does not mask", head: [0x81, 5], isMasked: true, status: BAD_MASKING },
  { name: "a server that masks", head: [0x81, 0x85, ...KEY], status: BAD_MASKING, after: 2 },
  { name: "125 in two bytes", head: [0x82, 126, 0, 125], status: BAD_FRAME_LENGTH },
  {
    name: "65535 in eight bytes",
    head: [0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255],
    status: BAD_FRAME_LENGTH,
  },
  {
    name: "2^53 bytes",
    head: [0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0],
    status: BAD_FRAME_LENGTH,
  },
  {
    name: "the highest bit of the length",
    head: [0x82, 127, 0x80, 0, 0, 0, 0, 1, 0, 0],
    status: BAD_FRAME_LENGTH,
  },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `opcode ${opcode}`,
    head: [0x80 | opcode, 0],
    status: BAD_OPCODE,
    after: 1,
  })),
];

describe.each(builds)("$name", (build) => {
  test("masks every length at every alignment and offset", () => {
    for (let length = 0; length <= 150; length++) {
      const bytes = pattern(length);
      for (const shift of [0, 1, 2, 3]) {
        const start = INPUT + 16 + shift;
        build.memory.fill(0xee, INPUT, INPUT + 256);
        build.memory.set(bytes, start);
        build.wasm.mask(start, length, key, shift + length);
        expect(build.memory.subarray(start, start + length)).toEqual(masked(bytes, shift + length));
        expect(build.memory[start - 1]).toBe(0xee);
        expect(build.memory[start + length]).toBe(0xee);
      }
      const last = atEnd(build, bytes);
      build.wasm.mask(last, length, key, 0);
      expect(build.memory.subarray(last)).toEqual(masked(bytes));
    }
  });

  test("masking tells whether what comes of it is ASCII", () => {
    for (let length = 0; length < 150; length++) {
      const text = Buffer.alloc(length, "a");
      const isAscii = (): number => {
        build.memory.set(masked(text), INPUT);
        return build.wasm.mask(INPUT, length, key, 0);
      };
      expect(isAscii()).toBe(1);
      for (let at = 0; at < length; at++) {
        text[at] = 0x80 | at;
        expect(isAscii()).toBe(0);
        text[at] = 0x7f;
      }
      expect(isAscii()).toBe(1);
    }
  });

  test("characters at the borders of their lengths, at every split", () => {
    const bytes = Buffer.from(String.fromCodePoint(...borders));
    for (const pieces of everySplit(bytes)) expect(validate(build, pieces)).toBe(0);
    for (const codePoint of borders) {
      const character = Buffer.from(String.fromCodePoint(codePoint));
      for (let length = 1; length < character.length; length++) {
        expect(validate(build, [character.subarray(0, length)])).toBeGreaterThan(0);
      }
    }
  });

  test("every character there is", () => {
    for (let first = 0; first < 0x110000; first += 0x1000) {
      if (first >= 0xd800 && first < 0xe000) continue;
      const most = first === 0xd000 ? 0x800 : 0x1000;
      const text = String.fromCodePoint(...Array.from({ length: most }, (_, i) => first + i));
      expect(validate(build, [Buffer.from(text)])).toBe(0);
    }
  });

  test.each(wrong.map((bytes) => ({ bytes })))("not UTF-8: $bytes", ({ bytes }) => {
    // At every place of the blocks that SIMD takes, each kind of which has characters of its own.
    for (const filler of ["a", "é", "日", "😀"]) {
      for (let before = 0; before < 70; before++) {
        const text = Buffer.concat([
          Buffer.from(filler.repeat(before)),
          Buffer.from(bytes),
          Buffer.from("a".repeat(80)),
        ]);
        expect(validate(build, [text])).toBe(BAD_UTF8);
        expect(validate(build, [text.subarray(0, before + 1), text.subarray(before + 1)])).toBe(
          BAD_UTF8,
        );
      }
    }
  });

  test.each(["é", "日", "😀"])("%s across the end of the last block", (character) => {
    for (let before = 0; before < 70; before++) {
      const text = Buffer.from("a".repeat(before) + character.repeat(60));
      expect(validate(build, [text])).toBe(0);
      for (let cut = 1; cut < Buffer.byteLength(character); cut++) {
        expect(validate(build, [text.subarray(0, -cut)])).toBeGreaterThan(0);
      }
    }
  });

  test("an incomplete character before a block of ASCII", () => {
    for (const lead of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xe2], [0xf0]]) {
      const text = Buffer.alloc(64, "a");
      text.set(lead, 64 - lead.length);
      expect(validate(build, [Buffer.concat([text, Buffer.alloc(64, "a")])])).toBe(BAD_UTF8);
      expect(validate(build, [text])).toBeGreaterThan(0);
    }
  });

  test("what lies before a text and after it does not matter", () => {
    for (const neighbour of [0x80, 0xc3, 0xe2, 0xf0]) {
      for (const length of [64, 128, 200, 256]) {
        build.memory.fill(neighbour, INPUT, INPUT + 400);
        build.memory.fill("é", INPUT + 20, INPUT + 20 + length);
        expect(build.wasm.validateUtf8(INPUT + 20, length, 0)).toBe(0);
        build.memory.fill("a", INPUT + 20, INPUT + 20 + length);
        expect(build.wasm.validateUtf8(INPUT + 20, length, 0)).toBe(0);
      }
    }
  });

  test("any bytes and any text, cut anywhere, as node:buffer's isUtf8", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 }).map((value) => Buffer.from(value));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));
    const spoilt = fc.tuple(text, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      if (value.length > 0) value[at % value.length] = byte;
      return value;
    });
    fc.assert(
      fc.property(fc.oneof(text, bytes, spoilt), fc.nat(), (value, at) => {
        const cut = at % (value.length + 1);
        const expected = isUtf8(value);
        expect(validate(build, [value]) === 0).toBe(expected);
        expect(validate(build, [value.subarray(0, cut), value.subarray(cut)]) === 0).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(frames)("frame head: $name", (row) => {
    const bytes = Buffer.from(row.head);
    const flags: [number, number] = [row.isMasked ? 1 : 0, row.reserved ?? 0];
    for (let length = 0; length <= bytes.length; length++) {
      const start = atEnd(build, bytes.subarray(0, length));
      const result = build.wasm.parseFrameHead(start, length, ...flags);
      const until = row.status === undefined ? bytes.length : (row.after ?? bytes.length);
      const expected = length < until ? NEED_DATA : (row.status ?? bytes.length);
      expect(statusName(result)).toBe(statusName(expected));
    }
    if (row.fields === undefined) return;
    const [final, reserved, opcode, length] = row.fields;
    expect(build.table[FRAME_FINAL]).toBe(final);
    expect(build.table[FRAME_RESERVED]).toBe(reserved);
    expect(build.table[FRAME_OPCODE]).toBe(opcode);
    expect(build.table[FRAME_KEY]).toBe(row.isMasked ? key : 0);
    const low = (build.table[FRAME_LENGTH_LOW] ?? 0) >>> 0;
    expect((build.table[FRAME_LENGTH_HIGH] ?? 0) * 2 ** 32 + low).toBe(length);
  });
});

describe("typed", () => {
  test("masks and unmasks, and says what is ASCII", () => {
    for (const length of [0, 1, 31, 32, 33, 1000]) {
      for (const offset of [0, 1, 6]) {
        memory.set(pattern(length), INPUT);
        const view = memory.subarray(INPUT, INPUT + length);
        maskAt(INPUT, length, key, offset);
        expect(view).toEqual(masked(pattern(length), offset));
        const isAscii = pattern(length).every((byte) => byte < 0x80);
        expect(maskAt(INPUT, length, key, offset)).toBe(isAscii);
        expect(view).toEqual(pattern(length));
      }
    }
  });

  test("validates the pieces of a text, and the next text", () => {
    const validator = new Utf8Validator();
    expect(validator.take(Buffer.from([0x61, 0xe2, 0x82]))).toBe(true);
    expect(validator.take(Buffer.from([0xac]))).toBe(true);
    expect(validator.end()).toBe(true);
    expect(validator.take(Buffer.from([0xc3]))).toBe(true);
    expect(validator.end()).toBe(false);
    expect(validator.take(Buffer.from([0xff]))).toBe(false);
    expect(validator.take(Buffer.from([0x61]))).toBe(false);
    expect(validator.end()).toBe(false);
    expect(validator.take(Buffer.alloc(WINDOW_LENGTH + 3, "€"))).toBe(true);
    memory.set(Buffer.from("é"), INPUT);
    expect(new Utf8Validator().take(memory.subarray(INPUT, INPUT + 2))).toBe(true);
  });

  test("reads frame heads", () => {
    memory.set([0xc1, 0x85, ...KEY], INPUT);
    expect(parseFrameHead(INPUT, 6, true, 0x40)).toBe(6);
    const fields = Object.entries(frameTable).map(([name, read]) => [name, read()]);
    expect(Object.fromEntries(fields)).toEqual({
      isFinal: true,
      reserved: 0x40,
      opcode: 1,
      key,
      length: 5,
    });
    expect(frameReason(parseFrameHead(INPUT, 6, true, 0))).toBe("reserved bits are set");
    expect(frameReason(parseFrameHead(INPUT, 6, false, 0x40))).toBe("frame with the wrong masking");
  });
});
