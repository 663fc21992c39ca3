/**
 * What the epoll hosts set on a listening socket that another program has opened. Connections have
 * it from their listener; Python looks, as no host tells.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { host } from "#host";
import { RUN } from "../support/program.ts";

const PYTHON = "/usr/bin/python3";
const noPython = existsSync(PYTHON) ? "" : ` (skipped: no ${PYTHON})`;
const noEpoll = host.name.endsWith("-epoll") ? "" : ` (skipped: ${host.name} sets it on each)`;
const why = noEpoll || noPython;

test.skipIf(why !== "")(`an adopted listener is set as one of our own is${why}`, async () => {
  const script = fileURLToPath(new URL("../support/adopted-options.py", import.meta.url));
  const program = fileURLToPath(new URL("./programs/adopting.ts", import.meta.url));
  const args = [script, process.execPath, ...RUN, program];
  const { stdout } = await promisify(execFile)(PYTHON, args);
  expect(JSON.parse(stdout)).toEqual({ noDelay: true, keepAlive: [60, 10, 6] });
});
