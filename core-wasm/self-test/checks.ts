/**
 * A few calls of every part of the core, with answers that are known, for runtimes that have only
 * the module: each check answers 0, or the number of the line of its table that failed. The tests
 * proper are in test/core/; these are to show that an engine computes as others do.
 */

import { base64Decode, base64Encode } from "../base64";
import { equal } from "../crypto/equal";
import { contentHash, hash, hashFinal, hashInit, hashUpdate } from "../crypto/hash";
import { hmac, hmacKey } from "../crypto/hmac";
import { signValueV1, signValueV2, verifyValue } from "../crypto/signed-value";
import { decodeXsrfToken, encodeXsrfToken } from "../crypto/xsrf";
import { hex, unhex } from "../hex";
import { decodeChunked } from "../http/chunked";
import { parseRequestHead, parseResponseHead } from "../http/head";
import {
  BLAKE3,
  CHUNKED,
  CHUNKED_DATA_LENGTH,
  CHUNKED_WORDS,
  DIGEST,
  FRAME_LENGTH_LOW,
  HEADER_COUNT,
  INPUT,
  KEYS,
  METHOD_ID,
  NAME,
  OUTPUT,
  SCRATCH,
  SHA1,
  SHA256,
  SHA512,
  STATUS_CODE,
  TARGET_LENGTH,
  TOKEN_COUNT,
  WINDOW,
} from "../layout";
import {
  BAD_HOST,
  BAD_LINE_END,
  BAD_SIGNATURE,
  BAD_UTF8,
  EMPTY_EXPRESSION,
  EXPIRED,
  LENGTH_AND_CODING,
  NEED_DATA,
  WRONG_NAME,
} from "../status";
import { word } from "../table";
import { tokenize } from "../template/tokenizer";
import { parseFrameHead } from "../websocket/frame";
import { mask } from "../websocket/mask";
import { validateUtf8 } from "../websocket/utf8";

/** Puts a text whose characters are bytes; answers how many. A literal lies there as UTF-16. */
function put(text: string, at: usize): i32 {
  const source = changetype<usize>(text);
  const length = text.length;
  for (let i = 0; i < length; i++) store<u8>(at + i, load<u8>(source + (i << 1)));
  return length;
}

/** Whether the bytes at `at` are this text. */
function is(at: usize, length: i32, text: string): bool {
  return length == text.length && equal(at, WINDOW, put(text, WINDOW));
}

function request(text: string): i32 {
  return parseRequestHead(INPUT, put(text, INPUT), 100, 8192);
}

export function requests(): i32 {
  if (request("GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nrest") != 43) return 1;
  if (word(METHOD_ID) != 1 || word(TARGET_LENGTH) != 4 || word(HEADER_COUNT) != 2) return 2;
  if (request("GET / HTTP/1.1\r\nHost: a\r\n") != NEED_DATA) return 3;
  if (request("GET / HTTP/1.1\r\n\r\n") != BAD_HOST) return 4;
  if (request("GET / HTTP/1.0\n\n") != BAD_LINE_END) return 5;
  const both = "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
  return request(both) == LENGTH_AND_CODING ? 0 : 6;
}

export function responses(): i32 {
  const n = put('HTTP/1.1 304 Not Modified\r\nEtag: "a"\r\n\r\n', INPUT);
  if (parseResponseHead(INPUT, n, 100, 1) != n) return 1;
  return word(STATUS_CODE) == 304 ? 0 : 2;
}

export function chunkedBodies(): i32 {
  memory.fill(CHUNKED, 0, CHUNKED_WORDS << 2);
  const n = put("5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX: y\r\n\r\n", INPUT);
  if (decodeChunked(INPUT, n, 64, 64) != n) return 1;
  const length = load<i32>(CHUNKED + (CHUNKED_DATA_LENGTH << 2));
  return is(INPUT, length, "hello world") ? 0 : 2;
}

function digestIs(algorithm: i32, text: string, digits: string): bool {
  const length = hash(algorithm, INPUT, put(text, INPUT), DIGEST);
  hex(DIGEST, length, DIGEST);
  return is(DIGEST, length << 1, digits);
}

