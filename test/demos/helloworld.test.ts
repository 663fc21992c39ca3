/**
 * The hello world, by the commands that the documentation gives for this runtime: what it prints,
 * that it answers, and that its port is free again once it has been told to stop.
 */
import { join } from "node:path";
import process from "node:process";
import { afterEach, expect, test } from "vitest";
import { Program } from "../support/program.ts";

const root = join(import.meta.dirname, "../..");
const cwd = join(root, "demos/helloworld");
const env = { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };

const [runtime, ...run]: [string, ...string[]] =
  "Deno" in globalThis
    ? ["deno", "run", "--allow-net"]
    : process.versions.bun === undefined
      ? ["node"]
      : ["bun", "run"];
const line = new RegExp(
  `^Squall \\d+\\.\\d+\\.\\d+ on ${runtime} \\d+\\.\\d+\\.\\d+ ` +
    `\\(${runtime}[-a-z]*, wasm (?:simd|scalar)\\): (http://localhost:(\\d+)/)\\n$`,
);

let program: Program | undefined;
afterEach(() => program?.end());

/** Starts it, has it answer, ends it with a signal; returns the port that it was on. */
async function visit(file: string, port: readonly string[], signal: NodeJS.Signals) {
  program = new Program(runtime, [...run, file, ...port], env, { cwd });
  await program.says(/\n/);
  const [, url = "", taken = ""] = line.exec(program.output) ?? [];
  const response = await fetch(url);
  expect(await response.text()).toBe("Hello, world");
  // With the client's connection still open.
  program.kill(signal);
  expect(await program.ended).toBe(0);
  expect(program.output).toMatch(line);
  await expect(fetch(url)).rejects.toThrow();
  return taken;
}

test.each(["app", "app.ts"])(`${[runtime, ...run].join(" ")} %s`, async (file) => {
  const port = await visit(file, ["--port=0"], "SIGTERM");
  expect(await visit(file, ["--port", port], "SIGINT")).toBe(port);
  expect(await visit(file, [`--port=${port}`], "SIGTERM")).toBe(port);
});
