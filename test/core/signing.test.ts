/** The typed side of signing: text and bytes of any kind, many keys, and Python's Tornado itself. */

import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createSignedValue,
  decodeSignedValue,
  decodeXsrfToken,
  encodeXsrfToken,
  hmacSha1,
  hmacSha256,
  SigningKey,
  signedValueKeyVersion,
  timingSafeEqual,
} from "../../src/core.ts";

const now = 1_763_683_200;
const times = { oldest: now - 100, newest: now + 100 };
const key = new SigningKey("a secret");

describe("signed values", () => {
  test("any name and any bytes, in both versions", () => {
    const names = fc.string({ unit: "binary" }).filter((name) => !name.includes("\n"));
    fc.assert(
      fc.property(names, fc.uint8Array(), fc.constantFrom(1, 2), (name, value, version) => {
        const signed = createSignedValue(key, name, value, { version, timestamp: now });
        const decoded = decodeSignedValue(key, name, signed, times);
        expect(decoded).toEqual(Buffer.from(value));
        expect(decodeSignedValue(key, `${name}x`, signed, times)).toBe(undefined);
      }),
    );
  });

  test("any text, as UTF-8", () => {
    for (const text of ["", "plain", "ñandú ☃ 😀", "é".repeat(5000)]) {
      const signed = createSignedValue(key, "täxt", text, { timestamp: now });
      expect(decodeSignedValue(key, "täxt", signed, times)?.toString()).toBe(text);
      expect(decodeSignedValue(key, "täxt", Buffer.from(signed), times)?.toString()).toBe(text);
    }
  });

  test("lengths count bytes, also in a name that is not ASCII", () => {
    const signed = createSignedValue(key, "ñ", "v", { timestamp: now });
    expect(signed.startsWith("2|1:0|10:1763683200|2:ñ|4:dg==|")).toBe(true);
  });

  test("no bit of it can be changed", () => {
    const signed = Buffer.from(createSignedValue(key, "user", "value", { timestamp: now }));
    for (let bit = 0; bit < signed.length * 8; bit++) {
      const other = Buffer.from(signed);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeSignedValue(key, "user", other, times)).toBe(undefined);
    }
  });

  test("key versions", () => {
    const signed = createSignedValue(key, "n", "v", { timestamp: now, keyVersion: 12 });
    expect(signedValueKeyVersion(signed)).toBe(12);
    expect(decodeSignedValue(key, "n", signed, times)?.toString()).toBe("v");
    const first = createSignedValue(key, "n", "v", { timestamp: now, version: 1 });
    expect(signedValueKeyVersion(first)).toBe(undefined);
    expect(signedValueKeyVersion("2|x")).toBe(undefined);
  });

  test("least version", () => {
    const first = createSignedValue(key, "n", "v", { timestamp: now, version: 1 });
    expect(decodeSignedValue(key, "n", first, { ...times, minVersion: 2 })).toBe(undefined);
    expect(decodeSignedValue(key, "n", first, times)?.toString()).toBe("v");
  });

  test("the longest that is signed verifies; longer is an error of ours, or nothing of a peer", () => {
    const value = Buffer.alloc(128 * 1024, "v");
    const name = "n".repeat(16 * 1024);
    const signed = createSignedValue(key, name, value, { timestamp: now });
    expect(decodeSignedValue(key, name, signed, times)).toEqual(value);
    const longer = Buffer.alloc(value.length + 1);
    const sign = (name: string, value: Buffer) =>
      createSignedValue(key, name, value, { timestamp: now });
    expect(() => sign("n", longer)).toThrow(RangeError);
    expect(() => sign(`${name}n`, value)).toThrow(RangeError);
    const huge = "2|1:0|".padEnd(300 * 1024, "x");
    expect(decodeSignedValue(key, "n", huge, times)).toBe(undefined);
    expect(signedValueKeyVersion(huge)).toBe(undefined);
    expect(decodeXsrfToken(huge)).toBe(undefined);
  });

  test("times and key versions that are no whole numbers are refused", () => {
    for (const timestamp of [Number.NaN, -1, 1.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(() => createSignedValue(key, "n", "v", { timestamp })).toThrow(RangeError);
      expect(() => encodeXsrfToken(Buffer.alloc(16), Buffer.alloc(4), timestamp)).toThrow(
        RangeError,
      );
    }
    for (const keyVersion of [-1, 0.5, 2 ** 32]) {
      expect(() => createSignedValue(key, "n", "v", { timestamp: now, keyVersion })).toThrow(
        "the key version is",
      );
    }
  });
});

