/**
 * The tests on all three runtimes, `npm test`: builds first, then runs the one suite on Node, Deno
 * and Bun, each with its own line, and ends with the sum. Arguments are handed to vitest, so
 * `npm test -- test/escape.test.ts` runs one file; `--on=deno` runs one runtime.
 *
 * That suite is served by epoll where it can be. Three shorter passes follow, on what the runtimes
 * bring themselves, with the tests that use sockets: `--on=deno-own` runs one, or a file on it.
 *
 * A few files that fail are run once more, alone: what passes then had to do with what ran beside
 * it. The tests are named as unsteady at the end, for somebody to look into.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

const VITEST = "node_modules/vitest/vitest.mjs";

/** Bun's child processes cannot serve as vitest's forks; its threads can. */
const runtimes: Readonly<Record<string, readonly string[]>> = {
  node: [VITEST],
  deno: ["run", "-A", "--unstable-net", VITEST],
  bun: ["--bun", VITEST, "--pool=threads"],
};

/** What asks each runtime's host for the runtime's own sockets, as `SQUALL_TCP`. */
const own: Readonly<Record<string, string>> = { node: "net", deno: "deno", bun: "bun" };

/** Who imports this, directly or not, is tested on the sockets that the runtime's host gives. */
const RELATED = ["related", "--run", "test/support/runtime-loop.ts"];
/** Files at a time: the tests wait as much as they compute. */
const WORKERS = "--maxWorkers=2";

/** A run of vitest. */
interface Pass {
  readonly name: string;
  readonly runtime: string;
  /** `SQUALL_TCP`, if it is not what whoever runs this has set. */
  readonly sockets?: string;
}

const passes: readonly Pass[] = [
  ...Object.keys(runtimes).map((runtime) => ({ name: runtime, runtime })),
  ...Object.entries(own).map(([runtime, sockets]) => ({
    name: `${runtime}-own`,
    runtime,
    sockets,
  })),
];

/** More files than these fail for a reason. */
const MOST_REPEATED = 4;

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** Skipped tests, whose reason is part of the name, and unsteady ones. */
  readonly remarks: readonly string[];
  readonly failedFiles: readonly string[];
  readonly failedTests: readonly string[];
}

const NOTHING: Count = {
  passed: 0,
  failed: 0,
  skipped: 0,
  remarks: [],
  failedFiles: [],
  failedTests: [],
};

/** vitest's JSON report, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests in one pass, and a few files that fail once more. */
function run(pass: Pass, args: readonly string[]): Count {
  const first = runOnce(pass, args);
  const { failedFiles: files, failedTests: tests } = first;
  if (files.length === 0 || files.length > MOST_REPEATED) return first;
  console.log(`${pass.name}: ${files.length} files failed; once more, alone`);
  const second = runOnce(pass, ["run", "--no-file-parallelism", ...files]);
  if (second.failed > 0) return first;
  const unsteady = tests.map((test) => `unsteady, passed the second time: ${test}`);
  const passed = first.passed + first.failed;
  return { ...first, passed, failed: 0, remarks: [...first.remarks, ...unsteady] };
}

/** A run that breaks down outside of its tests counts as a failure. */
function runOnce(pass: Pass, args: readonly string[]): Count {
  const { name, runtime, sockets } = pass;
  const file = join("build", `test-${name}.json`);
  rmSync(file, { force: true });
  const output = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
  const all = [...(runtimes[runtime] ?? []), ...args, "--passWithNoTests", ...output];
  const env = sockets === undefined ? process.env : { ...process.env, SQUALL_TCP: sockets };
  const status = runVitest(join("node_modules/.bin", runtime), all, env);
  const count = countOf(file);
  if (status !== 0 && count.failed === 0) return { ...count, failed: 1 };
  return count;
}

/** Shows progress on a terminal; elsewhere, only what is left to read when the dots are gone. */
function runVitest(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): number | null {
  if (process.stdout.isTTY) return spawnSync(command, args, { stdio: "inherit", env }).status;
  const result = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...env, NO_COLOR: "1" },
    maxBuffer: 1 << 28,
  });
  const lines = `${result.stdout}${result.stderr}`.split("\n");
  console.log(lines.filter((text) => !/^[·x*-]*$/.test(text)).join("\n"));
  return result.status;
}

function countOf(file: string): Count {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    const failedResults = report.testResults.filter(({ status }) => status === "failed");
    const broken = failedResults.filter((result) => result.assertionResults.length === 0);
    const results = report.testResults.flatMap((result) => result.assertionResults);
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
      remarks: results.filter(isSkipped).map((result) => `skipped: ${result.fullName}`),
      failedFiles: failedResults.map((result) => result.name),
      failedTests: results
        .filter(({ status }) => status === "failed")
        .map(({ fullName }) => fullName),
    };
  } catch {
    return { ...NOTHING, failed: 1 };
  }
}

function isSkipped(result: { readonly status: string }): boolean {
  return result.status !== "passed" && result.status !== "failed";
}

function line(count: Count): string {
  return `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
}

process.chdir(join(import.meta.dirname, ".."));
await build();
mkdirSync("build", { recursive: true });
const given = process.argv.slice(2);
const only = given.find((arg) => arg.startsWith("--on="))?.slice("--on=".length);
const rest = given.filter((arg) => !arg.startsWith("--on="));
const total = { ...NOTHING };
const lines: string[] = [];
for (const pass of passes) {
  const { name, sockets } = pass;
  // What was given is for the whole suite, unless a pass is named.
  if (only === undefined ? sockets !== undefined && rest.length > 0 : only !== name) continue;
  const selects = sockets !== undefined && rest.length === 0;
  const found = run(pass, [...(selects ? RELATED : ["run"]), WORKERS, ...rest]);
  // Nothing is related to a file that has been moved.
  const count = selects && found.passed === 0 ? { ...found, failed: found.failed + 1 } : found;
  lines.push(...count.remarks.map((remark) => `${name}: ${remark}`), `${name}: ${line(count)}`);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
for (const text of lines) console.log(text);
console.log(line(total));
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
