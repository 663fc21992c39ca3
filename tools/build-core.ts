/**
 * Builds the core: tables, then `asc` for every target of asconfig.json, then what `src/core/load.ts`
 * imports: `build/core.js` with the module as base64, and `build/core-scalar.js`, the same source
 * as JavaScript for runtimes where the module cannot run. Called by build.ts.
 */

import { execFile } from "node:child_process";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { deflateRawSync } from "node:zlib";
import { MEMORY_PAGES } from "../core-wasm/layout.ts";
import { asc } from "./asc.ts";
import { coreTables } from "./core-tables.ts";
import { memoryLimits } from "./wasm-sections.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const build = `${root}build/`;

/** The core is in every bundle and is compiled at every start: keep it small. */
const MAX_SIZE = 64 * 1024;

interface Entry {
  readonly name: string;
}

/** What is used of it: TypeScript has its types only together with the DOM's. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): Entry[];
    exports(module: object): Entry[];
  };
};

/** Builds all targets and checks what the design promises of the release build. */
export async function buildCore(): Promise<void> {
  await mkdir(build, { recursive: true });
  await writeFile(`${build}core-tables.ts`, coreTables());
  const targets = ["release", "debug", "scalar"];
  await Promise.all(targets.map((target) => asc("asconfig.json", target)));

  const release = await readFile(`${build}core.wasm`);
  checkModule(release);
  const scalar = await readFile(`${build}core.scalar.wasm`);
  checkModule(scalar);
  await writeModule("core", `export const wasmBase64 = "${release.toString("base64")}";\n`, [
    "/** The SIMD build of the core. */",
    "export declare const wasmBase64: string;",
  ]);
  await writeModule("core-scalar", await scalarModule(), [
    "/** Makes an instance of the core that needs no WebAssembly. */",
    "export declare function instantiate(): Record<string, unknown>;",
  ]);
}

/** No imports, no runtime of asc, a memory that cannot grow, and few bytes. */
function checkModule(bytes: Uint8Array): void {
  const module = new WebAssembly.Module(bytes);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0) {
    throw new Error(`Cannot ship the core: it imports ${imports.map((entry) => entry.name)}`);
  }
  for (const { name } of WebAssembly.Module.exports(module)) {
    if (name.startsWith("__")) throw new Error(`Cannot ship the core: it exports ${name}`);
  }
  const [least, most] = memoryLimits(bytes);
  if (least !== MEMORY_PAGES || most !== MEMORY_PAGES) {
    throw new Error(`Cannot ship the core: its memory is ${least} to ${most} pages`);
  }
  if (bytes.length >= MAX_SIZE) throw new Error(`Cannot ship the core: ${bytes.length} bytes`);
}

/**
 * The scalar build through binaryen's wasm2js, as a function that makes an instance. Hardly anybody
 * calls it, but everybody imports it: a text that is compressed costs them nothing, where code
 * would be parsed at every start (4 ms and 4 MiB on Node).
 */
async function scalarModule(): Promise<string> {
  const wasm2js = `${root}node_modules/binaryen/bin/wasm2js`;
  const input = `${build}core.scalar.wasm`;
  const options = { maxBuffer: 1 << 26 };
  const { stdout } = await run(process.execPath, [wasm2js, input, "-O2"], options);
  // What follows makes an instance at once and exports it.
  const tail = stdout.indexOf("var retasmFunc =");
  if (tail < 0) throw new Error("Cannot use wasm2js's output: no instance in it");
  const source = stdout.slice(0, tail);
  if (source.includes("import ")) throw new Error("Cannot use wasm2js's output: it imports");
  const body = `"use strict";\n${source}return asmFunc({});`.replace(/^\s+/gm, "");
  return [
    `const source = "${deflateRawSync(body, { level: 9 }).toString("base64")}";`,
    "export function instantiate() {",
    '  const { inflateRawSync } = process.getBuiltinModule("node:zlib");',
    '  return new Function(inflateRawSync(Buffer.from(source, "base64")).toString())();',
    "}",
    "",
  ].join("\n");
}

/** Writes a module and its types; whole or not at all, as others may be reading them. */
async function writeModule(name: string, source: string, types: string[]): Promise<void> {
  const head = "// Made by tools/build-core.ts. Do not edit.\n";
  await writeFile(`${build}${name}.d.ts`, `${head}${types.join("\n")}\n`);
  await writeFile(`${build}${name}.js.new`, head + source);
  await rename(`${build}${name}.js.new`, `${build}${name}.js`);
}

if (import.meta.main) await buildCore();
