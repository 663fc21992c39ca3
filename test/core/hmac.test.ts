/** HMAC on every build: the vectors of RFC 2202 and RFC 4231, and any key and data against node:crypto. */

import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DIGEST, INPUT, KEYS, SHA1, SHA256 } from "../../core-wasm/layout.ts";
import { builds, type CoreBuild } from "../support/core-builds.ts";

interface Vector {
  readonly key: Buffer;
  readonly data: Buffer;
  readonly code: string;
}

/** RFC 2202 section 3. */
const rfc2202: Vector[] = [
  vector("0b".repeat(20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
  vector("Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
  vector("aa".repeat(20), Buffer.alloc(50, 0xdd), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
  vector(
    "0102030405060708090a0b0c0d0e0f10111213141516171819",
    Buffer.alloc(50, 0xcd),
    "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
  ),
  vector("0c".repeat(20), "Test With Truncation", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"),
  vector(
    "aa".repeat(80),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "aa4ae5e15272d00e95705637ce8a3b55ed402112",
  ),
  vector(
    "aa".repeat(80),
    "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
    "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
  ),
];

/** RFC 4231 section 4, but for 4.6, whose code is truncated. */
const rfc4231: Vector[] = [
  vector(
    "0b".repeat(20),
    "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ),
  vector(
    "Jefe",
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ),
  vector(
    "aa".repeat(20),
    Buffer.alloc(50, 0xdd),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ),
  vector(
    "0102030405060708090a0b0c0d0e0f10111213141516171819",
    Buffer.alloc(50, 0xcd),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ),
  vector(
    "aa".repeat(131),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ),
  vector(
    "aa".repeat(131),
    "This is a test using a larger than block-size key and a larger than block-size data. " +
      "The key needs to be hashed before being used by the HMAC algorithm.",
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ),
];

/** The RFCs write keys in hexadecimal, but for one. */
function vector(key: string, data: string | Buffer, code: string): Vector {
  const bytes = key === "Jefe" ? Buffer.from(key) : Buffer.from(key, "hex");
  return { key: bytes, data: Buffer.from(data), code };
}

function hmac(build: CoreBuild, id: number, key: Uint8Array, data: Uint8Array): string {
  const keyStart = build.memory.length - key.length;
  build.memory.set(key, keyStart);
  build.wasm.hmacKey(KEYS, keyStart, key.length);
  const start = build.memory.length - data.length;
  build.memory.set(data, start);
  const length = build.wasm.hmac(id, KEYS, start, data.length, DIGEST);
  return build.memory.toString("hex", DIGEST, DIGEST + length);
}

describe.each(builds)("$name", (build) => {
  test("RFC 2202, HMAC-SHA1", () => {
    for (const { key, data, code } of rfc2202) expect(hmac(build, SHA1, key, data)).toBe(code);
  });

  test("RFC 4231, HMAC-SHA256", () => {
    for (const { key, data, code } of rfc4231) expect(hmac(build, SHA256, key, data)).toBe(code);
  });

  test("every length of key and data around the block", () => {
    for (const keyLength of [0, 1, 63, 64, 65, 128]) {
      const key = Buffer.alloc(keyLength, "key");
      for (let length = 0; length <= 130; length++) {
        const data = Buffer.alloc(length, "data");
        const expected = createHmac("sha256", key).update(data).digest("hex");
        expect(hmac(build, SHA256, key, data)).toBe(expected);
        const expected1 = createHmac("sha1", key).update(data).digest("hex");
        expect(hmac(build, SHA1, key, data)).toBe(expected1);
      }
    }
  });

  test("any key and any data", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 500 }),
        (key, data) => {
          const expected = createHmac("sha256", key).update(data).digest("hex");
          expect(hmac(build, SHA256, key, data)).toBe(expected);
        },
      ),
    );
  });

  test("equal compares every byte, and none beyond", () => {
    for (let length = 0; length <= 80; length++) {
      const bytes = Buffer.alloc(length, "squall");
      const start = build.memory.length - length;
      build.memory.set(bytes, start);
      build.memory.set(bytes, INPUT + 1);
      build.memory[INPUT + 1 + length] = 0xff;
      expect(build.wasm.equal(INPUT + 1, start, length)).toBe(1);
      for (let i = 0; i < length; i++) {
        build.memory[INPUT + 1 + i] = (bytes[i] ?? 0) ^ 0x80;
        expect(build.wasm.equal(start, INPUT + 1, length)).toBe(0);
        build.memory[INPUT + 1 + i] = bytes[i] ?? 0;
      }
    }
  });
});
