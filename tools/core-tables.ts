/**
 * Makes `build/core-tables.ts`, the lookup tables of the core: byte classes, and the header names
 * of `core-wasm/http/names.ts` with a perfect hash over them. Called by build-core.ts before asc.
 */

import { HEADER_NAMES, METHODS } from "../core-wasm/http/names.ts";

/** Slots of the hash, as bits: a table of bytes, so that one load gives an id. */
const SLOT_BITS = 9;
/** Bytes compared for a name: two vectors, its colon included. */
const WIDTH = 32;

const CASE = 0x20;
const LF = 0x0a;
const COLON = 0x3a;
const alpha = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const unreserved = `${alpha}${digits}-._~`;
const subDelims = "!$&'()*+,;=";

/** Every class is one bit, so one table serves all scans. The letters name RFC 9110 and RFC 3986 rules. */
const classes: Record<string, (byte: number, char: string) => boolean> = {
  IS_TOKEN: (_, char) => `${alpha}${digits}!#$%&'*+-.^_\`|~`.includes(char),
  // RFC 3986 forbids some of these, but browsers send | ^ ` { } " < > \ as they are typed. A "#"
  // never travels, and bytes above 0x7e are refused.
  IS_TARGET: (byte, char) => byte > 0x20 && byte < 0x7f && char !== "#",
  IS_FIELD: (byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f),
  IS_REG_NAME: (_, char) => `${unreserved}${subDelims}`.includes(char),
  IS_HEX: (_, char) => `${digits}abcdefABCDEF`.includes(char),
  IS_ALPHA: (_, char) => alpha.includes(char),
  IS_SCHEME: (_, char) => `${alpha}${digits}+-.`.includes(char),
};

/** The bit of a high nibble; none from 8 on, where no class has bytes. */
const highNibbles = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];

/**
 * Bytes that scans compare with, sixteen times each. Engines make a vector constant anew wherever
 * it is used, three instructions each time; one that was loaded stays in its register.
 */
const splats: readonly (readonly [string, number])[] = [
  ["LAST_CONTROLS", 0x1f],
  ["SPACES", 0x20],
  ["DELS", 0x7f],
  ["COLONS", COLON],
  ["HASHES", 0x23],
  ["PERCENTS", 0x25],
  ["QUESTIONS", 0x3f],
  ["ZEROS", 0x30],
  ["NINES", 9],
  ["LOW_NIBBLES", 0x0f],
  ["C0S", 0xc0],
  ["E0S", 0xe0],
  ["F0S", 0xf0],
  ["AT_LEAST_C0", 0xff - 0xc0],
  ["AT_LEAST_E0", 0xff - 0xe0],
  ["AT_LEAST_F0", 0xff - 0xf0],
];

/** Those that `framing.ts` tells apart. */
const framingNames = HEADER_NAMES.slice(1, 7);

/** Those that `known-heads.ts` tells apart. */
const secretNames = [
  "Authorization",
  "Cookie",
  "Proxy-Authorization",
  "Sec-Websocket-Protocol",
  "X-Csrf-Token",
  "X-Csrftoken",
  "X-Xsrftoken",
];

/**
 * Trailers that would change framing, routing or the connection, were someone to merge them (RFC
 * 9110 section 6.5.1). Others are merely dropped.
 */
const forbiddenTrailers = [
  ...framingNames,
  "Cookie",
  "Authorization",
  "Keep-Alive",
  "Max-Forwards",
  "Proxy-Authorization",
  "Proxy-Connection",
  "Set-Cookie",
  "Te",
  "Trailer",
];

/** Two odd multipliers, and how far the product is shifted. */
interface Hash {
  readonly head: number;
  readonly all: number;
}

/** The text of the generated module. */
export function coreTables(): string {
  const hash = findHash();
  const lines = [
    "// Made by tools/core-tables.ts. Do not edit.",
    "",
    ...Object.keys(classes).map((name, bit) => `export const ${name}: u8 = ${1 << bit};`),
    `export const CLASSES: usize = memory.data<u8>([${byteClasses()}]);`,
    "",
    ...METHODS.slice(1).map((name, id) => `export const METHOD_${name}: i32 = ${id + 1};`),
    `export const METHOD_COUNT: i32 = ${METHODS.length - 1};`,
    `export const METHOD_ROWS: usize = memory.data<u64>([${METHODS.flatMap(methodRow)}], 16);`,
    ...[...framingNames, ...secretNames].map(
      (name) => `export const ${constant(name)}: i32 = ${idOf(name)};`,
    ),
    "",
    `export const FORBIDDEN_TRAILERS: usize = memory.data<u32>([${forbiddenTrailers.map(fnv)}], 4);`,
    `export const FORBIDDEN_TRAILER_COUNT: i32 = ${forbiddenTrailers.length};`,
    "",
    `export const TOKEN_NIBBLES: usize = memory.data<i8>([${nibbles("IS_TOKEN")}], 16);`,
    `export const REG_NAME_NIBBLES: usize = memory.data<i8>([${nibbles("IS_REG_NAME")}], 16);`,
    `export const HIGH_NIBBLES: usize = memory.data<u8>([${highNibbles}], 16);`,
    ...splats.map(
      ([name, byte]) =>
        `export const ${name}: usize = memory.data<u8>([${new Array(16).fill(byte)}], 16);`,
    ),
    "",
    `export const HASH_HEAD: u32 = ${hash.head};`,
    `export const HASH_ALL: u32 = ${hash.all};`,
    `export const HASH_SHIFT: u32 = ${32 - SLOT_BITS};`,
    `export const HEADER_SLOTS: usize = memory.data<u8>([${slots(hash)}]);`,
    `export const HEADER_ROW_COUNT: i32 = ${HEADER_NAMES.length};`,
    `export const HEADER_ROWS: usize = memory.data<u8>([${HEADER_NAMES.flatMap(row)}], 16);`,
    "",
  ];
  return lines.join("\n");
}

