/**
 * Signed values, as cookies carry them: what was signed can be read by anybody, and changed by
 * nobody without the secret. Byte for byte Tornado's formats; the core does the work, and this
 * knows secrets, key versions and the clock.
 */

import type { Buffer } from "node:buffer";
import {
  createSignedValue as coreCreate,
  decodeSignedValue as coreDecode,
  SigningKey,
  signedValueKeyVersion,
} from "../core.ts";

/** One secret, or several by key version, so that a new one can come into use step by step. */
export type CookieSecret = string | Uint8Array | Readonly<Record<number, string | Uint8Array>>;

/** Version of signed values that are made, unless told otherwise. */
export const DEFAULT_SIGNED_VALUE_VERSION: 1 | 2 = 2;
/** Oldest version that is taken, unless told otherwise. */
export const DEFAULT_SIGNED_VALUE_MIN_VERSION: 1 | 2 = 1;

const DAY = 24 * 60 * 60;
/** A value of version 1 from later than this has been tampered with, as Tornado reasons. */
const LARGEST_SKEW = 31 * DAY;
/** Prepared keys by secret. Programs have few secrets; tests may have many. */
const KEYS_LIMIT = 100;

const textKeys = new Map<string, SigningKey>();
const byteKeys = new WeakMap<Uint8Array, SigningKey>();

function keyOf(secret: string | Uint8Array): SigningKey {
  if (secret.length === 0) throw new RangeError("Cannot sign values: the secret is empty");
  const known = typeof secret === "string" ? textKeys.get(secret) : byteKeys.get(secret);
  if (known !== undefined) return known;
  const key = new SigningKey(secret);
  if (typeof secret !== "string") {
    byteKeys.set(secret, key);
    return key;
  }
  if (textKeys.size >= KEYS_LIMIT) textKeys.clear();
  textKeys.set(secret, key);
  return key;
}

function isSingle(secret: CookieSecret): secret is string | Uint8Array {
  return typeof secret === "string" || secret instanceof Uint8Array;
}

/** How a value is signed. */
export interface CreateSignedValueOptions {
  /** Format, 2 by default; 1 only for readers that know no other. */
  readonly version?: 1 | 2 | undefined;
  /** Seconds since 1970, now by default. */
  readonly clock?: (() => number) | undefined;
  /** Which of several secrets signs. */
  readonly keyVersion?: number | undefined;
}

/**
 * Signs and dates a value under a name. Throws a TypeError for what is no text and no bytes, and if
 * the secret has several keys and `keyVersion` names none of them (Tornado `create_signed_value`).
 */
export function createSignedValue(
  secret: CookieSecret,
  name: string,
  value: string | Uint8Array,
  options: CreateSignedValueOptions = {},
): string {
  const { version = DEFAULT_SIGNED_VALUE_VERSION, keyVersion, clock = seconds } = options;
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new TypeError(`Cannot sign "${name}": expected text or bytes, got ${String(value)}`);
  }
  const timestamp = Math.floor(clock());
  if (isSingle(secret)) {
    const signing = { version, timestamp, keyVersion: keyVersion ?? 0 };
    return coreCreate(keyOf(secret), name, value, signing);
  }
  const one = keyVersion === undefined ? undefined : secret[keyVersion];
  if (keyVersion === undefined || one === undefined) {
    const versions = Object.keys(secret).join(", ");
    throw new RangeError(`Cannot sign "${name}": the key version is none of ${versions}`);
  }
  if (version === 1) {
    throw new RangeError(`Cannot sign "${name}": version 1 does not say which key signed`);
  }
  return coreCreate(keyOf(one), name, value, { version, timestamp, keyVersion });
}

/** What signed values are taken. */
export interface DecodeSignedValueOptions {
  /** Days since it was signed; 31 by default. */
  readonly maxAgeDays?: number | undefined;
  readonly clock?: (() => number) | undefined;
  /** Oldest format; 1 by default. */
  readonly minVersion?: 1 | 2 | undefined;
}

/**
 * What was signed under a name; undefined for a value that is forged, too old, signed under
 * another name or not signed at all. Throws a RangeError for an age that is no number (Tornado
 * `decode_signed_value`).
 */
export function decodeSignedValue(
  secret: CookieSecret,
  name: string,
  value: string | Uint8Array | undefined,
  options: DecodeSignedValueOptions = {},
): Buffer | undefined {
  if (value === undefined || value.length === 0) return undefined;
  const { maxAgeDays = 31, clock = seconds } = options;
  // No comparison with it is true: nothing would ever be too old.
  if (Number.isNaN(Number(maxAgeDays))) {
    throw new RangeError(`Cannot read "${name}": maxAgeDays is ${String(maxAgeDays)}`);
  }
  const { minVersion = DEFAULT_SIGNED_VALUE_MIN_VERSION } = options;
  const one = isSingle(secret) ? secret : secret[signedValueKeyVersion(value) ?? -1];
  if (one === undefined) return undefined;
  const now = clock();
  const limits = { minVersion, oldest: now - maxAgeDays * DAY, newest: now + LARGEST_SKEW };
  return coreDecode(keyOf(one), name, value, limits);
}

/** Which key signed a value, as the value says; undefined if it does not (version 1). */
export function getSignatureKeyVersion(value: string | Uint8Array): number | undefined {
  return signedValueKeyVersion(value);
}

function seconds(): number {
  return Date.now() / 1000;
}
