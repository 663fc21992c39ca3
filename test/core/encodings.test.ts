/** Hexadecimal and base 64 on every build, against Buffer and Python's lenient base64.b64decode. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INPUT, OUTPUT } from "../../core-wasm/layout.ts";
import { BAD_BASE64, BAD_HEX } from "../../core-wasm/status.ts";
import { builds, type CoreBuild } from "../support/core-builds.ts";

/** The bytes, where a load beyond them traps. */
function atEnd(build: CoreBuild, bytes: Uint8Array): number {
  const start = build.memory.length - bytes.length;
  build.memory.set(bytes, start);
  return start;
}

function base64Encode(build: CoreBuild, bytes: Uint8Array): string {
  const length = build.wasm.base64Encode(atEnd(build, bytes), bytes.length, OUTPUT);
  return build.memory.toString("latin1", OUTPUT, OUTPUT + length);
}

/** What the text decodes to, or the status. */
function base64Decode(build: CoreBuild, text: string): string | number {
  const bytes = Buffer.from(text, "latin1");
  const length = build.wasm.base64Decode(atEnd(build, bytes), bytes.length, OUTPUT);
  return length < 0 ? length : build.memory.toString("latin1", OUTPUT, OUTPUT + length);
}

function unhex(build: CoreBuild, text: string): string | number {
  const bytes = Buffer.from(text, "latin1");
  const length = build.wasm.unhex(atEnd(build, bytes), bytes.length, OUTPUT);
  return length < 0 ? length : build.memory.toString("hex", OUTPUT, OUTPUT + length);
}

/** RFC 4648 section 10. */
const rfc4648 = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];

/** As CPython 3.11 answers; an error is `undefined`. */
const pythonCases: { text: string; decoded: string | undefined }[] = [
  { text: "", decoded: "" },
  { text: "Zg==", decoded: "f" },
  { text: "Zg=", decoded: undefined },
  { text: "Zg", decoded: undefined },
  { text: "Z", decoded: undefined },
  { text: "Zm9v\nYmFy", decoded: "foobar" },
  { text: "Zm9v!!YmFy", decoded: "foobar" },
  { text: "=Zm9v", decoded: "foo" },
  { text: "Zm9v=", decoded: "foo" },
  { text: "Zg==Zm9v", decoded: "f" },
  { text: "Zg=Zg==", decoded: "f\x06`" },
  { text: "Z=g=", decoded: undefined },
  { text: "Zg=ZZZg=", decoded: undefined },
  { text: "Z===", decoded: undefined },
  { text: "Zm9=", decoded: "fo" },
  { text: "Zh==", decoded: "f" },
  { text: "-_-_", decoded: "" },
];

describe.each(builds)("$name", (build) => {
  test("hexadecimal both ways, at every length", () => {
    for (let length = 0; length <= 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 37 + length);
      build.wasm.hex(atEnd(build, bytes), length, OUTPUT);
      const digits = build.memory.toString("latin1", OUTPUT, OUTPUT + 2 * length);
      expect(digits).toBe(Buffer.from(bytes).toString("hex"));
      expect(unhex(build, digits)).toBe(digits);
      expect(unhex(build, digits.toUpperCase())).toBe(digits);
    }
  });

  test("hexadecimal where the bytes are", () => {
    for (let length = 0; length <= 70; length++) {
      const bytes = Buffer.from(Uint8Array.from({ length }, (_, i) => 255 - i));
      build.memory.set(bytes, INPUT);
      build.wasm.hex(INPUT, length, INPUT);
      expect(build.memory.toString("latin1", INPUT, INPUT + 2 * length)).toBe(
        bytes.toString("hex"),
      );
    }
  });

  test("only pairs of hexadecimal digits are bytes", () => {
    for (const text of ["a", "abc"]) expect(unhex(build, text)).toBe(BAD_HEX);
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      const expected = /[0-9a-f]/i.test(character) ? `0${character.toLowerCase()}` : BAD_HEX;
      expect(unhex(build, `0${character}`)).toBe(expected);
    }
  });

  test.each(rfc4648)("base 64 of '%s'", (text) => {
    const encoded = base64Encode(build, Buffer.from(text));
    expect(encoded).toBe(Buffer.from(text).toString("base64"));
    expect(base64Decode(build, encoded)).toBe(text);
  });

  test.each(pythonCases)("base 64 '$text' decodes as in Python", ({ text, decoded }) => {
    expect(base64Decode(build, text)).toBe(decoded ?? BAD_BASE64);
  });

  test("base 64 both ways", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const encoded = base64Encode(build, bytes);
        expect(encoded).toBe(Buffer.from(bytes).toString("base64"));
        expect(base64Decode(build, encoded)).toBe(Buffer.from(bytes).toString("latin1"));
      }),
    );
  });
});
