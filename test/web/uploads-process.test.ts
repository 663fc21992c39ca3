/** Uploads of a whole process: on a disk that is full, and when the process ends. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { RUN } from "../support/program.ts";

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), "squall-test-"));
const program = fileURLToPath(new URL("programs/uploads.ts", import.meta.url));
const namespace = ["--user", "--map-root-user", "--mount"];
const mount = `mount -t tmpfs -o size=1m none ${directory}`;
const canMount = spawnSync("unshare", [...namespace, "sh", "-c", mount]).status === 0;

afterAll(() => rm(directory, { recursive: true }));

test.skipIf(!canMount)(
  `a full disk: 507 and nothing left, and the server lives${canMount ? "" : " (no user namespaces)"}`,
  async () => {
    const command = `${mount} && exec "$@"`;
    const shell = [...namespace, "sh", "-c", command, "sh"];
    const args = [...shell, process.execPath, ...RUN, program, directory];
    const { stdout } = await run("unshare", args);
    expect(stdout).toBe("507 507 507 200\n");
  },
);

test("a process that ends in a handler leaves no file", async () => {
  const { stdout } = await run(process.execPath, [...RUN, program, directory, "exit"]);
  expect(stdout).toBe("1 5000000\n");
  expect(await readdir(directory)).toEqual([]);
});