describe("keys", () => {
  test("more of them than the core has room for", () => {
    const secrets = Array.from({ length: 150 }, (_, i) => `secret ${i}`);
    const keys = secrets.map((secret) => new SigningKey(secret));
    for (const step of [1, 7]) {
      for (let i = 0; i < keys.length; i++) {
        const at = (i * step) % keys.length;
        const expected = createHmac("sha256", secrets[at] ?? "")
          .update("data")
          .digest();
        expect(hmacSha256(keys[at] as SigningKey, "data")).toEqual(expected);
      }
    }
  });

  test("bytes and text, long ones too", () => {
    for (const secret of ["", "ñ", "k".repeat(64), "k".repeat(65), "x".repeat(5000)]) {
      const expected = createHmac("sha1", secret).update("ö").digest();
      expect(hmacSha1(new SigningKey(secret), "ö")).toEqual(expected);
      expect(hmacSha1(new SigningKey(Buffer.from(secret)), Buffer.from("ö"))).toEqual(expected);
    }
  });
});

test("timingSafeEqual", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(timingSafeEqual(a, Buffer.from(a))).toBe(true);
      expect(timingSafeEqual(a, b)).toBe(Buffer.from(a).equals(Buffer.from(b)));
    }),
  );
});

describe("XSRF tokens", () => {
  test("any token under any mask", () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(fc.uint8Array(), bytes(4), fc.nat(), (token, mask, timestamp) => {
        const text = encodeXsrfToken(token, mask, timestamp);
        const expected = { version: 2, token: Buffer.from(token), timestamp };
        expect(decodeXsrfToken(text)).toEqual(expected);
        expect(text.split("|")[1]).toBe(Buffer.from(mask).toString("hex"));
      }),
    );
  });

  test("version 1 is hexadecimal, or as it is", () => {
    const timestamp = undefined;
    expect(decodeXsrfToken("00ff")).toEqual({
      version: 1,
      token: Buffer.from([0, 255]),
      timestamp,
    });
    expect(decodeXsrfToken("xoxo")).toEqual({ version: 1, token: Buffer.from("xoxo"), timestamp });
  });

  test("a mask of another length is refused", () => {
    expect(() => encodeXsrfToken(Buffer.alloc(16), Buffer.alloc(3), now)).toThrow(RangeError);
  });
});

/** Debian's Python, which has Debian's Tornado. */
const PYTHON = "/usr/bin/python3";
const script = `
import json, sys
from tornado.web import create_signed_value, decode_signed_value
rows = json.load(sys.stdin)
for row in rows:
    value = bytes.fromhex(row["value"])
    clock = lambda: row["timestamp"]
    decoded = decode_signed_value(row["secret"], row["name"], row["signed"], clock=clock)
    row["decoded"] = None if decoded is None else decoded.hex()
    signed = create_signed_value(row["secret"], row["name"], value, version=row["version"],
                                 clock=clock, key_version=row["keyVersion"])
    row["theirs"] = signed.decode()
json.dump(rows, sys.stdout)
`;
const hasTornado = spawnSync(PYTHON, ["-c", "import tornado.web"]).status === 0;

test.skipIf(!hasTornado)("Python's Tornado reads ours and writes the same", () => {
  const ascii = fc.string({ minLength: 1 });
  const rows = fc
    .sample(fc.tuple(ascii, ascii, fc.uint8Array(), fc.nat(), fc.nat(999), fc.boolean()), 200)
    .map(([secret, name, bytes, timestamp, keyVersion, first]) => {
      const version: 1 | 2 = first ? 1 : 2;
      const options = first ? { version, timestamp } : { version, timestamp, keyVersion };
      const signed = createSignedValue(new SigningKey(secret), name, bytes, options);
      const value = Buffer.from(bytes).toString("hex");
      return { secret, name, value, version, timestamp, keyVersion, signed };
    });
  const result = spawnSync(PYTHON, ["-c", script], {
    input: JSON.stringify(rows),
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const answers = JSON.parse(result.stdout) as { decoded: string | null; theirs: string }[];
  expect(answers.map((answer) => answer.theirs)).toEqual(rows.map((row) => row.signed));
  // Of version 1, Tornado refuses times that start with a zero: 0 itself.
  const expected = rows.map((row) => (row.version === 1 && row.timestamp === 0 ? null : row.value));
  expect(answers.map((answer) => answer.decoded)).toEqual(expected);
});
