/**
 * Holds that the same source gives the same bytes: builds the core and the component once more and
 * compares. Called by tools/ok.ts after the build; runs alone as `npx node tools/check-reproducible.ts`.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { buildComponent, COMPONENT } from "./build-component.ts";
import { buildCore } from "./build-core.ts";

const FILES: readonly string[] = [
  "build/core.wasm",
  "build/core.js",
  "build/core-scalar.js",
  COMPONENT,
];

/** The files whose bytes differ from one build to the next. */
export async function checkReproducible(): Promise<string[]> {
  process.chdir(join(import.meta.dirname, ".."));
  await build();
  const before = FILES.map((file) => readFileSync(file));
  await buildCore();
  await buildComponent();
  const different = FILES.filter((file, index) => !before[index]?.equals(readFileSync(file)));
  return different.map((file) => `${file}: two builds differ`);
}

if (import.meta.main) {
  const faults = await checkReproducible();
  for (const text of faults) console.error(text);
  if (faults.length > 0) process.exitCode = 1;
}
