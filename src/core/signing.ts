/**
 * Signing in the core, typed: HMAC under prepared keys, Tornado's signed values and its XSRF
 * tokens, comparison in constant time. `web` chooses keys, times and versions; nothing here reads a
 * clock or makes random bytes.
 */

import type { Buffer } from "node:buffer";
import {
  DIGEST,
  KEY_LENGTH,
  KEYS,
  KEYS_LENGTH,
  NAME,
  NAME_LENGTH,
  SHA1,
  SHA256,
  WINDOW,
  WINDOW_LENGTH,
  XSRF_TIMESTAMP_HIGH,
  XSRF_TIMESTAMP_LOW,
  XSRF_VERSION,
} from "../../core-wasm/layout.ts";
import { memory, table, wasm, wideAt } from "./load.ts";
import { asciiAt, bufferAt, copyBytes, putData, utf8Length } from "./memory.ts";

const SLOTS = KEYS_LENGTH / KEY_LENGTH;

/** Where a value is put, and where what comes of it is written. */
const VALUE = WINDOW;
const SIGNED_ROOM = 224 * 1024;
const RESULT = VALUE + SIGNED_ROOM;
/** Most bytes of a value: signed, with the longest name, it still fits SIGNED_ROOM. */
const VALUE_ROOM = 128 * 1024;

const MAX_KEY_VERSION = 2 ** 32 - 1;

/**
 * A secret, prepared for HMAC. Its state is kept in the core's memory for as long as no other 64
 * keys have been used; make one per secret and keep it.
 */
export class SigningKey {
  /** Whose state each slot has. */
  static readonly #owners: (SigningKey | undefined)[] = [];
  static #next = 0;

  readonly #state: Uint8Array;
  #slot = 0;

  constructor(secret: string | Uint8Array) {
    const length = putData(secret, VALUE, SIGNED_ROOM);
    wasm.hmacKey(RESULT, VALUE, length);
    this.#state = copyBytes(RESULT, KEY_LENGTH);
    memory.fill(0, VALUE, VALUE + length);
    memory.fill(0, RESULT, RESULT + KEY_LENGTH);
  }

  /** Where the key is in the core's memory, until another key is asked. */
  get address(): number {
    if (SigningKey.#owners[this.#slot] !== this) this.#enter();
    return KEYS + this.#slot * KEY_LENGTH;
  }

  #enter(): void {
    this.#slot = SigningKey.#next;
    SigningKey.#next = (SigningKey.#next + 1) % SLOTS;
    SigningKey.#owners[this.#slot] = this;
    memory.set(this.#state, KEYS + this.#slot * KEY_LENGTH);
  }
}

/** HMAC-SHA256 (RFC 2104) of bytes, or of text as UTF-8; 548 KiB at most. */
export function hmacSha256(key: SigningKey, data: string | Uint8Array): Buffer {
  return hmac(SHA256, key, data);
}

/** HMAC-SHA1 of bytes, or of text as UTF-8; 548 KiB at most. */
export function hmacSha1(key: SigningKey, data: string | Uint8Array): Buffer {
  return hmac(SHA1, key, data);
}

function hmac(algorithm: number, key: SigningKey, data: string | Uint8Array): Buffer {
  const length = putData(data, WINDOW, WINDOW_LENGTH);
  return bufferAt(DIGEST, DIGEST + wasm.hmac(algorithm, key.address, WINDOW, length, DIGEST));
}

/**
 * Whether two secrets are the same, in a time that depends on their lengths alone. Text is compared
 * as UTF-8. Throws a RangeError above 224 KiB.
 */
export function timingSafeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const length = putData(a, VALUE, SIGNED_ROOM);
  if (putData(b, RESULT, SIGNED_ROOM) !== length) return false;
  return wasm.equal(VALUE, RESULT, length) !== 0;
}

export interface SignOptions {
  /** Format version, 2 if left out. */
  readonly version?: 1 | 2;
  /** Which of several keys signs, named in version 2; 0 if left out. */
  readonly keyVersion?: number;
  /** Whole seconds since 1970. */
  readonly timestamp: number;
}

/**
 * Signs a value under a name, as Tornado's `create_signed_value` does. Lengths count bytes of
 * UTF-8, so that any name verifies again; Tornado counts characters. Throws a RangeError if the
 * value is above 128 KiB or the name above 16 KiB.
 */
