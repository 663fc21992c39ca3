import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  type CookieSecret,
  createSignedValue,
  decodeSignedValue,
  getSignatureKeyVersion,
  RequestHandler,
  type Settings,
} from "../../src/web.ts";
import { type Answer, ask } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const secret = "It's a secret to everybody";
const at = (clock: number) => ({ clock: () => clock });
const DAY = 24 * 60 * 60;

describe("signed values", () => {
  test("are byte for byte Tornado's", () => {
    // The example of Tornado's own tests.
    const signed = createSignedValue(secret, "key", "value", { version: 2, ...at(1300000000) });
    expect(signed).toBe(
      "2|1:0|10:1300000000|3:key|8:dmFsdWU=|3d4e60b996ff9c5d5788e333a0cba6f238a22c6c0f94788870e1a9ecd482e152",
    );
    const v1 = createSignedValue(secret, "key", "value", { version: 1, ...at(1300000000) });
    expect(v1).toBe("dmFsdWU=|1300000000|31c934969f53e48164c50768b40cbd7e2daaaa4f");
  });

  test.each([1, 2] as const)("of version %d can be read again, whatever the bytes", (version) => {
    for (const value of ["", "x", "grü", "\0|:", "x".repeat(5000), Uint8Array.of(0, 255, 128)]) {
      const signed = createSignedValue(secret, "näme", value, { version });
      const decoded = decodeSignedValue(secret, "näme", signed);
      expect(decoded?.toString("hex")).toBe(Buffer.from(value as string).toString("hex"));
    }
  });

  test.each([5, undefined, null, {}, true])("are not made of %s", (value) => {
    expect(() => createSignedValue(secret, "key", value as string)).toThrow(
      `Cannot sign "key": expected text or bytes, got ${String(value)}`,
    );
  });

  const signed = createSignedValue(secret, "key", "value", at(1300000000));
  const now = at(1300000000);

  test("of an age that is no number are not taken for young ones", () => {
    for (const maxAgeDays of [Number.NaN, "31 days" as unknown as number]) {
      const options = { ...at(1900000000), maxAgeDays };
      expect(() => decodeSignedValue(secret, "key", signed, options)).toThrow(RangeError);
    }
    const ever = { ...at(1900000000), maxAgeDays: Number.POSITIVE_INFINITY };
    expect(decodeSignedValue(secret, "key", signed, ever)?.toString()).toBe("value");
  });
  const forgeries = [
    { name: "nothing", value: "" },
    { name: "another name", value: signed.replace("3:key", "3:kex") },
    { name: "another value", value: signed.replace("dmFsdWU=", "dmFsdWX=") },
    { name: "another time", value: signed.replace("1300000000", "1300000001") },
    { name: "another key version", value: signed.replace("1:0", "1:1") },
    { name: "a cut signature", value: signed.slice(0, -1) },
    { name: "a longer signature", value: `${signed}0` },
    { name: "no signature", value: signed.slice(0, signed.lastIndexOf("|") + 1) },
    { name: "a signature in capitals", value: signed.toUpperCase() },
    { name: "another version", value: signed.replace(/^2/, "3") },
    { name: "a version that is no number", value: signed.replace(/^2/, "x") },
    { name: "a version of 400 digits", value: `${"9".repeat(400)}${signed.slice(1)}` },
    { name: "a length of 400 digits", value: signed.replace("3:key", `${"9".repeat(400)}:key`) },
    { name: "lengths with signs", value: signed.replace("3:key", "+3:key") },
    { name: "garbage", value: "x|y|z" },
    { name: "bars", value: "|".repeat(100_000) },
    { name: "a value of a megabyte", value: "2|".padEnd(1_000_000, "x") },
  ];
  test.each(forgeries)("$name is nothing", ({ value }) => {
    expect(decodeSignedValue(secret, "key", value, now)).toBeUndefined();
  });

  test("under another name or secret are nothing", () => {
    expect(decodeSignedValue(secret, "key2", signed, now)).toBeUndefined();
    expect(decodeSignedValue("another secret", "key", signed, now)).toBeUndefined();
    expect(decodeSignedValue(secret, "key", undefined, now)).toBeUndefined();
  });

  test("have an age: 31 days by default", () => {
    for (const version of [1, 2] as const) {
      const value = createSignedValue(secret, "k", "v", { version, ...at(1300000000) });
      const later = (days: number, options = {}) =>
        decodeSignedValue(secret, "k", value, { ...at(1300000000 + days * DAY), ...options });
      expect(later(30.9)).toBeDefined();
      expect(later(31.1)).toBeUndefined();
      expect(later(2, { maxAgeDays: 1 })).toBeUndefined();
      expect(later(365, { maxAgeDays: 366 })).toBeDefined();
    }
  });

  test("of version 1 whose digits were moved into the time are nothing", () => {
    const v1 = createSignedValue(secret, "k", "1234", { version: 1, ...at(1300000000) });
    const [value = "", time = "", signature = ""] = v1.split("|");
    const moved = `${value.slice(0, 4)}|${value.slice(4)}${time}|${signature}`;
    expect(decodeSignedValue(secret, "k", moved, now)).toBeUndefined();
    const zeros = `${value}|0${time}|${signature}`;
    expect(decodeSignedValue(secret, "k", zeros, now)).toBeUndefined();
  });

  test("of too old a version are nothing", () => {
    const v1 = createSignedValue(secret, "k", "v", { version: 1 });
    expect(decodeSignedValue(secret, "k", v1)).toBeDefined();
    expect(decodeSignedValue(secret, "k", v1, { minVersion: 2 })).toBeUndefined();
  });

  test("may be signed by one of several keys", () => {
    const secrets: CookieSecret = { 0: "first key", 1: "second key" };
    const value = createSignedValue(secrets, "k", "v", { keyVersion: 1 });
    expect(getSignatureKeyVersion(value)).toBe(1);
    expect(decodeSignedValue(secrets, "k", value)?.toString()).toBe("v");
    expect(decodeSignedValue({ 0: "first key" }, "k", value)).toBeUndefined();
    expect(decodeSignedValue({ 1: "first key" }, "k", value)).toBeUndefined();
    const swapped = value.replace("1:1", "1:0");
    expect(decodeSignedValue(secrets, "k", swapped)).toBeUndefined();
    expect(() => createSignedValue(secrets, "k", "v")).toThrow(/key version is none of 0, 1/);
    expect(() => createSignedValue(secrets, "k", "v", { keyVersion: 2 })).toThrow(/none of/);
    expect(getSignatureKeyVersion("dmFsdWU=|1300000000|31c9")).toBeUndefined();
  });

  test("need a secret", () => {
    expect(() => createSignedValue("", "k", "v")).toThrow(/empty/);
  });
});

