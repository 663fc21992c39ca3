/**
 * Native picohttpparser, compiled with gcc for this run from a copy outside of this repository: in
 * the folder that BENCH_PICO names, or of the crate pico-sys in cargo's registry, where `cargo fetch`
 * has put it. Without one it is left out.
 */

import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Sampled } from "./rounds.ts";

const FLAGS = ["-O3", "-msse4.2", "-w"];

/** Makes a candidate of requests; undefined where there is no copy, or no gcc. */
export function picohttpparser(): ((requests: readonly Buffer[]) => Sampled) | undefined {
  const folder = sources();
  if (folder === undefined) return undefined;
  const work = mkdtempSync(join(tmpdir(), "squall-pico-"));
  const program = join(work, "pico");
  const driver = join(import.meta.dirname, "pico.c");
  const source = join(folder, "picohttpparser.c");
  const { status } = spawnSync("gcc", [...FLAGS, `-I${folder}`, driver, source, "-o", program]);
  if (status !== 0) return undefined;
  return (requests) => {
    const file = join(work, `requests-${requests.length}-${requests[0]?.length}`);
    writeFileSync(file, Buffer.concat(requests.flatMap(withLength)));
    return { sample: () => Number(spawnSync(program, [file], { encoding: "utf8" }).stdout) };
  };
}

function sources(): string | undefined {
  const crates = join(homedir(), ".cargo/registry/src/*/pico-sys-*/extern/picohttpparser");
  const folders = [process.env.BENCH_PICO ?? "", ...globSync(crates)];
  return folders.find((folder) => existsSync(join(folder, "picohttpparser.c")));
}

function withLength(request: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(request.length);
  return [length, request];
}
