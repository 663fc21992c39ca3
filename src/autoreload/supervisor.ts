/**
 * Runs a program, again each time that its files change: in the place of a process that has called
 * `start`, or for the command line. Private to `autoreload`.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import type { ProgramFiles } from "./files.ts";

/** The code by which a program asks to be started again. No usual program exits with it. */
export const RELOAD = 190;
/** Tells a program that it is run by a supervisor, which starts it again. */
export const VARIABLE = "SQUALL_AUTORELOAD";
/** Milliseconds that a program has to end gracefully before it is killed. */
const PATIENCE = 3000;

type Command = readonly string[];

/**
 * Runs the program until it ends by itself, and exits as it did. Nothing else happens in this
 * process meanwhile, so that what it has prepared does not happen twice. A program that fails after
 * a change waits for the next one.
 */
export function superviseHere(command: Command, files: ProgramFiles, checkTime: number): never {
  const [program = "", ...args] = command;
  const env = { ...process.env, [VARIABLE]: "1" };
  // What has been prepared to stop servers cannot run in here: SIGTERM ends this process at once.
  process.removeAllListeners("SIGTERM");
  // The terminal interrupts both: the program stops, and what it exits with decides.
  process.on("SIGINT", () => undefined);
  for (let isFirst = true; ; isFirst = false) {
    files.mark();
    const { status, signal, error } = spawnSync(program, args, { stdio: "inherit", env });
    if (error !== undefined) throw error;
    if (status === RELOAD) continue;
    if (signal !== null) endBySignal(signal);
    if (isFirst || status === 0) process.exit(status ?? 1);
    say(`exited with code ${status}; waiting for a change`);
    while (files.changed().length === 0) sleep(checkTime);
  }
}

export interface SuperviseOptions {
  readonly checkTime: number;
  /** Ends with the program once it has succeeded, instead of waiting for the next change. */
  readonly untilSuccess: boolean;
}

/**
 * Runs a program for the command line, and ends it when a file has changed. Resolves with the exit
 * code, once told to end by a signal or when the program has succeeded as asked.
 */
export function supervise(
  command: Command,
  files: ProgramFiles,
  { checkTime, untilSuccess }: SuperviseOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let child: ChildProcess | undefined;
    let state: "running" | "reloading" | "ending" | "waiting" = "running";
    const start = (): void => {
      const [program = "", ...args] = command;
      state = "running";
      files.mark();
      child = spawn(program, args, {
        stdio: "inherit",
        env: { ...process.env, [VARIABLE]: "1" },
      });
      child.on("error", (error) => finish(() => reject(error)));
      child.on("close", (code, signal) => ended(code, signal));
    };
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      child = undefined;
      if (state === "ending") finish(() => resolve(code ?? 1));
      else if (state === "reloading" || code === RELOAD) start();
      else if (untilSuccess && code === 0) finish(() => resolve(0));
      else {
        say(`ended with ${signal ?? `code ${code}`}; waiting for a change`);
        state = "waiting";
      }
    };
    const look = (): void => {
      if (state === "reloading" || state === "ending") return;
      const [changed] = files.changed();
      if (changed === undefined) return;
      say(`${changed} changed; starting again`);
      if (child === undefined) start();
      else {
        state = "reloading";
        stop(child);
      }
    };
    const end = (signal: NodeJS.Signals): void => {
      if (child === undefined) finish(() => resolve(0));
      // A second signal is for the program to understand.
      else child.kill(signal);
      state = "ending";
    };
    const timer = setInterval(look, checkTime);
    const finish = (settle: () => void): void => {
      clearInterval(timer);
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      settle();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
    start();
  });
}

function stop(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  child.once("close", () => clearTimeout(timer));
}

/** Ends this process as its program was ended, so that who started it sees the same. */
function endBySignal(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  sleep(1000);
  process.exit(1);
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function say(text: string): void {
  process.stderr.write(`squall autoreload: ${text}\n`);
}