/** FIPS 180-4's examples, and BLAKE3's vector of no bytes. */
export function digests(): i32 {
  if (!digestIs(SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d")) return 1;
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  if (!digestIs(SHA256, "abc", sha256)) return 2;
  const sha512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
  if (!digestIs(SHA512, "abc", sha512)) return 3;
  const blake3 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
  if (!digestIs(BLAKE3, "", blake3)) return 4;
  contentHash(INPUT, 0, DIGEST);
  return is(DIGEST, 32, "af1349b9f5f9a1a6a0404dea36dcc949") ? 0 : 5;
}

/** A stream in three pieces is what all of it is at once, with four lanes of BLAKE3 at work. */
export function streams(): i32 {
  const n = 20_000;
  for (let i = 0; i < n; i++) store<u8>(INPUT + i, <u8>(i * 7));
  for (let algorithm = SHA1; algorithm <= BLAKE3; algorithm++) {
    const length = hash(algorithm, INPUT, n, DIGEST);
    hashInit(algorithm);
    hashUpdate(INPUT, 1);
    hashUpdate(INPUT + 1, 9_000);
    hashUpdate(INPUT + 9_001, n - 9_001);
    if (hashFinal(DIGEST + 64) != length || !equal(DIGEST, DIGEST + 64, length)) return algorithm;
  }
  return 0;
}

/** RFC 4231's and RFC 2202's test case 2. */
export function messageCodes(): i32 {
  hmacKey(KEYS, INPUT, put("Jefe", INPUT));
  const n = put("what do ya want for nothing?", INPUT);
  hex(DIGEST, hmac(SHA256, KEYS, INPUT, n, DIGEST), DIGEST);
  const sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  if (!is(DIGEST, 64, sha256)) return 1;
  hex(DIGEST, hmac(SHA1, KEYS, INPUT, n, DIGEST), DIGEST);
  return is(DIGEST, 40, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79") ? 0 : 2;
}

export function signedValues(): i32 {
  hmacKey(KEYS, INPUT, put("a secret", INPUT));
  const name = put("user", NAME);
  let n = put("value", INPUT);
  n = signValueV2(KEYS, 1, 1300000000, NAME, name, INPUT, n, OUTPUT);
  const length = verifyValue(KEYS, OUTPUT, n, NAME, name, 2, 1300000000, 0, SCRATCH);
  if (!is(SCRATCH, length, "value")) return 1;
  if (verifyValue(KEYS, OUTPUT, n, NAME, name - 1, 2, 0, 0, SCRATCH) != WRONG_NAME) return 2;
  if (verifyValue(KEYS, OUTPUT, n, NAME, name, 2, 1300000001, 0, SCRATCH) != EXPIRED) return 3;
  store<u8>(OUTPUT + n - 1, load<u8>(OUTPUT + n - 1) ^ 1);
  if (verifyValue(KEYS, OUTPUT, n, NAME, name, 2, 0, 0, SCRATCH) != BAD_SIGNATURE) return 4;
  n = signValueV1(KEYS, 1300000000, NAME, name, INPUT, put("value", INPUT), OUTPUT);
  const first = verifyValue(KEYS, OUTPUT, n, NAME, name, 1, 0, 1400000000, SCRATCH);
  if (!is(SCRATCH, first, "value")) return 5;
  n = encodeXsrfToken(INPUT, put("token", INPUT), 0x12345678, 1300000000, OUTPUT);
  return is(SCRATCH, decodeXsrfToken(OUTPUT, n, SCRATCH), "token") ? 0 : 6;
}

export function encodings(): i32 {
  let n = base64Encode(INPUT, put("light w", INPUT), OUTPUT);
  if (!is(OUTPUT, n, "bGlnaHQgdw==")) return 1;
  n = base64Decode(OUTPUT, put("bGlnaHQgdw==", OUTPUT), INPUT);
  if (!is(INPUT, n, "light w")) return 2;
  n = unhex(INPUT, put("4a6566FF", INPUT), OUTPUT);
  return n == 4 && load<u8>(OUTPUT + 3) == 0xff ? 0 : 3;
}

export function templates(): i32 {
  const n = put('a {{ b }}{% if "%}" %}{# c #}{{!d', INPUT);
  if (tokenize(INPUT, n, 1, 1) != n || word(TOKEN_COUNT) != 6) return 1;
  return tokenize(INPUT, put("{{ }}", INPUT), 1, 1) == EMPTY_EXPRESSION ? 0 : 2;
}

/** RFC 6455 section 5.7's masked frame with "Hello". */
export function frames(): i32 {
  store<u64>(INPUT, (0x4d9f7f3d21fa3785 << 8) | 0x81);
  store<u8>(INPUT + 8, 0x4d);
  store<u8>(INPUT + 9, 0x51);
  store<u8>(INPUT + 10, 0x58);
  if (parseFrameHead(INPUT, 11, 1, 0) != 6 || word(FRAME_LENGTH_LOW) != 5) return 1;
  mask(INPUT + 6, 5, 0x3d21fa37, 0);
  return is(INPUT + 6, 5, "Hello") ? 0 : 2;
}

export function texts(): i32 {
  // Long enough for the vectors: a character of each length, over and over.
  let n = 0;
  for (; n < 2000; n += 10) {
    store<u64>(INPUT + n, 0x9ff0ac82e2a9c361);
    store<u16>(INPUT + n, 0x8098, 8);
  }
  if (validateUtf8(INPUT, n, 0) != 0) return 1;
  store<u8>(INPUT + 1000 + 3, 0x41);
  return validateUtf8(INPUT, n, 0) == BAD_UTF8 ? 0 : 2;
}
