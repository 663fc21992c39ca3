/** The typed side of hashing: data of any length and kind, and several streams at once. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { INPUT, WINDOW_LENGTH } from "../../core-wasm/layout.ts";
import { memory } from "../../src/core/load.ts";
import { contentHash, digest, Hash, hexDigest, sha1, sha256, sha512 } from "../../src/core.ts";

/** The published digests of FIPS 180-4 and RFC 3174 (test 1 and 2), RFC 6234 (8.5). */
const published = [
  { name: "sha1", text: "abc", hex: "a9993e364706816aba3e25717850c26c9cd0d89d" },
  {
    name: "sha1",
    text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    hex: "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  },
  {
    name: "sha256",
    text: "abc",
    hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  },
  {
    name: "sha256",
    text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    hex: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  },
  {
    name: "sha512",
    text: "abc",
    hex:
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  },
  {
    name: "sha512",
    text: "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    hex:
      "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018" +
      "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
  },
] as const;

/** Of a million times "a", the third examples. */
const million = [
  { name: "sha1", hex: "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
  { name: "sha256", hex: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
  {
    name: "sha512",
    hex:
      "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb" +
      "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
  },
] as const;

describe("digests", () => {
  test.each(published)("$name of '$text'", ({ name, text, hex }) => {
    expect(hexDigest(name, text)).toBe(hex);
  });

  test.each(million)("$name of a million letters", ({ name, hex }) => {
    expect(hexDigest(name, "a".repeat(1_000_000))).toBe(hex);
  });

  test("of the WebSocket handshake in RFC 6455 section 1.3", () => {
    const accept = sha1("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    expect(accept.toString("base64")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  test("of text are those of its UTF-8", () => {
    for (const text of ["", "plain", "ñandú", "測試", "😀", "x".repeat(5000), "é".repeat(300)]) {
      expect(sha256(text)).toEqual(createHash("sha256").update(text).digest());
      expect(sha512(Buffer.from(text))).toEqual(createHash("sha512").update(text).digest());
    }
  });

  test.each([WINDOW_LENGTH - 1, WINDOW_LENGTH, WINDOW_LENGTH + 1, 3 * WINDOW_LENGTH + 5])(
    "of %d bytes, around the window's length",
    (length) => {
      const bytes = Buffer.alloc(length, "Squall ");
      expect(hexDigest("sha1", bytes)).toBe(createHash("sha1").update(bytes).digest("hex"));
      const text = bytes.toString();
      expect(hexDigest("sha512", text)).toBe(createHash("sha512").update(text).digest("hex"));
    },
  );

  test("of bytes that lie in the core's memory", () => {
    memory.write("in place", INPUT);
    const view = memory.subarray(INPUT, INPUT + 8);
    expect(digest("sha256", view)).toEqual(createHash("sha256").update("in place").digest());
  });
});

describe("Hash", () => {
  test("several at once do not disturb each other, nor do digests between", () => {
    const parts = ["one", "", "two", "x".repeat(2000), "é"];
    const first = new Hash("sha256");
    const second = new Hash("sha512");
    const third = new Hash("blake3");
    for (const part of parts) {
      first.update(part);
      second.update(Buffer.from(part));
      third.update(part);
      sha1(part);
    }
    const whole = parts.join("");
    expect(second.hexDigest()).toBe(createHash("sha512").update(whole).digest("hex"));
    expect(third.digest()).toEqual(digest("blake3", whole));
    expect(first.digest()).toEqual(createHash("sha256").update(whole).digest());
  });

  test("one that starts while another is under way", () => {
    const first = new Hash("sha1").update("a");
    expect(new Hash("sha1").update("b").hexDigest()).toBe(hexDigest("sha1", "b"));
    expect(first.update("c").hexDigest()).toBe(hexDigest("sha1", "ac"));
  });

  test("cannot be used after its digest", () => {
    const hash = new Hash("sha1");
    hash.digest();
    expect(() => hash.update("more")).toThrow("Cannot use a hash again");
    expect(() => hash.digest()).toThrow("Cannot use a hash again");
  });
});

test("contentHash is BLAKE3's first 128 bits", () => {
  memory.write("Hello, world", INPUT);
  expect(contentHash(INPUT, 12)).toBe(hexDigest("blake3", "Hello, world").slice(0, 32));
  expect(contentHash(INPUT, 0)).toBe("af1349b9f5f9a1a6a0404dea36dcc949");
});
