/** The core's self-test in engines that are neither V8 nor JavaScriptCore, and as a WASI program. */

import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { expect, test } from "vitest";
import { type Program, python, runProgram } from "../support/embeddings.ts";

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
};

const root = join(import.meta.dirname, "../..");
const module = join(root, "build/self-test.wasm");
const program = join(root, "build/self-test.wasi.wasm");

const checks = readFileSync(join(root, "core-wasm/self-test/exports.ts"), "utf8").match(
  /^ {2}\w+(?=,$)/gm,
);

const hasInterpreter = spawnSync("wasm-interp", ["--version"]).error === undefined;
const without = hasInterpreter ? "" : " (wasm-interp is not installed)";

test.skipIf(!hasInterpreter)(`every check passes in wabt's interpreter${without}`, () => {
  const { stdout } = spawnSync("wasm-interp", [module, "--run-all-exports"], { encoding: "utf8" });
  const results = stdout.trimEnd().split("\n").sort();
  expect(results).toEqual(checks?.map((name) => `${name.trim()}() => i32:0`));
});

/** A line for each check, none of which failed. */
function expectPassed(output: string): void {
  const lines = output.trimEnd().split("\n");
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([]);
  expect(lines).toHaveLength(checks?.length ?? 0);
}

test("prints what passes under Node's WASI", () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-self-test-"));
  try {
    const stdout = openSync(join(folder, "output"), "w");
    const wasi = new WASI({ version: "preview1", stdout, returnOnExit: true });
    const compiled = new WebAssembly.Module(readFileSync(program));
    const instance = new WebAssembly.Instance(compiled, wasi.getImportObject() as object);
    const status = wasi.start(instance);
    closeSync(stdout);
    expectPassed(readFileSync(join(folder, "output"), "utf8"));
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const wasmtime = python();
const missing = "missing" in wasmtime ? ` (${wasmtime.missing})` : "";

test.skipIf(missing !== "")(
  `prints what passes under wasmtime${missing}`,
  () => {
    const script = join(root, "embed/python/run_wasi.py");
    const { status, stdout } = runProgram(wasmtime as Program, [script, program]);
    expectPassed(stdout);
    expect(status).toBe(0);
  },
  120_000,
);
