/**
 * The builds of the core side by side, each in an instance of its own, with the calls of the HTTP
 * part as the tests of `test/core/` make them. The product loads one of them in `src/core/load.ts`.
 */

import { readFileSync } from "node:fs";
import { instantiate } from "../../build/core-scalar.js";
import {
  CHUNKED,
  CHUNKED_DATA_LENGTH,
  CHUNKED_DONE,
  CHUNKED_WORDS,
  ERROR_POSITION,
  INPUT,
  SLACK,
  TABLE,
  TABLE_LENGTH,
} from "../../core-wasm/layout.ts";
import * as statuses from "../../core-wasm/status.ts";
import type { CoreExports } from "../../src/core/load.ts";

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface CoreBuild {
  readonly name: string;
  readonly wasm: CoreExports;
  readonly memory: Buffer;
  readonly table: Int32Array;
  readonly chunked: Int32Array;
}

/** Debug with its assertions, release as it is shipped, and the JavaScript made of the scalar one. */
export const builds: readonly CoreBuild[] = [
  coreBuild("debug", module("core.debug.wasm")),
  coreBuild("release", module("core.wasm")),
  coreBuild("scalar", instantiate() as unknown as CoreExports),
];

function module(name: string): CoreExports {
  const bytes = readFileSync(new URL(`../../build/${name}`, import.meta.url));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as CoreExports;
}

function coreBuild(name: string, wasm: CoreExports): CoreBuild {
  const { buffer } = wasm.memory;
  return {
    name,
    wasm,
    memory: Buffer.from(buffer),
    table: new Int32Array(buffer, TABLE, TABLE_LENGTH / 4),
    chunked: new Int32Array(buffer, CHUNKED, CHUNKED_WORDS),
  };
}

/** A status by its name in `core-wasm/status.ts`. */
export function statusName(status: number): string {
  const entry = Object.entries(statuses).find(([, value]) => value === status);
  return entry?.[0] ?? `unknown status ${status}`;
}

/**
 * Where an input is put: where received bytes lie, and so that its slack ends where the memory
 * ends, where a load beyond the slack traps.
 */
export function placesOf(build: CoreBuild, length: number): number[] {
  return [INPUT, build.memory.length - SLACK - length];
}

/** Puts bytes at `start`, and after them what an earlier, longer input may have left there. */
export function put(build: CoreBuild, start: number, bytes: Uint8Array, length: number): void {
  const rest = bytes.subarray(length, length + SLACK);
  build.memory.set(bytes.subarray(0, length), start);
  build.memory.set(rest, start + length);
  build.memory.fill(LEFT_OVER, start + length + rest.length, start + length + SLACK);
}

/** Parses as a name, a colon, a value and line ends, in the hope that the parser believes it. */
const LEFT_OVER = Buffer.from("a: b\r\n\r\n");

/** Where the last call found its error. */
export function errorPosition(build: CoreBuild): number {
  return build.table[ERROR_POSITION] ?? -1;
}

export interface Decoded {
  /** All data of all pieces, as Latin-1. */
  data: string;
  /** Bytes consumed, also before an error. */
  consumed: number;
  done: boolean;
  /** The error, or 0. */
  status: number;
}

/** Feeds a chunked body in pieces; the block is saved and spoilt between them, as hosts do. */
export function decode(
  build: CoreBuild,
  pieces: readonly Uint8Array[],
  maxExtensionBytes = 64,
  maxTrailerBytes = 128,
): Decoded {
  const decoded: Decoded = { data: "", consumed: 0, done: false, status: 0 };
  const state = new Int32Array(CHUNKED_WORDS);
  for (const piece of pieces) {
    const start = placesOf(build, piece.length)[decoded.consumed % 2] ?? 0;
    put(build, start, piece, piece.length);
    build.chunked.set(state);
    const { decodeChunked } = build.wasm;
    const result = decodeChunked(start, piece.length, maxExtensionBytes, maxTrailerBytes);
    state.set(build.chunked);
    build.chunked.fill(-1);
    const length = state[CHUNKED_DATA_LENGTH] ?? 0;
    decoded.data += build.memory.toString("latin1", start, start + length);
    decoded.done = state[CHUNKED_DONE] === 1;
    decoded.consumed += result < 0 ? errorPosition(build) : result;
    decoded.status = Math.min(result, 0);
    if (decoded.done || result < 0) break;
  }
  return decoded;
}
