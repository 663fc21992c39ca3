/** The runtimes' own test runners with `squall/testing`. */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Program } from "../support/program.ts";

const FILE = fileURLToPath(new URL("programs/runner.ts", import.meta.url));
const RUNNER =
  "Deno" in globalThis
    ? ["test", "--allow-net", "--allow-env=FAIL", "--no-check"]
    : process.versions.bun === undefined
      ? ["--test"]
      : ["test"];

test("a passing test passes, and ends", async () => {
  const run = new Program(process.execPath, [...RUNNER, FILE], {});
  const code = await run.ended;
  expect(run.output + run.errors).toMatch(/says hello/);
  expect(code).toBe(0);
});

test("a failing test fails", async () => {
  const run = new Program(process.execPath, [...RUNNER, FILE], { FAIL: "1" });
  expect(await run.ended).toBe(1);
  expect(run.output + run.errors).toMatch(/This is not Goodbye/);
});
