/** A program that runs beside this one, with its input and output as streams. */

import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { IOLoop } from "../ioloop.ts";
import { CalledProcessError } from "./errors.ts";

/** What a program's input or output is: as this process's, nothing, or a stream to it. */
type Stdio = "inherit" | "ignore" | "stream";

/** What a program gets as its input, output, folder and environment; this process's if left out. */
export interface SubprocessOptions {
  readonly stdin?: Stdio;
  readonly stdout?: Stdio;
  readonly stderr?: Stdio;
  readonly cwd?: string | URL;
  /** Its environment, in place of this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program. `stdin`, `stdout` and `stderr` are this process's own unless the options say
 * `Subprocess.STREAM`; `for await (const bytes of child.stdout)` reads (Tornado
 * `process.Subprocess`).
 */
export class Subprocess {
  /** Has a stream made of an input or output. */
  static readonly STREAM: "stream" = "stream";

  /** The program, and what it was given. */
  readonly args: readonly string[];
  /** Streams, where they were asked for. What was written is there also after the program has ended. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly #process: ChildProcess;
  readonly #ended: Promise<number>;
  #returnCode: number | undefined;

  /**
   * Starts the program `args[0]`. If it cannot be started, `waitForExit` rejects. Throws a TypeError
   * for text: no shell takes it apart.
   */
  constructor(args: readonly string[], options: SubprocessOptions = {}) {
    if (!Array.isArray(args)) {
      throw new TypeError(
        `Cannot run ${JSON.stringify(args)}: expected an array, ["program", "argument"]`,
      );
    }
    const [file = "", ...rest] = args;
    const { stdin = "inherit", stdout = "inherit", stderr = "inherit", cwd, env } = options;
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(file, rest, {
      stdio: [pipeFor(stdin), pipeFor(stdout), pipeFor(stderr)],
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
    });
    this.args = args;
    this.stdin = child.stdin ?? undefined;
    this.stdout = kept(child.stdout);
    this.stderr = kept(child.stderr);
    this.#process = child;
    this.#ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        this.#returnCode = code ?? -(signal === null ? 1 : constants.signals[signal]);
        resolve(this.#returnCode);
      });
    });
    // Nobody has to wait for it.
    this.#ended.catch(() => undefined);
  }

  /** Undefined if the program could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The exit code, or the number of the signal that ended it, below zero; undefined before. */
  get returnCode(): number | undefined {
    return this.#returnCode;
  }

  /**
   * Resolves when the program has ended, with its `returnCode`. Rejects with CalledProcessError if
   * that is not 0, unless `raiseError` is false.
   */
  async waitForExit(raiseError = true): Promise<number> {
    const code = await this.#ended;
    if (code !== 0 && raiseError) throw new CalledProcessError(code, this.args);
    return code;
  }

  /** Has a callback of the loop called with the `returnCode` when the program has ended. */
  setExitCallback(callback: (returnCode: number) => unknown): void {
    const loop = IOLoop.current();
    this.#ended.then(
      (code) => loop.addCallback(callback, code),
      () => undefined,
    );
  }

  /** Sends a signal, if the program still runs. */
  sendSignal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (this.#returnCode === undefined && pid !== undefined) process.kill(pid, signal);
  }
}

function pipeFor(stdio: Stdio): "inherit" | "ignore" | "pipe" {
  return stdio === "stream" ? "pipe" : stdio;
}

/** The runtimes throw away what nobody has begun to read when the program ends; a pipe is read. */
function kept(output: Readable | null): Readable | undefined {
  if (output === null) return undefined;
  const { PassThrough } = process.getBuiltinModule("node:stream");
  const read = output.pipe(new PassThrough());
  output.on("error", (error) => read.destroy(error));
  // Of a program that could not be started: `waitForExit` tells why.
  output.on("close", () => read.end());
  read.on("close", () => output.destroy());
  return read;
}
