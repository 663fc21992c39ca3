/**
 * The tests on all three runtimes, `npm test`: builds first, then runs the one suite on Node, Deno
 * and Bun, each with its own line, and ends with the sum. Arguments are handed to vitest, so
 * `npm test -- test/escape.test.ts` runs one file; `--on=deno` runs one runtime.
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
  node: [VITEST, "run"],
  deno: ["run", "-A", "--unstable-net", VITEST, "run"],
  bun: ["--bun", VITEST, "run", "--pool=threads"],
};

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

/** Runs the suite on one runtime, and a few files that fail once more. */
function run(name: string, args: readonly string[]): Count {
  const first = runOnce(name, args);
  const { failedFiles: files, failedTests: tests } = first;
  if (files.length === 0 || files.length > MOST_REPEATED) return first;
  console.log(`${name}: ${files.length} files failed; once more, alone`);
  const options = [...(runtimes[name] ?? []), "--no-file-parallelism"];
  const second = runOnce(name, [...options, ...files]);
  if (second.failed > 0) return first;
  const unsteady = tests.map((test) => `unsteady, passed the second time: ${test}`);
  const passed = first.passed + first.failed;
  return { ...first, passed, failed: 0, remarks: [...first.remarks, ...unsteady] };
}

/** A run that breaks down outside of its tests counts as a failure. */
function runOnce(name: string, args: readonly string[]): Count {
  const file = join("build", `test-${name}.json`);
  rmSync(file, { force: true });
  const output = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
  const all = [...args, "--passWithNoTests", ...output];
  const status = runVitest(join("node_modules/.bin", name), all);
  const count = countOf(file);
  if (status !== 0 && count.failed === 0) return { ...count, failed: 1 };
  return count;
}

/** Shows progress on a terminal; elsewhere, only what is left to read when the dots are gone. */
function runVitest(command: string, args: readonly string[]): number | null {
  if (process.stdout.isTTY) return spawnSync(command, args, { stdio: "inherit" }).status;
  const env = { ...process.env, NO_COLOR: "1" };
  const result = spawnSync(command, args, { encoding: "utf8", env, maxBuffer: 1 << 28 });
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
for (const [name, args] of Object.entries(runtimes)) {
  if (only !== undefined && only !== name) continue;
  const count = run(name, [...args, ...rest]);
  lines.push(...count.remarks.map((remark) => `${name}: ${remark}`), `${name}: ${line(count)}`);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
for (const text of lines) console.log(text);
console.log(line(total));
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
