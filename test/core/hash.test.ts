/**
 * The core's hashes on every build: against node:crypto and the digests of blake3.json, over sizes
 * around every block and chunk, whole and in pieces, unaligned, and at the very end of memory.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLAKE3, DIGEST, INPUT, SHA1, SHA256, SHA512 } from "../../core-wasm/layout.ts";
import { builds, type CoreBuild } from "../support/core-builds.ts";

const algorithms = [
  { name: "sha1", id: SHA1 },
  { name: "sha256", id: SHA256 },
  { name: "sha512", id: SHA512 },
];

interface Vectors {
  readonly digests: Readonly<Record<string, string>>;
}

const vectors = JSON.parse(
  readFileSync(new URL("./blake3.json", import.meta.url), "utf8"),
) as Vectors;
const blake3 = Object.entries(vectors.digests).map(([size, digest]) => ({
  size: Number(size),
  digest,
}));

/** The bytes of BLAKE3's official test vectors. */
function pattern(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 251));
}

/** Aligned, unaligned, and so that a load beyond the bytes traps. */
function places(build: CoreBuild, length: number): number[] {
  return [INPUT, INPUT + 1, build.memory.length - length];
}

function hexAt(build: CoreBuild, length: number): string {
  return build.memory.toString("hex", DIGEST, DIGEST + length);
}

function once(build: CoreBuild, id: number, bytes: Buffer, start: number): string {
  build.memory.set(bytes, start);
  return hexAt(build, build.wasm.hash(id, start, bytes.length, DIGEST));
}

function inPieces(build: CoreBuild, id: number, pieces: readonly Buffer[]): string {
  build.wasm.hashInit(id);
  for (const piece of pieces) {
    const start = build.memory.length - piece.length;
    build.memory.set(piece, start);
    build.wasm.hashUpdate(start, piece.length);
  }
  return hexAt(build, build.wasm.hashFinal(DIGEST));
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)];
}

describe.each(builds)("$name", (build) => {
  test.each(algorithms)("$name of every size up to three blocks", ({ name, id }) => {
    for (let size = 0; size <= 3 * 128 + 1; size++) {
      const bytes = pattern(size);
      const expected = createHash(name).update(bytes).digest("hex");
      for (const start of places(build, size)) {
        expect(once(build, id, bytes, start)).toBe(expected);
      }
    }
  });

  test.each(algorithms)("$name of long inputs", ({ name, id }) => {
    for (const size of [4095, 65_536, 100_001]) {
      const bytes = pattern(size);
      const expected = createHash(name).update(bytes).digest("hex");
      expect(once(build, id, bytes, INPUT + 3)).toBe(expected);
      expect(inPieces(build, id, cut(bytes, [1, 62, 1, 64, 127, 1000]))).toBe(expected);
    }
  });

  test.each(algorithms)("$name in any pieces", ({ name, id }) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (bytes, lengths) => {
          const expected = createHash(name).update(bytes).digest("hex");
          expect(inPieces(build, id, cut(Buffer.from(bytes), lengths))).toBe(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each(blake3)("blake3 of $size bytes", ({ size, digest }) => {
    const bytes = pattern(size);
    for (const start of places(build, size)) {
      expect(once(build, BLAKE3, bytes, start)).toBe(digest);
    }
    for (const piece of [1024, 1000, 4096, 17_000]) {
      const lengths = Array.from({ length: Math.ceil(size / piece) }, () => piece);
      expect(inPieces(build, BLAKE3, cut(bytes, lengths))).toBe(digest);
    }
  });

  test("digests and the names of contents may be put anywhere", () => {
    const bytes = pattern(200);
    const digests = algorithms.map(({ name, id }) => {
      return { id, digest: createHash(name).update(bytes).digest("hex") };
    });
    digests.push({ id: BLAKE3, digest: once(build, BLAKE3, bytes, INPUT) });
    for (let out = DIGEST; out < DIGEST + 8; out++) {
      build.memory.set(bytes, INPUT);
      for (const { id, digest } of digests) {
        const length = build.wasm.hash(id, INPUT, bytes.length, out);
        expect(build.memory.toString("hex", out, out + length)).toBe(digest);
      }
      build.wasm.contentHash(INPUT, bytes.length, out);
      const name = build.memory.toString("latin1", out, out + 32);
      expect(name).toBe(digests.at(-1)?.digest.slice(0, 32));
    }
  });

  test("blake3 byte by byte", () => {
    const { size, digest } = blake3.find((row) => row.size === 5121) ?? { size: 0, digest: "" };
    const bytes = pattern(size);
    expect(inPieces(build, BLAKE3, cut(bytes, Array(size).fill(1)))).toBe(digest);
  });

  test("blake3 in any pieces is blake3 at once", () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.array(fc.nat(20_000), { maxLength: 8 }), (size, lengths) => {
        const bytes = pattern(size);
        const whole = once(build, BLAKE3, bytes, INPUT);
        expect(inPieces(build, BLAKE3, cut(bytes, lengths))).toBe(whole);
      }),
      { numRuns: 20 },
    );
  });

  test("the name of a content is the first half of blake3", () => {
    for (const { size, digest } of blake3) {
      const start = build.memory.length - size;
      build.memory.set(pattern(size), start);
      build.wasm.contentHash(start, size, DIGEST);
      expect(build.memory.toString("latin1", DIGEST, DIGEST + 32)).toBe(digest.slice(0, 32));
    }
  });
});