function byteClasses(): number[] {
  const tests = Object.values(classes);
  return Array.from({ length: 256 }, (_, byte) =>
    tests.reduce((bits, test, bit) => bits | (Number(test(byte, latin1(byte))) << bit), 0),
  );
}

/**
 * For SIMD: at a low nibble, the bit `high nibble` is set if the byte is in the class. A lookup of
 * either nibble and an AND then tell the class of 16 bytes at once.
 */
function nibbles(name: string): number[] {
  const test = classes[name];
  return Array.from({ length: 16 }, (_, low) => {
    let bits = 0;
    for (let high = 0; high < 8; high++) {
      const byte = (high << 4) | low;
      if (test?.(byte, latin1(byte))) bits |= 1 << high;
    }
    return (bits << 24) >> 24;
  });
}

/** A character that no class has stands for bytes that are not ASCII. */
function latin1(byte: number): string {
  return byte < 0x80 ? String.fromCharCode(byte) : "\u{ffff}";
}

/**
 * Of a name: its first three bytes, its last three and its length. The same as `slotOf` in
 * headers.ts, where one load brings the first and one the last; so a two-byte name counts its
 * colon and the LF before it.
 */
function slotOf(name: string, hash: Hash): number {
  const { length } = name;
  const at = (index: number) =>
    CASE | (index < 0 ? LF : index === length ? COLON : name.charCodeAt(index));
  const head = (at(0) << 8) | (at(1) << 16) | (at(2) << 24);
  const tail = at(length - 3) | (at(length - 2) << 8) | (at(length - 1) << 16) | (COLON << 24);
  const mixed = Math.imul(head, hash.head) ^ (tail + (length << 24));
  return Math.imul(mixed, hash.all) >>> (32 - SLOT_BITS);
}

function slots(hash: Hash): number[] {
  // An empty slot names Host: the comparison of the whole name then fails as for any other id.
  const ids = new Array<number>(1 << SLOT_BITS).fill(idOf("Host"));
  HEADER_NAMES.forEach((name, id) => {
    if (id > 0) ids[slotOf(name, hash)] = id;
  });
  return ids;
}

/** Multipliers under which no two names share a slot, found by trying; the same ones each time. */
function findHash(): Hash {
  const names = HEADER_NAMES.slice(1);
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed ^ (seed >>> 15)) | 1;
  };
  const seen = new Uint32Array(1 << SLOT_BITS);
  for (let attempt = 1; attempt < 5_000_000; attempt++) {
    const hash = { head: next() >>> 0, all: next() >>> 0 };
    if (names.every((name) => take(seen, slotOf(name, hash), attempt))) return hash;
  }
  throw new Error("Cannot find a perfect hash for the header names: raise SLOT_BITS");
}

/** Whether the slot was still free in this attempt. */
function take(seen: Uint32Array, slot: number, attempt: number): boolean {
  const free = seen[slot] !== attempt;
  seen[slot] = attempt;
  return free;
}

/** FNV-1a, 32 bits: the decoder sees names in pieces and keeps this of them. */
function fnv(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name.toLowerCase())) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function idOf(name: string): number {
  return HEADER_NAMES.indexOf(name);
}

function constant(name: string): string {
  return `ID_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The method and a SP as a 64-bit word, and the bits of the word that they take. */
function methodRow(name: string): string[] {
  const bytes = Buffer.alloc(8);
  if (bytes.write(`${name} `) !== name.length + 1) {
    throw new Error(`Cannot index method "${name}": longer than 7 bytes`);
  }
  const mask = 2n ** BigInt(8 * (name.length + 1)) - 1n;
  return [`0x${bytes.readBigUInt64LE().toString(16)}`, `0x${mask.toString(16)}`];
}

/**
 * 32 bytes of the name in lower case with its colon, then 32 bytes that say which bits count: all,
 * all but the one of the case for letters, none after the colon.
 */
function row(name: string): number[] {
  const text = `${name.toLowerCase()}:`;
  if (text.length > WIDTH) throw new Error(`Cannot index header "${name}": longer than 31 bytes`);
  const bytes = Array.from({ length: WIDTH }, (_, i) => (i < text.length ? text.charCodeAt(i) : 0));
  const mask = bytes.map((byte) =>
    byte === 0 ? 0 : byte >= 0x61 && byte <= 0x7a ? 0xff ^ CASE : 0xff,
  );
  return [...bytes.map((byte, i) => byte & (mask[i] ?? 0)), ...mask];
}
