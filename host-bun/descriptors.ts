/**
 * Keeps the process alive when file descriptors run out. Bun has no way to stop accepting, and
 * spins while accepting fails; so the last descriptors are never given to connections.
 */
import { readFileSync } from "node:fs";
import type { BunSocket } from "./runtime.ts";

/** Descriptors that accepted connections leave to everything else: files, outgoing connections. */
const SPARE_DESCRIPTORS = 16;

let ceiling: number | undefined;

/** Connections with a descriptor this high or higher are refused. */
export function descriptorCeiling(): number {
  ceiling ??= openFilesLimit() - SPARE_DESCRIPTORS;
  return ceiling;
}

/** The limit that Linux shows; where there is no such file, none is known. */
function openFilesLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

let warned = false;

/** Closes a connection because descriptors run out. */
export function refuse(raw: BunSocket<unknown>): void {
  raw.terminate();
  if (warned) return;
  warned = true;
  process.stderr.write("squall: EMFILE: new connections are closed until descriptors are free\n");
}
