/**
 * Loads the core, at the first import: the SIMD module from its base64, compiled synchronously, or
 * the same core as JavaScript where WebAssembly, its SIMD or its memory is not to be had (a
 * runtime without a JIT, a limit on address space). The other files of this folder call `wasm`;
 * hosts are given `transferMemory`.
 */

import { Buffer } from "node:buffer";
import { wasmBase64 } from "../../build/core.js";
import { instantiate } from "../../build/core-scalar.js";
import {
  EVENTS,
  EVENTS_LENGTH,
  INPUT,
  INPUT_LENGTH,
  OUTPUT,
  OUTPUT_LENGTH,
  TABLE,
  TABLE_LENGTH,
} from "../../core-wasm/layout.ts";
import type { TransferMemory } from "../host.ts";

/** The core's exports, as `core-wasm/index.ts` lists them. Addresses and counts only. */
export interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  parseRequestHead(
    start: number,
    length: number,
    maxHeaders: number,
    maxTargetLength: number,
  ): number;
  takeRequestHead(
    start: number,
    length: number,
    maxHeaders: number,
    maxTargetLength: number,
  ): number;
  parseResponseHead(start: number, length: number, maxHeaders: number, methodId: number): number;
  putResponseHead(
    start: number,
    prefixLength: number,
    at: number,
    taggedLength: number,
    contentLength: number,
    slot: number,
  ): number;
  decodeChunked(
    start: number,
    length: number,
    maxExtensionBytes: number,
    maxTrailerBytes: number,
  ): number;
  scanMultipart(
    start: number,
    length: number,
    delimiterLength: number,
    maxHeadLength: number,
  ): number;
  parsePartHead(start: number, length: number, maxHeaders: number): number;

  hash(algorithm: number, start: number, length: number, out: number): number;
  hashInit(algorithm: number): void;
  hashUpdate(start: number, length: number): void;
  hashFinal(out: number): number;
  contentHash(start: number, length: number, out: number): void;
  hex(start: number, length: number, out: number): void;
  unhex(start: number, length: number, out: number): number;
  base64Encode(start: number, length: number, out: number): number;
  base64Decode(start: number, length: number, out: number): number;
  equal(start: number, other: number, length: number): number;
  hmacKey(key: number, start: number, length: number): void;
  hmac(algorithm: number, key: number, start: number, length: number, out: number): number;
  signValueV1(
    key: number,
    timestamp: number,
    name: number,
    nameLength: number,
    start: number,
    length: number,
    out: number,
  ): number;
  signValueV2(
    key: number,
    keyVersion: number,
    timestamp: number,
    name: number,
    nameLength: number,
    start: number,
    length: number,
    out: number,
  ): number;
  verifyValue(
    key: number,
    start: number,
    length: number,
    name: number,
    nameLength: number,
    minVersion: number,
    oldest: number,
    newest: number,
    out: number,
  ): number;
  keyVersionOf(start: number, length: number): number;
  encodeXsrfToken(
    start: number,
    length: number,
    mask: number,
    timestamp: number,
    out: number,
  ): number;
  decodeXsrfToken(start: number, length: number, out: number): number;

  tokenize(start: number, length: number, firstLine: number, isLast: number): number;

  parseFrameHead(start: number, length: number, masked: number, reserved: number): number;
  validateUtf8(start: number, length: number, state: number): number;
  mask(start: number, length: number, key: number, offset: number): number;
}

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** A Buffer with the methods that its types leave out; every runtime has them, and they are fastest. */
type CoreMemory = Buffer & {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, start: number, length: number): number;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, start: number, length: number): number;
};

type Build = "simd" | "scalar";

const [instance, kind] = load();

/** The one instance of the process. */
export const wasm: CoreExports = instance;
/** Which build runs. */
export const build: Build = kind;
/** The whole memory, made once: it never grows, so this never goes stale. */
export const memory: CoreMemory = Buffer.from(wasm.memory.buffer) as CoreMemory;
/** The span table, which the last call filled. */
export const table: Int32Array = new Int32Array(wasm.memory.buffer, TABLE, TABLE_LENGTH / 4);

/**
 * A number of 64 bits, of two words of the table. One that fits into 32 is given as such: to hand
 * a double on to WebAssembly takes JavaScriptCore 70 ns.
 */
export function wideAt(lowWord: number, highWord: number): number {
  const low = (table[lowWord] as number) >>> 0;
  const high = table[highWord] as number;
  return high === 0 ? low : high * 2 ** 32 + low;
}
/** The parts of the memory that a host works in. */
export const transferMemory: TransferMemory = {
  buffer: wasm.memory.buffer,
  input: { start: INPUT, length: INPUT_LENGTH },
  output: { start: OUTPUT, length: OUTPUT_LENGTH },
  events: { start: EVENTS, length: EVENTS_LENGTH },
};

function load(): [CoreExports, Build] {
  try {
    return [instantiateModule(), "simd"];
  } catch {
    return [instantiate() as unknown as CoreExports, "scalar"];
  }
}

function instantiateModule(): CoreExports {
  const module = new WebAssembly.Module(Buffer.from(wasmBase64, "base64"));
  return new WebAssembly.Instance(module).exports as CoreExports;
}
