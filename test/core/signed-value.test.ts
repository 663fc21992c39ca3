/**
 * Signed values and XSRF tokens on every build, against what Tornado made and judged of them
 * (signed-values.json, xsrf-tokens.json), each input at the very end of memory.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  KEYS,
  NAME,
  OUTPUT,
  WINDOW,
  XSRF_TIMESTAMP_HIGH,
  XSRF_TIMESTAMP_LOW,
  XSRF_VERSION,
} from "../../core-wasm/layout.ts";
import {
  BAD_BASE64,
  BAD_SIGNATURE,
  BAD_SIGNED_VALUE,
  BAD_TIMESTAMP,
  EXPIRED,
  WRONG_NAME,
} from "../../core-wasm/status.ts";
import { builds, type CoreBuild, statusName } from "../support/core-builds.ts";

const DAY = 86_400;

interface Signed {
  readonly now: number;
  readonly created: readonly {
    readonly secret: string;
    readonly name: string;
    readonly value: string;
    readonly version: number;
    readonly keyVersion: number;
    readonly timestamp: number;
    readonly signed: string;
  }[];
  readonly judged: readonly {
    readonly secret: string;
    readonly name: string;
    readonly signed: string;
    readonly minVersion: number;
    readonly maxAgeDays: number;
    readonly decoded: string | null;
  }[];
}

interface Tokens {
  readonly encoded: readonly {
    readonly mask: string;
    readonly token: string;
    readonly timestamp: number;
    readonly text: string;
  }[];
  readonly decoded: readonly {
    readonly text: string;
    readonly decoded: { version: number; token: string; timestamp: number | null } | null;
  }[];
}

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./${name}`, import.meta.url), "utf8"));
}

const { now, created, judged } = fixture("signed-values.json") as Signed;
const tokens = fixture("xsrf-tokens.json") as Tokens;

function atEnd(build: CoreBuild, bytes: Uint8Array): number {
  const start = build.memory.length - bytes.length;
  build.memory.set(bytes, start);
  return start;
}

function prepare(build: CoreBuild, secret: string): void {
  const bytes = Buffer.from(secret);
  build.wasm.hmacKey(KEYS, atEnd(build, bytes), bytes.length);
}

function create(build: CoreBuild, row: Signed["created"][number]): string {
  prepare(build, row.secret);
  const name = Buffer.from(row.name);
  build.memory.set(name, NAME);
  const value = Buffer.from(row.value, "hex");
  const start = atEnd(build, value);
  const { signValueV1, signValueV2 } = build.wasm;
  const length =
    row.version === 1
      ? signValueV1(KEYS, row.timestamp, NAME, name.length, start, value.length, OUTPUT)
      : signValueV2(
          KEYS,
          row.keyVersion,
          row.timestamp,
          NAME,
          name.length,
          start,
          value.length,
          OUTPUT,
        );
  return build.memory.toString("utf8", OUTPUT, OUTPUT + length);
}

interface Question {
  readonly name?: string;
  readonly minVersion?: number;
  readonly maxAgeDays?: number;
}

/** What the value decodes to, in hexadecimal, or the name of the status. */
function judge(build: CoreBuild, signed: string, question: Question = {}): string {
  const name = Buffer.from(question.name ?? "user");
  build.memory.set(name, NAME);
  const bytes = Buffer.from(signed, "latin1");
  const length = build.wasm.verifyValue(
    KEYS,
    atEnd(build, bytes),
    bytes.length,
    NAME,
    name.length,
    question.minVersion ?? 1,
    now - (question.maxAgeDays ?? 31) * DAY,
    now + 31 * DAY,
    WINDOW,
  );
  if (length < 0) return statusName(length);
  return build.memory.toString("hex", WINDOW, WINDOW + length);
}

