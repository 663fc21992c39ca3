/** The host for Bun: the wiring, nothing else. `#host` on Bun. */
import type { Host } from "../src/host.ts";
import { bun } from "./runtime.ts";
import { openTcp } from "./tcp.ts";

export const host: Host = {
  name: "bun",
  runtime: `bun ${bun?.version}`,
  programCommand: () => [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
  openTcp,
};
