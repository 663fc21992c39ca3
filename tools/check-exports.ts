/**
 * Keeps the public surface in one shape: every module `src/<name>.ts` is the subpath `./<name>` of
 * package.json (compiled, in dist/) and of deno.json (source), and the repository's own programs
 * reach it on Deno as `squall/<name>`. Called by tools/ok.ts; `--write` brings both manifests up to date.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

/** Modules that are not for importing: reached through others, or a program as the CLI is. */
const PRIVATE = new Set(["collector", "core", "decompression", "happy-eyeballs", "tls", "cli"]);

/** Parts that are subpaths of their own: adapters, which who needs none of them does not load. */
const ADAPTERS = ["pubsub/nats", "pubsub/redis"];

/** The core for other runtimes, as files. */
const EMBEDDABLE = ["core.wasm", "core.component.wasm", "core.wit"];

type Manifest = Record<string, unknown> & { imports?: Record<string, unknown> };

/** The exports of the npm package, with paths below `root` (`./dist/` here, `./` once published). */
export function packageExports(root: string): Record<string, unknown> {
  const modules = publicModules().map((name) => [
    subpath(name),
    { types: `${root}src/${name}.d.ts`, default: `${root}src/${name}.js` },
  ]);
  const files = EMBEDDABLE.map((name) => [`./${name}`, `${root}${name}`]);
  return Object.fromEntries([...modules, ...files]);
}

/** What can be imported, by the name of its file in src/. */
export function publicModules(): string[] {
  const names = globSync("src/*.ts").map((file) => file.slice("src/".length, -".ts".length));
  return [...names.filter((name) => !PRIVATE.has(name)), ...ADAPTERS].sort(indexFirst);
}

function indexFirst(left: string, right: string): number {
  if (left === "index" || right === "index") return left === "index" ? -1 : 1;
  return left < right ? -1 : 1;
}

function subpath(name: string): string {
  return name === "index" ? "." : `./${name}`;
}

/** Both manifests as they should be. */
function wanted(): Record<string, Manifest> {
  const names = publicModules();
  const npm = read("package.json");
  const deno = read("deno.json");
  npm.exports = packageExports("./dist/");
  deno.exports = Object.fromEntries(names.map((name) => [subpath(name), `./src/${name}.ts`]));
  const kept = Object.entries(deno.imports ?? {}).filter(([name]) => !/^squall(\/|$)/.test(name));
  const own = names.map((name) => [`squall${subpath(name).slice(1)}`, `./dist/src/${name}.js`]);
  deno.imports = Object.fromEntries([...kept, ...own]);
  return { "package.json": npm, "deno.json": deno };
}

function read(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

/** What differs between the manifests and the files present. */
export function checkExports(): string[] {
  const faults: string[] = [];
  for (const [file, manifest] of Object.entries(wanted())) {
    const present = read(file);
    for (const key of ["exports", "imports"]) {
      if (!isDeepStrictEqual(present[key], manifest[key])) {
        faults.push(
          `${file}: "${key}" does not list src/*.ts: npx node tools/check-exports.ts --write`,
        );
      }
    }
  }
  const [npm, deno] = [read("package.json"), read("deno.json")];
  if (npm.version !== deno.version) faults.push("deno.json: the version is not package.json's");
  return faults;
}

/** What dist/ lacks of what the manifests point at. */
export function checkTargets(): string[] {
  const targets = Object.values(packageExports("./dist/")).flatMap((entry) =>
    typeof entry === "string" ? [entry] : Object.values(entry as Record<string, string>),
  );
  return targets.filter((file) => !existsSync(file)).map((file) => `${file}: is not built`);
}

if (import.meta.main) {
  if (process.argv.includes("--write")) {
    for (const [file, manifest] of Object.entries(wanted())) {
      writeFileSync(file, JSON.stringify(manifest, undefined, 2));
    }
    execFileSync("node_modules/.bin/biome", ["format", "--write", "package.json", "deno.json"]);
  }
  const faults = checkExports();
  for (const text of faults) console.error(text);
  if (faults.length > 0) process.exitCode = 1;
}
