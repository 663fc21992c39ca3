/**
 * Compiles the C addon of host-node for this machine, and for arm64 where Debian's cross compiler
 * is. One plain call of the compiler: the headers of Node-API come from npm, Node's own are not
 * needed. The binary is linked to nothing, not even to libc: the process that loads it has it
 * already. So one file serves glibc and musl, and every Node that this package supports.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const ADDON = join(import.meta.dirname, "..", "host-node", "addon");
const FLAGS = [
  "-std=c11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Wconversion",
  "-shared",
  "-fPIC",
  "-fvisibility=hidden",
  // Fortified and stack-protected code calls into one particular libc.
  "-U_FORTIFY_SOURCE",
  "-fno-stack-protector",
  "-nodefaultlibs",
  "-nostartfiles",
  "-Wl,--build-id=none,-z,now,-s",
];

interface Target {
  readonly arch: string;
  readonly compiler: string;
}

/** Builds what can be built here and is older than its sources. */
export function buildAddon(): void {
  if (process.platform !== "linux") return;
  const native: Target = { arch: process.arch, compiler: process.env.CC ?? "cc" };
  if (!hasCompiler(native.compiler)) {
    console.warn(`No C compiler ("${native.compiler}"): the Node host will use node:net instead`);
    return;
  }
  const cross: Target = { arch: "arm64", compiler: "aarch64-linux-gnu-gcc" };
  const both = native.arch !== cross.arch && hasCompiler(cross.compiler);
  for (const target of both ? [native, cross] : [native]) compile(target);
}

function hasCompiler(compiler: string): boolean {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function compile({ arch, compiler }: Target): void {
  const output = join(ADDON, "prebuilds", `linux-${arch}.node`);
  const sources = globSync("*.{c,h}", { cwd: ADDON }).map((name) => join(ADDON, name));
  const newest = Math.max(...[...sources, import.meta.filename].map(modified));
  if (modified(output) > newest) return;
  const api = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  mkdirSync(dirname(output), { recursive: true });
  execFileSync(
    compiler,
    [
      ...FLAGS,
      `-I${join(dirname(api), "include")}`,
      ...sources.filter((source) => source.endsWith(".c")),
      "-o",
      output,
    ],
    { stdio: "inherit" },
  );
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] === import.meta.filename) buildAddon();
