/**
 * The gate, `npm run ok`: everything that must hold before a change is delivered, in the order of
 * what fails soonest. One line per step; stops at the first failure and shows its output.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { checkDocs } from "./check-docs.ts";
import { checkExports, checkTargets } from "./check-exports.ts";
import { checkLayers } from "./check-layers.ts";
import { checkReproducible } from "./check-reproducible.ts";

/** What is wrong, line by line; a step with nothing wrong gives an empty list. */
type Faults = readonly string[];

/** Why a step cannot be run on this machine. */
class Skip {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

interface Step {
  readonly name: string;
  run(): Faults | Skip | Promise<Faults | Skip>;
}

const steps: readonly Step[] = [
  { name: "format and lint", run: () => command("biome", ["check", "--error-on-warnings"]) },
  { name: "format of C", run: checkC },
  { name: "layers", run: checkLayers },
  { name: "exports", run: checkExports },
  { name: "docstrings", run: checkDocs },
  { name: "build", run: builds },
  { name: "same bytes again", run: checkReproducible },
  { name: "types", run: () => command("tsc", ["--noEmit"]) },
  { name: "tests", run: () => command("node", ["tools/test.ts"]) },
];

/** Runs a program of this package, else one of the system. */
function command(name: string, args: readonly string[]): Faults | Skip {
  const own = join("node_modules/.bin", name);
  const result = spawnSync(existsSync(own) ? own : name, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const missing = (result.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  if (missing) return new Skip(`${name} is not installed`);
  return result.status === 0 ? [] : [result.stdout + result.stderr];
}

function checkC(): Faults | Skip {
  const files = globSync("host-node/addon/*.{c,h}");
  if (files.length === 0) return [];
  return command("clang-format", ["--dry-run", "--Werror", ...files]);
}

async function builds(): Promise<Faults> {
  await build();
  return checkTargets();
}

/** The step's line; false if it failed. */
async function report(step: Step): Promise<boolean> {
  const started = performance.now();
  let outcome: Faults | Skip;
  try {
    outcome = await step.run();
  } catch (error) {
    outcome = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (outcome instanceof Skip) {
    console.log(`skip  ${step.name}: ${outcome.reason}`);
    return true;
  }
  console.log(`${outcome.length === 0 ? "ok  " : "FAIL"}  ${step.name}, ${seconds}`);
  for (const fault of outcome) console.log(fault);
  return outcome.length === 0;
}

process.chdir(join(import.meta.dirname, ".."));
for (const step of steps) {
  if (await report(step)) continue;
  process.exitCode = 1;
  break;
}
