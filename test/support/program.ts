/**
 * Starts a program of the tests as a process of its own, on the runtime that runs the tests.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a command runs, and whether it leads a process group of its own, as in a terminal. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly detached?: boolean;
}

const deno = ["run", "-A", "--unstable-net", "--no-prompt"];

/** How this runtime is told to run a file, with all that the tests themselves may do. */
export const RUN: readonly string[] =
  "Deno" in globalThis ? deno : process.versions.bun ? ["run"] : [];

/** A running program, and what it has printed. */
export class Program {
  readonly process: ChildProcess;
  /** Resolves when it has ended: with its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  output = "";
  errors = "";
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    options: CommandOptions = {},
  ) {
    this.process = spawn(command, args, { ...options, env: { ...process.env, ...env } });
    this.process.stdout?.on("data", (bytes) => {
      this.output += bytes;
      this.#wake();
    });
    this.process.stderr?.on("data", (bytes) => {
      this.errors += bytes;
      this.#wake();
    });
    this.ended = new Promise((resolve, reject) => {
      this.process.on("error", reject);
      this.process.on("close", (code, signal) => {
        this.#over = true;
        this.#wake();
        resolve(signal ?? code ?? "unknown");
      });
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** Resolves with the match once the output has one; rejects if the program ends without it. */
  async says(pattern: RegExp, seconds = 15): Promise<RegExpExecArray> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.#over) throw new Error(`Ended without ${pattern}: ${this.output}${this.errors}`);
      if (Date.now() > deadline) throw new Error(`No ${pattern}: ${this.output}${this.errors}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Not the process object's own `kill`: on Deno it says afterwards that the signal ended it. */
  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    process.kill(this.pid, signal);
  }

  /** Ends it whatever it does. */
  async end(): Promise<void> {
    try {
      if (!this.#over) this.kill("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
    await this.ended;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Starts a program's file: `new URL("./server.ts", import.meta.url)`. */
export function startProgram(file: URL, options: ProgramOptions = {}): Program {
  const { args = [], env = {} } = options;
  return new Program(process.execPath, [...RUN, fileURLToPath(file), ...args], env);
}
