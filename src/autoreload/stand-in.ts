/**
 * Makes a process the supervisor of its own program, for good: what it was about to do happens in
 * the child alone. Private to `autoreload`.
 */

import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Ended } from "./supervisor.ts";

/** What the supervisor has to know. */
export interface Orders {
  /** The program, and what else is watched. */
  readonly entry: string | undefined;
  readonly paths: readonly string[];
  readonly checkTime: number;
  /** Starts the program. */
  readonly command: readonly string[];
}

/** Where the supervisor runs: in a thread it has somewhere to leave the outcome. */
export interface Place {
  readonly orders: Orders;
  /** Whether it is over, the exit code, and the number of the signal or 0. */
  readonly outcome: Int32Array | undefined;
}

// Compiled, this file and its neighbour end in .js.
const TAKE_OVER = import.meta.url.replace(/stand-in(\.[jt]s)(?=$|[?#])/, "take-over$1");

/**
 * Runs the supervisor from here on, with the runtime's own command and flags, and exits as it says.
 * Nothing else happens in this process meanwhile, so that what it has prepared does not happen twice.
 */
export function standIn(orders: Orders, runtime: readonly string[]): never {
  // What has been prepared to stop servers is of no use in here.
  for (const signal of ["SIGTERM", "SIGINT"]) process.removeAllListeners(signal);
  replaceProcess(orders, runtime);
  superviseInThread(orders);
}

/**
 * The same process becomes another program, as Tornado's does: it hears signals, and nothing is left
 * of this one. Returns where that cannot be: Deno, Node before 22.15, Windows.
 */
function replaceProcess(orders: Orders, runtime: readonly string[]): void {
  const [file = ""] = runtime;
  const args = [...runtime, fileURLToPath(TAKE_OVER), JSON.stringify(orders)];
  try {
    process.execve?.(file, args, process.env);
  } catch {
    // Not allowed, or not on this system.
  }
}

/**
 * This thread waits for the other one, which hears signals on Deno. On Node only this one could: there
 * the process ends with a signal, and the program sees that.
 */
function superviseInThread(orders: Orders): never {
  const outcome = new Int32Array(new SharedArrayBuffer(12));
  const place: Place = { orders, outcome };
  new Worker(new URL(TAKE_OVER), { workerData: place });
  // A signal of the terminal is for the program.
  process.on("SIGINT", () => undefined);
  Atomics.wait(outcome, 0, 0);
  endAs({ code: outcome[1] ?? 1, signal: signalOf(outcome[2]) });
}

/** From the thread. */
export function report({ code, signal }: Ended, outcome: Int32Array): void {
  outcome[1] = code;
  outcome[2] = signal === undefined ? 0 : constants.signals[signal];
  Atomics.store(outcome, 0, 1);
  Atomics.notify(outcome, 0);
}

/** Ends this process as its program has ended, so that who started it sees the same. */
export function endAs({ code, signal }: Ended): never {
  if (signal === undefined) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Not at once everywhere; and Deno, once it has listened, ends by none.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  process.exit(128 + constants.signals[signal]);
}

function signalOf(number: number | undefined): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(([, each]) => each === number);
  return found?.[0] as NodeJS.Signals | undefined;
}
