/**
 * Runs a program, again each time that its files change. Private to `autoreload`; in the place of a
 * process that has called `start` it runs in `take-over.ts`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import process from "node:process";
import type { ProgramFiles } from "./files.ts";

/** The code by which a program asks to be started again. No usual program exits with it. */
export const RELOAD = 190;
/** Tells a program that it is run by a supervisor, which starts it again. */
export const VARIABLE = "SQUALL_AUTORELOAD";
/** Milliseconds that a program has to end gracefully before it is killed. */
const PATIENCE = 3000;

export interface SuperviseOptions {
  /** Milliseconds between two looks at the files. */
  readonly checkTime: number;
  /**
   * When it ends: only by a signal; with the program once that has succeeded; or as the program
   * does, which looks at its files itself, and waits for a change only when it has failed after one.
   */
  readonly until: "signal" | "success" | "end";
}

/** How a program has ended. */
export interface Ended {
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
}

/** Runs a program, and resolves once that is over with how it ended last. */
export function supervise(
  command: readonly string[],
  files: ProgramFiles,
  options: SuperviseOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    new Supervisor(command, files, options, resolve, reject).start();
  });
}

class Supervisor {
  readonly #command: readonly string[];
  readonly #files: ProgramFiles;
  readonly #options: SuperviseOptions;
  readonly #resolve: (ended: Ended) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #state: "running" | "reloading" | "ending" | "waiting" = "running";
  #child: ChildProcess | undefined;
  #isFirst = true;

  constructor(
    command: readonly string[],
    files: ProgramFiles,
    options: SuperviseOptions,
    resolve: (ended: Ended) => void,
    reject: (error: Error) => void,
  ) {
    this.#command = command;
    this.#files = files;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setInterval(() => this.#look(), options.checkTime);
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#terminate);
  }

  start(): void {
    const [program = "", ...args] = this.#command;
    this.#state = "running";
    this.#files.mark();
    const env = { ...process.env, [VARIABLE]: "1" };
    this.#child = spawn(program, args, { stdio: "inherit", env });
    this.#child.on("error", (error) => this.#finish(() => this.#reject(error)));
    this.#child.on("close", (code, signal) => {
      this.#child = undefined;
      this.#ended({ code: code ?? 1, signal: signal ?? undefined });
    });
  }

  #ended(ended: Ended): void {
    if (this.#state === "ending" || this.#isLast(ended)) {
      this.#finish(() => this.#resolve(ended));
      return;
    }
    const isReload = this.#state === "reloading" || ended.code === RELOAD;
    this.#isFirst = false;
    if (isReload) this.start();
    else {
      say(`ended with ${ended.signal ?? `code ${ended.code}`}; waiting for a change`);
      this.#state = "waiting";
    }
  }

  #isLast({ code, signal }: Ended): boolean {
    if (code === RELOAD || this.#state === "reloading") return false;
    switch (this.#options.until) {
      case "signal":
        return false;
      case "success":
        return code === 0;
      case "end":
        return this.#isFirst || code === 0 || signal !== undefined;
    }
  }

  #look(): void {
    const isWaiting = this.#state === "waiting";
    // One that runs until its end looks itself.
    if (!isWaiting && (this.#options.until === "end" || this.#state !== "running")) return;
    const [changed] = this.#files.changed();
    if (changed === undefined) return;
    say(`${changed} changed; starting again`);
    if (this.#child === undefined) this.start();
    else {
      this.#state = "reloading";
      stop(this.#child);
    }
  }

  /** A terminal interrupts both: the program stops, and how it ends decides. */
  readonly #interrupt = (): void => {
    if (this.#child === undefined)
      this.#finish(() => this.#resolve({ code: 130, signal: "SIGINT" }));
    this.#state = "ending";
  };

  /** A second signal is for the program to understand. */
  readonly #terminate = (): void => {
    if (this.#child === undefined)
      this.#finish(() => this.#resolve({ code: 0, signal: undefined }));
    else send(this.#child, "SIGTERM");
    this.#state = "ending";
  };

  #finish(settle: () => void): void {
    clearInterval(this.#timer);
    process.off("SIGINT", this.#interrupt);
    process.off("SIGTERM", this.#terminate);
    settle();
  }
}

function stop(child: ChildProcess): void {
  send(child, "SIGTERM");
  const timer = setTimeout(() => send(child, "SIGKILL"), PATIENCE);
  child.once("close", () => clearTimeout(timer));
}

/** By its number: after `child.kill`, Deno says of any end that the signal was it. */
function send({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** Tells the person at the terminal. */
export function say(text: string): void {
  // By the descriptor: streams of a thread wait for the main one, which waits for this one.
  writeSync(2, `squall autoreload: ${text}\n`);
}
