/**
 * Standard error, which may be a file on a full disk or a pipe that nobody reads: whoever logs must
 * not end for it. Private to the module log.
 */
import * as fs from "node:fs";
import process from "node:process";

const DESCRIPTOR = 2;

let isWatched = false;
/** Node's stream is destroyed by its first error, and would stay silent once there is room again. */
let isBroken = false;

/** Writes lines. Throws if they cannot be written and the runtime says so. */
export function writeToStderr(text: string): void {
  if (!isWatched) {
    isWatched = true;
    // Node reports errors here, at some later time: without a listener the process would end.
    process.stderr.on("error", () => {
      isBroken = true;
    });
  }
  if (isBroken) fs.writeSync(DESCRIPTOR, `${text}\n`);
  else console.error(text);
}

/** Says that something of logging itself has failed. Never throws. */
export function complain(message: string, error: unknown): void {
  try {
    writeToStderr(`${message}: ${error instanceof Error ? (error.stack ?? error) : String(error)}`);
  } catch {
    // There is nobody left to tell.
  }
}
