/**
 * Builds the core as a component: asc compiles core-wasm/component/, its exports get the names of the
 * canonical ABI, and jco's wasm-tools put the world of core.wit around it. Writes
 * `build/core.component.wasm`, and the JavaScript that `jco transpile` makes of it for the tests to
 * build/component/. Called by build.ts.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import {
  componentEmbed,
  componentNew,
  componentWit,
} from "@bytecodealliance/jco-transpile/wasm-tools";
import { asc } from "./asc.ts";
import { memoryLimits, Reader, renameExports, sectionsOf } from "./wasm-sections.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export const COMPONENT = "build/core.component.wasm";
/** The module inside, which tests call as a runtime does, and as none would. */
export const MODULE = "build/core.component.core.wasm";
export const WIT = "core-wasm/component/core.wit";
const TRANSPILED = "build/component";

const MAX_SIZE = 96 * 1024;
const IMPORT_SECTION = 2;
/** What `initialMemory` and `maximumMemory` of asconfig.component.json are to be. */
const PAGES = { least: 64, most: 4160 };

/** Builds the component and checks what the design promises of it. */
export async function buildComponent(): Promise<void> {
  const component = await makeComponent();
  await writeFile(root + COMPONENT, component);
  await writeTranspiled(component);
}

async function makeComponent(): Promise<Uint8Array> {
  await asc("asconfig.component.json");
  const wit = await readFile(root + WIT, "utf8");
  const module = renameExports(await readFile(root + MODULE), (name) => canonicalName(wit, name));
  await writeFile(root + MODULE, module);
  checkModule(module);

  const embedded = await componentEmbed({
    binary: module,
    witSource: wit,
    world: "core",
    stringEncoding: "utf8",
  });
  const component = await componentNew(embedded, []);
  await checkComponent(component);
  return component;
}

/**
 * The canonical ABI's name of an export of core-wasm/component/index.ts: it cannot be written in
 * AssemblyScript. `http_parseRequest` becomes `squall:core/http@0.1.0#parse-request`.
 */
function canonicalName(wit: string, name: string): string {
  if (name.startsWith("__")) throw new Error(`Cannot ship the component: it exports ${name}`);
  if (!/^[a-z]+_[a-z]/.test(name) || name === "cabi_realloc") return name;
  const [, packageName, version] = /^package ([\w:-]+)@([\d.]+);/m.exec(wit) ?? [];
  const [interfaceName, ...rest] = name.split("_").map(kebab);
  return `${packageName}/${interfaceName}@${version}#${functionName(rest)}`;
}

function functionName([first = "", second]: readonly string[]): string {
  if (second === undefined) return first;
  if (second === "drop") return `[dtor]${first}`;
  return second === "create" ? `[static]${first}.create` : `[method]${first}.${second}`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Imports but the handles of its own resources, growth and size. */
function checkModule(module: Uint8Array): void {
  const others = importsOf(module).filter((name) => !name.startsWith("[export]"));
  if (others.length > 0) throw new Error(`Cannot ship the component: it imports ${others}`);
  const [least, most] = memoryLimits(module);
  if (least !== PAGES.least || most !== PAGES.most) {
    throw new Error(`Cannot ship the component: its memory is ${least} to ${most} pages`);
  }
}

/** Names of the modules that are imported from. */
function importsOf(module: Uint8Array): string[] {
  const section = sectionsOf(module).find(({ id }) => id === IMPORT_SECTION);
  if (section === undefined) return [];
  const reader = new Reader(section.bytes);
  return Array.from({ length: reader.number() }, () => {
    const from = reader.name();
    const name = reader.name();
    // Of the kinds of imports only functions can be told further; all others are too many.
    if (reader.byte() !== 0) throw new Error(`Cannot ship the component: it imports ${name}`);
    reader.number();
    return from;
  });
}

/** No imports at all, WASI's least of all, and few bytes. */
async function checkComponent(component: Uint8Array): Promise<void> {
  const world = await componentWit(component);
  const imported = world.split("\n").filter((line) => /^\s+import /.test(line));
  if (imported.length > 0) throw new Error(`Cannot ship the component: ${imported.join()}`);
  if (component.length > MAX_SIZE) {
    throw new Error(`Cannot ship the component: ${component.length} bytes`);
  }
}

async function writeTranspiled(component: Uint8Array): Promise<void> {
  const { files } = await transpileBytes(component, {
    name: "core",
    emitTypescriptDeclarations: true,
    nodejsCompat: true,
    noComponentErrorWrapping: false,
  });
  for (const [name, bytes] of Object.entries(files)) {
    const file = `${root}${TRANSPILED}/${name}`;
    await mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await writeFile(file, bytes);
  }
}

if (import.meta.main) await buildComponent();
