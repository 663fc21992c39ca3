/**
 * The programs of embed/, made ready to be asked: each needs a tool that may not be here, and
 * packages that are fetched once and kept in ~/.cache/squall. What is missing is said in words, for
 * the name of a skipped test.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { questions } from "./questions.ts";
import { rawAnswer } from "./raw-answers.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(homedir(), ".cache/squall");

export const COMPONENT: string = join(root, "build/core.component.wasm");
export const MODULE: string = join(root, "build/core.wasm");

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Why something cannot be run here. */
export interface Missing {
  readonly missing: string;
}

const WASMTIME_PY = "50.0.1";
/** Fetching a package; above it a test is skipped, as without network. */
const FETCH_SECONDS = 60;
/** A build that is nearly there. The whole of wasmtime takes minutes: `.ci/run` builds it before. */
const BUILD_SECONDS = 90;
/** A program takes a second; a machine that others use may take many times that. */
const PROGRAM_TIMEOUT = 120_000;

/** Python, with wasmtime of PyPI beside it. */
export function python(): Program | Missing {
  const folder = join(cache, `wasmtime-py-${WASMTIME_PY}`);
  const program = { command: "python3", args: [], env: { PYTHONPATH: folder } };
  if (existsSync(folder)) return program;
  mkdirSync(cache, { recursive: true });
  const fetched = mkdtempSync(join(cache, "fetched-"));
  const pip = ["-m", "pip", "install", "--quiet", "--target", fetched, `wasmtime==${WASMTIME_PY}`];
  const missing = failure("python3", pip, FETCH_SECONDS);
  try {
    if (missing === undefined) renameSync(fetched, folder);
  } catch {
    // Another test was faster.
  }
  rmSync(fetched, { recursive: true, force: true });
  return missing ?? program;
}

/** The program of embed/rust, with wasmtime of crates.io. */
export function rust(): Program | Missing {
  const target = join(cache, "embed-rust");
  const cargo = existsSync(join(homedir(), ".cargo/bin/cargo"))
    ? join(homedir(), ".cargo/bin/cargo")
    : "cargo";
  const args = ["build", "--quiet", "--locked", "--target-dir", target];
  const missing = failure(cargo, args, BUILD_SECONDS, join(root, "embed/rust"));
  return missing ?? { command: join(target, "debug/squall-core-embed"), args: [COMPONENT] };
}

/** The program of embed/go, with wazero of the module proxy. */
export function go(): Program | Missing {
  const folder = join(cache, "embed-go");
  mkdirSync(folder, { recursive: true });
  const installed = "/usr/local/go/bin/go";
  const args = ["build", "-o", join(folder, "embed"), "."];
  const command = existsSync(installed) ? installed : "go";
  const missing = failure(command, args, BUILD_SECONDS, join(root, "embed/go"));
  return missing ?? { command: join(folder, "embed"), args: [MODULE] };
}

/** Runs a program with more arguments, and with its input. */
export function runProgram(
  { command, args, env }: Program,
  more: readonly string[],
  input = "",
): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  const options = { input, encoding: "utf8", timeout: PROGRAM_TIMEOUT } as const;
  return spawnSync(command, [...args, ...more], { ...options, env: { ...process.env, ...env } });
}

/** What kept a command from success, if anything did. */
function failure(
  command: string,
  args: readonly string[],
  seconds: number,
  cwd: string = root,
): Missing | undefined {
  const options = { cwd, encoding: "utf8", timeout: seconds * 1000 } as const;
  const { error, status, stderr } = spawnSync(command, args, options);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const what = [command.split("/").at(-1), ...args.slice(0, 3)].join(" ");
  if (code === "ENOENT") return { missing: `${command} is not installed` };
  if (code === "ETIMEDOUT") return { missing: `\`${what}\` takes more than ${seconds} s` };
  if (status === 0) return undefined;
  // What cannot be fetched is missing; what does not compile is a fault of ours.
  if (/error(\[E\d+\])?: .*\n +-->|^\.\/\w+\.go:/m.test(stderr)) throw new Error(stderr);
  return { missing: `\`${what}\` failed: ${stderr.trim().split("\n").at(-1)}` };
}

/** Holds that a program answers every question as the plain module does; skips with the reason. */
export function testAnswers(name: string, program: Program | Missing): void {
  const missing = "missing" in program ? program.missing : undefined;
  const title = missing === undefined ? name : `${name} (${missing})`;
  test.skipIf(missing !== undefined)(
    title,
    () => {
      const asked = questions();
      const result = runProgram(program as Program, [], `${asked.join("\n")}\n`);
      expect(result.stderr).toBe("");
      const answers = result.stdout.trimEnd().split("\n");
      expect(answers).toHaveLength(asked.length);
      for (const [index, question] of asked.entries()) {
        expect(answers[index], question).toBe(rawAnswer(question));
      }
    },
    PROGRAM_TIMEOUT,
  );
}
