/** The component through `jco transpile`, against the plain module, on every runtime. */

import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import * as core from "../../build/component/core.js";
import { HEADER_NAMES, METHODS } from "../../core-wasm/http/names.ts";
import { answer } from "../../embed/browser/answer.ts";
import { decodeXsrfToken, encodeXsrfToken } from "../../src/core.ts";
import { questions } from "../support/questions.ts";
import { rawAnswer } from "../support/raw-answers.ts";

const { hashing, http, signing } = core;

test("answers every question as the plain module does", () => {
  for (const question of questions()) {
    expect(answer(core, question), question).toBe(rawAnswer(question));
  }
});

function expectSame(question: string): void {
  const [own, plain] = [answer(core, question), rawAnswer(question)];
  if (own !== plain) expect(own, question).toBe(plain);
}

test("heads and bodies cut anywhere give the same", () => {
  for (const question of questions()) {
    const parts = question.split(" ");
    const call = parts.slice(0, 3).join(" ");
    const digits = parts[3] ?? "-";
    if (parts.length > 4 || digits.length > 240) continue;
    for (let cut = 2; cut < digits.length; cut += 2) {
      if (/^re/.test(call)) expectSame(`${call} ${digits.slice(0, cut)}`);
      if (/^(chunked|parts)/.test(call)) {
        expectSame(`${call} ${digits.slice(0, cut)} ${digits.slice(cut)}`);
      }
    }
  }
});

test("names of headers and methods by their ids", () => {
  expect(http.headerNames()).toEqual(HEADER_NAMES.map((name) => name.toLowerCase()));
  expect(http.methodNames()).toEqual(METHODS);
});

test("XSRF tokens, masked and read", () => {
  const token = Buffer.from("0123456789abcdef");
  const mask = Buffer.from("a1b2c3d4", "hex");
  const text = signing.encodeXsrfToken(token, mask.readUInt32LE(), 1_300_000_000n);
  expect(text).toBe(encodeXsrfToken(token, mask, 1_300_000_000));
  for (const given of [text, token.toString("hex"), "no digits", ""]) {
    const own = signing.decodeXsrfToken(given);
    const { version, timestamp, token } = decodeXsrfToken(given) ?? {};
    expect(Buffer.from(own.token)).toEqual(token);
    expect(own.version).toBe(version);
    expect(own.timestamp).toBe(timestamp === undefined ? undefined : BigInt(timestamp));
  }
  expect(() => signing.decodeXsrfToken("3|00000000|00|1")).toThrow();
});

test("the key version of a signed value, HMAC-SHA1, and comparison", () => {
  using signer = signing.Signer.create(Buffer.from("k"));
  const signed = signer.sign("user", Buffer.from("value"), 1n, 4_294_967_295);
  expect(signing.keyVersion(Buffer.from(signed))).toBe(4_294_967_295n);
  expect(signing.keyVersion(Buffer.from("a|b|c"))).toBe(undefined);
  const code = createHmac("sha1", "k").update("data").digest();
  expect(Buffer.from(signer.hmacSha1(Buffer.from("data")))).toEqual(code);
  expect(signing.equal(code, code)).toBe(true);
  expect(signing.equal(code, code.subarray(1))).toBe(false);
  expect(signing.equal(code, Buffer.alloc(code.length))).toBe(false);
  expect(signing.equal(Buffer.alloc(0), Buffer.alloc(0))).toBe(true);
});

test("a hasher goes on after a digest, and several do not disturb each other", () => {
  using first = hashing.Hasher.create("blake3");
  using second = hashing.Hasher.create("sha512");
  first.update(Buffer.from("a"));
  second.update(Buffer.from("a"));
  expect(first.digest()).toEqual(hashing.digest("blake3", Buffer.from("a")));
  first.update(Buffer.from("b"));
  second.update(Buffer.from("c"));
  expect(first.digest()).toEqual(hashing.digest("blake3", Buffer.from("ab")));
  expect(second.digest()).toEqual(hashing.digest("sha512", Buffer.from("ac")));
});

test("a decoder that has failed, or has ended, takes nothing more", () => {
  using failed = http.ChunkedDecoder.create(10, 10);
  expect(() => failed.decode(Buffer.from("x"))).toThrow();
  expect(() => failed.decode(Buffer.from("0\r\n\r\n"))).toThrow();
  using ended = http.ChunkedDecoder.create(10, 10);
  expect(ended.decode(Buffer.from("0\r\n\r\nrest"))).toMatchObject({ consumed: 5, done: true });
  expect(ended.decode(Buffer.from("rest"))).toMatchObject({ consumed: 0, done: true });
});
