/** Memory for messages and bodies: everyone's own. */

import { expect, test } from "vitest";
import { newLarge } from "../../src/core.ts";

const MIB = 1024 * 1024;

test("each has bytes of its own, however much has been asked for and forgotten", () => {
  const kept: Uint8Array[] = [];
  for (let index = 0; index < 1024; index++) {
    const bytes = newLarge(64 * 1024).fill(index);
    if (index % 32 === 0) kept.push(bytes);
  }
  expect(kept).toHaveLength(32);
  for (const [place, bytes] of kept.entries()) {
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
    expect(bytes.every((byte) => byte === (place * 32) % 256)).toBe(true);
  }
});

test("no length is too small or too large", () => {
  for (const length of [0, 1, 3 * MIB, 70 * MIB]) expect(newLarge(length).length).toBe(length);
});