export function createSignedValue(
  key: SigningKey,
  name: string,
  value: string | Uint8Array,
  options: SignOptions,
): string {
  const { version = 2, keyVersion = 0, timestamp } = options;
  checkNumber("timestamp", timestamp, Number.MAX_SAFE_INTEGER);
  checkNumber("key version", keyVersion, MAX_KEY_VERSION);
  const nameLength = putName(name);
  const length = putData(value, VALUE, VALUE_ROOM);
  const signed =
    version === 2
      ? wasm.signValueV2(
          key.address,
          keyVersion,
          timestamp,
          NAME,
          nameLength,
          VALUE,
          length,
          RESULT,
        )
      : wasm.signValueV1(key.address, timestamp, NAME, nameLength, VALUE, length, RESULT);
  // Only the name may be something else than ASCII.
  const isAscii = version === 1 || nameLength === name.length;
  return isAscii ? asciiAt(RESULT, RESULT + signed) : memory.utf8Slice(RESULT, RESULT + signed);
}

function checkNumber(what: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`Cannot sign a value: the ${what} is ${value}, not a whole number`);
}

export interface VerifyOptions {
  /** Least format version that is taken, 1 if left out. */
  readonly minVersion?: number;
  /** Earliest time of signing that is taken, in seconds since 1970. */
  readonly oldest: number;
  /** Latest one, of version 1 only: Tornado takes 31 days from now. */
  readonly newest: number;
}

/**
 * What was signed under a name, or undefined if the signature, the name, the age or the form is
 * not right, in the order in which Tornado's `decode_signed_value` asks. Of either version.
 */
export function decodeSignedValue(
  key: SigningKey,
  name: string,
  signed: string | Uint8Array,
  options: VerifyOptions,
): Buffer | undefined {
  const length = putSigned(signed);
  if (length === undefined) return undefined;
  const nameLength = putName(name);
  const decoded = wasm.verifyValue(
    key.address,
    VALUE,
    length,
    NAME,
    nameLength,
    options.minVersion ?? 1,
    options.oldest,
    options.newest,
    RESULT,
  );
  return decoded < 0 ? undefined : bufferAt(RESULT, RESULT + decoded);
}

/** The key version that a value names; undefined for version 1 and malformed values. */
export function signedValueKeyVersion(signed: string | Uint8Array): number | undefined {
  const length = putSigned(signed);
  if (length === undefined) return undefined;
  const version = wasm.keyVersionOf(VALUE, length);
  return version < 0 ? undefined : version;
}

/**
 * Puts a signed value or a token at VALUE. What is too long was not made here, and as it comes from
 * a peer it is no error of ours: undefined, and nothing is put.
 */
function putSigned(signed: string | Uint8Array): number | undefined {
  if (signed.length > SIGNED_ROOM / 3) {
    const length = typeof signed === "string" ? utf8Length(signed) : signed.length;
    if (length > SIGNED_ROOM) return undefined;
  }
  return putData(signed, VALUE, SIGNED_ROOM);
}

let lastName: string | undefined;
let lastNameLength = 0;

/** Puts the name at NAME. Names repeat, so the last one is still there most times. */
function putName(name: string): number {
  if (name === lastName) return lastNameLength;
  lastName = undefined;
  lastNameLength = putData(name, NAME, NAME_LENGTH);
  lastName = name;
  return lastNameLength;
}

export interface XsrfToken {
  readonly version: 1 | 2;
  /** The bytes that are compared. */
  readonly token: Buffer;
  /** When it was made, in seconds since 1970; version 1 does not say. */
  readonly timestamp: number | undefined;
}

/** Writes an XSRF token in version 2, masked by four bytes that should be random each time. */
export function encodeXsrfToken(token: Uint8Array, mask: Uint8Array, timestamp: number): string {
  if (mask.length !== 4) {
    throw new RangeError(`Cannot mask an XSRF token: the mask is ${mask.length} bytes, not 4`);
  }
  checkNumber("timestamp", timestamp, Number.MAX_SAFE_INTEGER);
  const [a = 0, b = 0, c = 0, d = 0] = mask;
  const key = a | (b << 8) | (c << 16) | (d << 24);
  const length = putData(token, VALUE, VALUE_ROOM / 2);
  const encoded = wasm.encodeXsrfToken(VALUE, length, key, timestamp, RESULT);
  return asciiAt(RESULT, RESULT + encoded);
}

/** Reads an XSRF token of either version; undefined if it is neither. */
export function decodeXsrfToken(text: string): XsrfToken | undefined {
  const length = putSigned(text);
  if (length === undefined) return undefined;
  const tokenLength = wasm.decodeXsrfToken(VALUE, length, RESULT);
  if (tokenLength < 0) return undefined;
  const version = table[XSRF_VERSION] === 2 ? 2 : 1;
  const token = bufferAt(RESULT, RESULT + tokenLength);
  return {
    version,
    token,
    timestamp: version === 2 ? wideAt(XSRF_TIMESTAMP_LOW, XSRF_TIMESTAMP_HIGH) : undefined,
  };
}