/** The core's own signature over a value of version 2 that need not be well formed. */
function sign(build: CoreBuild, text: string): string {
  const bytes = Buffer.from(text);
  const { hmac, hex } = build.wasm;
  hmac(2, KEYS, atEnd(build, bytes), bytes.length, OUTPUT);
  hex(OUTPUT, 32, OUTPUT);
  return text + build.memory.toString("latin1", OUTPUT, OUTPUT + 64);
}

const status = statusName;

describe.each(builds)("$name", (build) => {
  test("writes what Tornado writes", () => {
    expect(created.length).toBeGreaterThan(50);
    for (const row of created) expect(create(build, row)).toBe(row.signed);
  });

  test("judges as Tornado judges", () => {
    expect(judged.length).toBeGreaterThan(300);
    for (const row of judged) {
      prepare(build, row.secret);
      const verdict = judge(build, row.signed, row);
      const isStatus = /^BAD_|^WRONG_|^EXPIRED/.test(verdict);
      expect({ ...row, decoded: isStatus ? null : verdict }).toEqual(row);
    }
  });

  test("says why a value is refused, in Tornado's order", () => {
    prepare(build, "a secret");
    const made = (timestamp: number) =>
      sign(build, `2|1:0|${String(timestamp).length}:${timestamp}|4:user|4:dmFs|`);
    const fresh = made(now);
    expect(judge(build, fresh)).toBe(Buffer.from("val").toString("hex"));
    expect(judge(build, `${fresh.slice(0, -1)}x`, { name: "other" })).toBe(status(BAD_SIGNATURE));
    expect(judge(build, made(1), { name: "other" })).toBe(status(WRONG_NAME));
    expect(judge(build, made(1))).toBe(status(EXPIRED));
    expect(judge(build, sign(build, "2|1:0|1:1|4:user|3:dmF|"))).toBe(status(EXPIRED));
    expect(judge(build, sign(build, `2|1:0|10:${now}|4:user|3:dmF|`))).toBe(status(BAD_BASE64));
    expect(judge(build, `dmFs|${now}|${"0".repeat(39)}|`)).toBe(status(BAD_SIGNED_VALUE));
    expect(judge(build, `dmFs|${now}|${"0".repeat(40)}`)).toBe(status(BAD_SIGNATURE));
    expect(judge(build, "")).toBe(status(BAD_SIGNED_VALUE));
  });

  test("numbers have digits only, though Python's int() takes more", () => {
    prepare(build, "a secret");
    for (const length of ["+4", " 4", "4 ", "1_0", "-1", "0x4", "٤"]) {
      const value = sign(build, `2|1:0|10:${now}|${length}:user|4:dmFs|`);
      expect(judge(build, value)).toBe(status(BAD_SIGNED_VALUE));
    }
    const value = sign(build, `2|1:0|11:+${now}|4:user|4:dmFs|`);
    expect(judge(build, value)).toBe(status(BAD_SIGNED_VALUE));
  });

  test("a name is all of it, and an age just old enough is", () => {
    prepare(build, "a secret");
    const value = sign(build, `2|1:0|10:${now}|4:user|4:dmFs|`);
    for (const name of ["use", "users", "User", ""]) {
      expect(judge(build, value, { name }), name).toBe(status(WRONG_NAME));
    }
    const made = (age: number) => `2|1:0|10:${now - age}|4:user|4:dmFs|`;
    expect(judge(build, sign(build, made(DAY)), { maxAgeDays: 1 })).toBe("76616c");
    expect(judge(build, sign(build, made(DAY + 1)), { maxAgeDays: 1 })).toBe(status(EXPIRED));
  });

  test.each([
    "2|:|10:NOW|4:user|4:dmFs|",
    "2|1:0|:|4:user|4:dmFs|",
    "2|1:0|10:NOW|4:user|:|",
    "2|1:0|10:NOW|4_user|4:dmFs|",
    "2|1:0|10:NOW|4:user4:dmFs|",
    "2|1:0|10:NOW|4:user:4:dmFs|",
    "2|1:0_10:NOW|4:user|4:dmFs|",
    "2|1:0|10:NOW|4:user|4:dmFs",
    "2|1:0|10:NOW|4:user|5:dmFs|",
    "2|1:0|10:NOW|0000000004:user|4:dmFs|",
    "2|1:x|10:NOW|4:user|4:dmFs|",
    "2|",
    "2",
  ])("%s is malformed, though its signature is right", (text) => {
    prepare(build, "a secret");
    const signed = sign(build, text.replace("NOW", String(now)));
    const verdict = judge(build, signed, { name: "user" });
    expect([status(BAD_SIGNED_VALUE), status(BAD_SIGNATURE)]).toContain(verdict);
    expect(judge(build, signed, { name: "" })).toBe(verdict);
  });

  test("version 1 with its time moved, or from the future", () => {
    const row = { secret: "k", name: "user", version: 1, keyVersion: 0, signed: "" };
    const value = Buffer.from("v4l").toString("hex");
    const future = create(build, { ...row, value, timestamp: now + 31 * DAY + 1 });
    expect(judge(build, future)).toBe(status(BAD_TIMESTAMP));
    const limit = create(build, { ...row, value, timestamp: now + 31 * DAY });
    expect(judge(build, limit)).toBe(value);
  });

  test("a long name and value", () => {
    const row = { secret: "k", keyVersion: 4_294_967_295, timestamp: 2 ** 53 - 1, signed: "" };
    const name = "n".repeat(16 * 1024);
    const value = Buffer.alloc(100_000, "v").toString("hex");
    for (const version of [1, 2]) {
      const signed = create(build, { ...row, name, value, version });
      const verdict = judge(build, signed, { name, maxAgeDays: 1e6 });
      expect(verdict).toBe(version === 1 ? status(BAD_TIMESTAMP) : value);
    }
  });

  test("masks XSRF tokens as Tornado does", () => {
    for (const { mask, token, timestamp, text } of tokens.encoded) {
      const bytes = Buffer.from(token, "hex");
      const key = Buffer.from(mask, "hex").readInt32LE();
      const start = atEnd(build, bytes);
      const length = build.wasm.encodeXsrfToken(start, bytes.length, key, timestamp, OUTPUT);
      expect(build.memory.toString("latin1", OUTPUT, OUTPUT + length)).toBe(text);
    }
  });

  test("reads XSRF tokens as Tornado does", () => {
    expect(tokens.decoded.length).toBeGreaterThan(100);
    for (const { text, decoded } of tokens.decoded) {
      expect({ text, decoded: readToken(build, text) }).toEqual({ text, decoded });
    }
  });

  test("a time above 2^53 is refused", () => {
    expect(readToken(build, `2|00000000|00|${"9".repeat(15)}`)?.timestamp).toBe(10 ** 15 - 1);
    expect(readToken(build, `2|00000000|00|${"9".repeat(16)}`)).toBe(null);
  });

  test("a mask that is not four bytes is refused", () => {
    for (const text of [
      "2||00|1",
      "2|0102|00|1",
      "2|0102030405|00|1",
      "2|01020304",
      "2|010203041",
    ]) {
      expect(readToken(build, text)).toBe(null);
    }
  });
});

function readToken(build: CoreBuild, text: string) {
  const bytes = Buffer.from(text);
  build.table.fill(-1);
  const length = build.wasm.decodeXsrfToken(atEnd(build, bytes), bytes.length, OUTPUT);
  if (length < 0) return null;
  const version = build.table[XSRF_VERSION];
  const high = build.table[XSRF_TIMESTAMP_HIGH] ?? 0;
  const low = (build.table[XSRF_TIMESTAMP_LOW] ?? 0) >>> 0;
  return {
    version,
    token: build.memory.toString("hex", OUTPUT, OUTPUT + length),
    timestamp: version === 2 ? high * 2 ** 32 + low : null,
  };
}
