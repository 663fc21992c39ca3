/**
 * Hooks that nobody waits for, and what an async one would leave behind: a promise whose rejection
 * ends the process.
 */

import { appLog } from "../log.ts";
import { isThenable } from "../util.ts";

/** Logs what a hook's promise rejects with, if it has returned one: the hook had to say no more. */
export function watch(result: unknown, hook: string): void {
  if (!isThenable(result)) return;
  result.then(undefined, (error) => appLog.exception(`Uncaught exception in ${hook}`, error));
}

/** Throws a TypeError if a hook is async on which the next steps depend. */
export function requireSync(result: unknown, hook: string): void {
  if (!isThenable(result)) return;
  watch(result, hook);
  throw new TypeError(`Cannot wait for ${hook}: it is async; do that in prepare()`);
}
