/** The first command of a fresh clone, `npm start`, up to the Ctrl-C that ends it. */
import { join } from "node:path";
import process from "node:process";
import { afterEach, expect, test } from "vitest";
import { Program } from "../support/program.ts";

const cwd = join(import.meta.dirname, "../..");

let program: Program | undefined;
afterEach(async () => {
  try {
    if (program !== undefined) process.kill(-program.pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
  await program?.ended;
});

test("npm start", { timeout: 120_000 }, async () => {
  // It builds first, where something has changed.
  program = new Program("npm", ["start", "--", "--port=0"], {}, { cwd, detached: true });
  const [, url = ""] = await program.says(/^Squall \S+ on node .*: (http:\S+)$/m, 100);
  expect(await (await fetch(url)).text()).toBe("Hello, world");
  // A terminal sends it to the shell and to the server alike.
  process.kill(-program.pid, "SIGINT");
  await program.ended;
  await expect(fetch(url)).rejects.toThrow();
});
