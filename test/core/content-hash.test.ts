/** The names of contents of any length, while a streaming hash is under way. */

import { expect, test } from "vitest";
import { WINDOW_LENGTH } from "../../core-wasm/layout.ts";
import { contentHashOf, entityTagOf, Hash, hexDigest } from "../../src/core.ts";

const lengths = [0, 1, 12, 57 * 1024, 64 * 1024, WINDOW_LENGTH, WINDOW_LENGTH + 1];

test.each(lengths)("of %d bytes", (length) => {
  const content = Buffer.alloc(length, "content");
  const stream = new Hash("sha256").update("some").update(content);
  const expected = hexDigest("blake3", content).slice(0, 32);
  expect(contentHashOf(content)).toBe(expected);
  expect(contentHashOf(content.toString())).toBe(expected);
  expect(entityTagOf(content)).toBe(`"${expected}"`);
  stream.update("more");
  const whole = Buffer.concat([Buffer.from("some"), content, Buffer.from("more")]);
  expect(stream.hexDigest()).toBe(hexDigest("sha256", whole));
});
