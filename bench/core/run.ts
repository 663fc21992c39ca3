/**
 * Runs every benchmark of the core on Node, Deno and Bun, one after the other, and writes
 * `results/core.md`: `node bench/core/run.ts`, with `nice -n -20` on a machine that others use too.
 * `--only parser,crypto` chooses parts; the others of the last results are kept.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { markdownTable } from "../http/statistics.ts";
import type { Row } from "./rounds.ts";

interface Part {
  readonly part: string;
  readonly runtime: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

const root = join(import.meta.dirname, "../..");
const results = join(root, "bench/results");
const JSON_FILE = join(results, "core.json");

const parts = ["parser", "multipart", "crypto", "websocket", "template", "strings", "component"];
const runtimes: Readonly<Record<string, readonly string[]>> = {
  node: [],
  deno: ["run", "-A"],
  bun: [],
};

function measure(part: string, runtime: string): Part {
  const command = join(root, "node_modules/.bin", runtime);
  const args = [...(runtimes[runtime] ?? []), `bench/core/${part}.bench.ts`, "--json"];
  console.error(`${part} on ${runtime}`);
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  const line = result.stdout.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`Cannot measure ${part} on ${runtime}: ${result.stderr}`);
  return JSON.parse(line) as Part;
}

/** One table for a part: a line for each candidate, the runtimes side by side. */
function table(part: string, all: readonly Part[]): string {
  const runs = Object.keys(runtimes).map((name) =>
    all.find((run) => run.part === part && run.runtime.startsWith(name)),
  );
  const [first] = runs;
  const names = Object.keys(runtimes).flatMap((name) => [`${name}, ns`, `ours on ${name}`]);
  const rows = (first?.rows ?? []).map(({ group, candidate }, index, list) => {
    const found = runs.map((run) =>
      run?.rows.find((row) => row.group === group && row.candidate === candidate),
    );
    const isNew = list[index - 1]?.group !== group;
    return [isNew ? group : "", candidate, ...found.flatMap(cellsOf)];
  });
  return `## ${part}\n\n${markdownTable(["", "candidate", ...names], rows)}\n`;
}

/** The time, and how fast ours is against it, with what is asked and whether that holds. */
function cellsOf(row: Row | undefined): string[] {
  if (row?.nanoseconds === undefined) return ["-", ""];
  const time = row.nanoseconds.toFixed(row.nanoseconds < 100 ? 1 : 0);
  if (row.ratio === undefined) return [time, ""];
  const ratio = `${row.ratio.toFixed(2)} ×`;
  if (row.bar === undefined) return [time, ratio];
  const verdict = row.ratio >= row.bar ? "reached" : "**missed**";
  return [time, `${ratio}, ${verdict} (${row.bar})`];
}

const only = process.argv[process.argv.indexOf("--only") + 1]?.split(",");
const chosen = process.argv.includes("--only") ? (only ?? []) : parts;
const before = existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, "utf8")) as Part[]) : [];
const measured = chosen.flatMap((part) =>
  Object.keys(runtimes).map((runtime) => measure(part, runtime)),
);
const all = [...before.filter((run) => !chosen.includes(run.part)), ...measured];
const versions = [...new Set(all.map((run) => run.runtime))].sort().join(", ");
const head = [
  "# The core",
  "",
  `${cpus()[0]?.model ?? "unknown processor"}; ${versions}. Written by \`bench/core/run.ts\`: nanoseconds of a call,`,
  `median of ${measured[0]?.rounds} interleaved rounds in one process; "ours" is the speed of the first candidate of a group`,
  "against the others, with what is asked of it in parentheses.",
  "",
];
mkdirSync(results, { recursive: true });
writeFileSync(JSON_FILE, `${JSON.stringify(all, undefined, 1)}\n`);
writeFileSync(
  join(results, "core.md"),
  [...head, ...parts.map((part) => table(part, all))].join("\n"),
);
