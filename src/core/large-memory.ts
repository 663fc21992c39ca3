/**
 * Memory for what is long: messages and bodies. V8 counts it as if it lived for long, and runs a
 * full collection for every few dozen MiB, nearly all of which died young. On Node it is asked for a
 * collection of the young alone before that, which takes a fraction of the time
 * (docs/decisions/011-collections.md).
 */

import { Buffer } from "node:buffer";
import { collectYoung } from "../collector.ts";

const MIB = 1024 * 1024;
/** Bytes between two collections: with 6 MiB, V8 begins full ones again. */
const BETWEEN = 4 * MIB;

let allocated = 0;
/** Bytes that may hold anything, to be written over. No Buffer. */
export function newLarge(length: number): Uint8Array {
  allocated += length;
  if (allocated > BETWEEN) {
    allocated = 0;
    collectYoung();
  }
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
