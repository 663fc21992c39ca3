/**
 * Builds everything that is not committed: the core (build/), the native addon of host-node, and
 * dist/, which is the package as npm gets it. Each step is skipped while its inputs are unchanged.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { buildAddon } from "./build-addon.ts";
import { buildComponent, COMPONENT, WIT } from "./build-component.ts";
import { buildCore } from "./build-core.ts";
import { buildSelfTest } from "./build-self-test.ts";
import { packageExports } from "./check-exports.ts";

const ROOT: string = join(import.meta.dirname, "..");
const STAMPS = "build/stamps.json";
/** What other runtimes embed, shipped as it is: the plain module, the component and its world. */
const EMBEDDABLE: readonly string[] = ["build/core.wasm", COMPONENT, WIT];
const PREBUILDS = "host-node/addon/prebuilds";

/** What adapters are made for, where an application has it. */
const PEERS: Readonly<Record<string, string>> = {
  "@nats-io/transport-node": "^3.4.0",
  "@redis/client": "^6.3.0",
};

interface Step {
  readonly name: string;
  /** Patterns of the files that decide the result. */
  readonly inputs: readonly string[];
  /** Patterns that must each match something afterwards, else the step runs again. */
  readonly outputs: readonly string[];
  run(): void | Promise<void>;
}

const steps: readonly Step[] = [
  {
    name: "core",
    inputs: [
      "core-wasm/**/*.ts",
      "asconfig.json",
      "tools/{asc,build-core,core-tables,wasm-sections}.ts",
      "package-lock.json",
    ],
    outputs: ["build/core.js", "build/core-scalar.js", "build/core-tables.ts"],
    run: buildCore,
  },
  {
    name: "component",
    inputs: [
      "core-wasm/**/*",
      "asconfig.component.json",
      "build/core-tables.ts",
      "tools/{asc,build-component,wasm-sections}.ts",
      "package-lock.json",
    ],
    outputs: [COMPONENT, "build/component/core.js"],
    run: buildComponent,
  },
  {
    name: "self-test",
    inputs: [
      "core-wasm/**/*",
      "build/core-tables.ts",
      "tools/{asc,build-self-test}.ts",
      "package-lock.json",
    ],
    outputs: ["build/self-test.wasm", "build/self-test.wasi.wasm"],
    run: buildSelfTest,
  },
  {
    name: "addon",
    inputs: ["host-node/addon/*.{c,h}", "tools/build-addon.ts", "package-lock.json"],
    outputs: [`${PREBUILDS}/*.node`],
    run: buildAddon,
  },
  {
    name: "dist",
    inputs: [
      "src/**/*.ts",
      "host-*/**/*.ts",
      "core-wasm/{layout,status,http/names}.ts",
      "core-wasm/i32.d.ts",
      "build/*.{ts,js}",
      ...EMBEDDABLE,
      `${PREBUILDS}/*`,
      "tools/{build,check-exports}.ts",
      "tsconfig*.json",
      "package.json",
      "package-lock.json",
    ],
    outputs: ["dist/package.json", "dist/src/*.js", "dist/core.wit"],
    run: buildDist,
  },
];

/** Runs the steps whose inputs have changed; `force` runs all. Says on standard error what it ran. */
export async function build(force = false): Promise<void> {
  process.chdir(ROOT);
  mkdirSync("build", { recursive: true });
  const stamps = existsSync(STAMPS) ? JSON.parse(readFileSync(STAMPS, "utf8")) : {};
  for (const step of steps) {
    const stamp = hashOf(step.inputs);
    const complete = step.outputs.every((pattern) => globSync(pattern).length > 0);
    if (!force && complete && stamps[step.name] === stamp) continue;
    const started = performance.now();
    await step.run();
    stamps[step.name] = stamp;
    writeFileSync(STAMPS, JSON.stringify(stamps, undefined, 2));
    console.error(`build: ${step.name}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

function hashOf(patterns: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of globSync(patterns as string[]).sort()) {
    if (statSync(file).isDirectory()) continue;
    const bytes = readFileSync(file);
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function buildDist(): void {
  rmSync("dist", { recursive: true, force: true });
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  try {
    execFileSync(tsc, ["-p", "tsconfig.dist.json"], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`Cannot emit dist:\n${(error as { stdout?: string }).stdout}`, {
      cause: error,
    });
  }
  for (const file of globSync("dist/**/*.d.ts")) makePublishable(file);
  copyInto("dist", globSync("build/*.{js,d.ts}"));
  for (const file of EMBEDDABLE) cpSync(file, join("dist", basename(file)));
  if (existsSync(PREBUILDS)) cpSync(PREBUILDS, join("dist", PREBUILDS), { recursive: true });
  writeFileSync("dist/package.json", `${JSON.stringify(publishedManifest(), undefined, 2)}\n`);
}

/**
 * tsc leaves `.ts` in the imports of declarations, and there is no such file in the package; nor
 * does who uses it know AssemblyScript's `i32`.
 */
function makePublishable(file: string): void {
  const text = readFileSync(file, "utf8")
    .replace(/((?:from|import) *\(?")(\.{1,2}\/[^"]+)\.ts"/g, '$1$2.js"')
    .replace(/: i32\b/g, ": number");
  writeFileSync(file, text);
}

function copyInto(folder: string, files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
}

/** The manifest that npm gets: no scripts and no development tools, and every path compiled. */
function publishedManifest(): Record<string, unknown> {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown>;
  const { name, version, description, license, type, sideEffects, engines } = manifest;
  return {
    name,
    version,
    description,
    license,
    type,
    sideEffects,
    engines,
    gypfile: false,
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(PEERS).map((name) => [name, { optional: true }]),
    ),
    bin: { squall: "./src/cli.js" },
    exports: { ...packageExports("./"), "./package.json": "./package.json" },
    // The order decides: Deno and Bun match "node" too.
    imports: {
      "#host": {
        deno: "./host-deno/host.js",
        bun: "./host-bun/host.js",
        node: "./host-node/host.js",
      },
    },
  };
}

if (import.meta.main) await build(process.argv.includes("--force"));