describe("signed cookies", () => {
  const exchange = (
    act: (handler: RequestHandler) => void,
    cookie?: string,
    settings: Settings = { cookieSecret: secret },
  ): Promise<Answer> => {
    class Signs extends RequestHandler {
      get(): void {
        act(this);
      }
    }
    const headers = cookie === undefined ? {} : { Cookie: cookie };
    return ask([["/", Signs]], "GET /", { headers, settings });
  };
  const cookieOf = (answer: Answer): string => answer.header("Set-Cookie")[0]?.split("; ")[0] ?? "";

  test("are set for 30 days and read, under both names", async () => {
    const set = await exchange((handler) => handler.setSecureCookie("user", "Jürgen"));
    const [text = ""] = set.header("Set-Cookie");
    expect(text).toMatch(/^user="2\|1:0\|10:\d{10}\|4:user\|12:SsO8cmdlbg==\|[0-9a-f]{64}";/);
    const until = Date.parse(/expires=([^;]*)/.exec(text)?.[1] ?? "");
    expect(Math.abs(until - Date.now() - 30 * DAY * 1000)).toBeLessThan(60_000);
    const got = await exchange((handler) => {
      handler.write(`${handler.getSecureCookie("user")} ${handler.getSignedCookie("user")}`);
    }, cookieOf(set));
    expect(Buffer.from(got.body, "latin1").toString()).toBe("Jürgen Jürgen");
  });

  test("take attributes, and none for a cookie that ends with the browser", async () => {
    const set = await exchange((handler) => {
      handler.setSignedCookie("a", "1", { expiresDays: undefined, httpOnly: true, version: 1 });
    });
    expect(set.header("Set-Cookie")[0]).toMatch(/^a="MQ==\|\d+\|[0-9a-f]{40}"; HttpOnly; Path=\/$/);
  });

  test("that are forged or missing are as if not set", async () => {
    const signed = createSignedValue(secret, "user", "me");
    for (const cookie of [undefined, "user=me", `user=${signed}x`, `other=${signed}`]) {
      const answer = await exchange((handler) => {
        handler.write(String(handler.getSignedCookie("user")));
      }, cookie);
      expect(answer.body).toBe("undefined");
    }
  });

  test("know their keys", async () => {
    const settings: Settings = { cookieSecret: { 3: "old", 4: "new" }, keyVersion: 4 };
    const set = await exchange((handler) => handler.setSignedCookie("a", "1"), undefined, settings);
    const answer = await exchange(
      (handler) => {
        handler.write(`${handler.getSignedCookieKeyVersion("a")} ${handler.getSignedCookie("a")}`);
      },
      cookieOf(set),
      settings,
    );
    expect(answer.body).toBe("4 1");
  });

  test("without a secret are an error that says so", async () => {
    let message = "";
    await exchange(
      (handler) => {
        try {
          handler.setSignedCookie("a", "1");
        } catch (error) {
          message = String(error);
        }
      },
      undefined,
      {},
    );
    expect(message).toMatch(/signed cookies.*"cookieSecret"/);
  });
});
