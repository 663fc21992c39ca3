/**
 * Memory for what is long: messages and bodies. V8 counts it as if it lived for long, and runs a
 * full collection for every few dozen MiB, nearly all of which died young. On Node it is asked for a
 * collection of the young alone before that, which takes a fraction of the time
 * (docs/decisions/011-young-collections.md).
 */

import { Buffer } from "node:buffer";

/** V8's `gc`, as far as it is used. */
type Collect = (options: { readonly type: "minor" }) => void;

const MIB = 1024 * 1024;
/** Bytes between two collections: with 6 MiB, V8 begins full ones again. */
const BETWEEN = 4 * MIB;

let allocated = 0;
/** Null if the runtime has none; undefined as long as nobody has asked for so much memory. */
let gc: Collect | null | undefined;

/** Bytes that may hold anything, to be written over. No Buffer. */
export function newLarge(length: number): Uint8Array {
  allocated += length;
  if (allocated > BETWEEN) collect();
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function collect(): void {
  allocated = 0;
  if (gc === undefined) gc = findCollector() ?? null;
  gc?.({ type: "minor" });
}

/**
 * V8 shows its `gc` to realms that are made while a flag is set. Deno's collects everything whatever
 * it is asked for, and Bun has another engine.
 */
function findCollector(): Collect | undefined {
  const { deno, bun } = process.versions;
  if (deno !== undefined || bun !== undefined) return undefined;
  const { gc: given } = globalThis as { gc?: Collect };
  if (given !== undefined) return given;
  const v8 = process.getBuiltinModule("node:v8");
  v8.setFlagsFromString("--expose-gc");
  try {
    return process.getBuiltinModule("node:vm").runInNewContext("globalThis.gc");
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}
