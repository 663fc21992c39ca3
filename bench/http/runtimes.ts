/**
 * Where the programs of the benchmark are: the runtimes that the project pins, as real binaries (a
 * shim would make the process that is measured its child), Debian's Python, the load generators.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";

export const root: string = join(import.meta.dirname, "..", "..");
export const results: string = join(root, "bench", "results");

function pinned(name: string): string {
  const link = join(root, "node_modules", ".bin", name);
  if (!existsSync(link)) throw new Error(`Cannot find "${link}": run npm ci in ${root}`);
  return realpathSync(link);
}

/** A runtime given by the environment (as in `BENCH_NODE=/usr/bin/node`), or the pinned one. */
function runtime(name: string): string {
  const given = process.env[`BENCH_${name.toUpperCase()}`];
  return given === undefined ? pinned(name) : realpathSync(given);
}

export const node: string = runtime("node");
export const deno: string = runtime("deno");
export const bun: string = runtime("bun");
/** Debian's, not another one on the path: it is the one that sees the package python3-tornado. */
export const python = "/usr/bin/python3";

/** The file of a program on the path, or undefined. */
export function which(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}

/** Ends the benchmark, with what to install, when a program is absent. */
export function requireProgram(program: string, debianPackage: string): string {
  const file = which(program);
  if (file === undefined) {
    console.error(`Cannot find ${program}: install Debian's package ${debianPackage}`);
    process.exit(1);
  }
  return file;
}

/** Brings `squall/web` within reach of bench/http/servers, as an installed package would be. */
export function linkSquall(): void {
  const modules = join(root, "bench", "node_modules");
  if (!existsSync(modules)) {
    console.error("Cannot find bench/node_modules: run npm ci in bench/");
    process.exit(1);
  }
  const link = join(modules, "squall");
  if (!existsSync(link)) symlinkSync(join("..", ".."), link);
}

export function isSquallBuilt(): boolean {
  return existsSync(join(root, "dist", "src", "web.js"));
}

function firstLine(program: string, args: readonly string[]): string {
  try {
    const text = execFileSync(program, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.split("\n", 1)[0] ?? "";
  } catch {
    return "absent";
  }
}

export function versions(): Record<string, string> {
  return {
    node: firstLine(node, ["--version"]),
    deno: firstLine(deno, ["--version"]),
    bun: firstLine(bun, ["--version"]),
    "python3-tornado": firstLine(python, ["-c", "import tornado; print(tornado.version)"]),
    commit: firstLine("git", ["-C", root, "describe", "--always", "--dirty"]),
  };
}
