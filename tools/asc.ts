/** Runs AssemblyScript's compiler, `asc`, for one target of one configuration. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

/** Compiles; warnings go to standard error, errors are thrown. */
export async function asc(config: string, target = "release"): Promise<void> {
  // Its programming interface is not used: its types declare a `console` of their own for everybody.
  const compiler = `${root}node_modules/assemblyscript/bin/asc.js`;
  const options = ["--config", config, "--target", target, "--baseDir", "."];
  const { stderr } = await run(process.execPath, [compiler, ...options], { cwd: root });
  process.stderr.write(stderr);
}
