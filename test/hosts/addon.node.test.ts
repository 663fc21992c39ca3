/** The addon's binaries: linked to nothing, so that they load on every libc and every Node. */
import { execFileSync, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { expect, test } from "vitest";

const binaries = globSync("host-node/addon/prebuilds/*.node");
const hasTools = spawnSync("readelf", ["--version"]).status === 0;

test.skipIf(!hasTools).each(binaries)("%s needs no library and no version of one", (binary) => {
  const readelf = (option: string) => execFileSync("readelf", [option, "-W", binary]).toString();
  expect(readelf("-d")).not.toContain("NEEDED");
  expect(readelf("-V")).toContain("No version information");
  const names = readelf("--dyn-syms")
    .split("\n")
    .map((line) => /\bUND (\w+)$/.exec(line.trim())?.[1])
    .filter((name) => name !== undefined);
  expect(names.length).toBeGreaterThan(20);
  // Checked and versioned variants belong to one libc: __strncpy_chk, __fxstat, open64.
  const foreign = names.filter((name) => /^__(?!errno_location$)|64$/.test(name));
  expect(foreign).toEqual([]);
});
