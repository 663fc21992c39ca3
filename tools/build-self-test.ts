/**
 * Builds the core's self-test: as a module whose exports take nothing, and as a program for WASI.
 * Called by build.ts; test/embed/self-test.node.test.ts runs both.
 */

import { asc } from "./asc.ts";

export async function buildSelfTest(): Promise<void> {
  const folder = "core-wasm/self-test";
  await Promise.all([asc(`${folder}/asconfig.json`), asc(`${folder}/asconfig.wasi.json`)]);
}

if (import.meta.main) await buildSelfTest();
