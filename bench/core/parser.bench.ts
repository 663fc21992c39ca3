/**
 * Nanoseconds per request head: the core beside other parsers, on the runtime that runs this
 * (`node bench/core/parser.bench.ts`, or `deno run -A`, or `bun`). The parsers take turns in rounds,
 * so that a change in the machine's mood meets all of them; medians are reported. Writes
 * `results/parser-RUNTIME.json` unless `--dry` is given.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { markdownTable, type Spread, spread } from "../http/statistics.ts";
import { parsers } from "./parsers.ts";
import { corpora } from "./requests.ts";

const ROUNDS = 31;
/** Long enough for the clock, short enough to fall between two interruptions. */
const ROUND_MS = 3;
/** V8 and JavaScriptCore have optimized the module by then. */
const WARM_UP_MS = 700;

interface Result {
  readonly corpus: string;
  readonly parser: string;
  readonly nanoseconds: Spread;
}

/** Runs for about that long, and answers the milliseconds of one run. */
function timed(run: () => void, milliseconds: number): number {
  const start = performance.now();
  let runs = 0;
  let end = start;
  while (end - start < milliseconds) {
    for (let i = 0; i < 8; i++) run();
    runs += 8;
    end = performance.now();
  }
  return (end - start) / runs;
}

/** A run again and again in one go, so that its own loop is all that is measured. */
function repeated(run: () => void, times: number): () => void {
  return () => {
    for (let i = 0; i < times; i++) run();
  };
}

const results: Result[] = [];
const all = await parsers();
for (const { name, requests } of corpora()) {
  const times = requests.length === 1 ? 100 : 1;
  const runs = all.map((parser) => repeated(parser.prepare(requests), times));
  for (const run of runs) timed(run, WARM_UP_MS);
  const rounds: number[][] = all.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((run, index) => {
      const nanoseconds = timed(run, ROUND_MS) * 1e6;
      rounds[index]?.push(nanoseconds / (times * requests.length));
    });
  }
  all.forEach((parser, index) => {
    const nanoseconds = spread(rounds[index] ?? []);
    results.push({ corpus: name, parser: parser.name, nanoseconds });
  });
}

const names = corpora().map(({ name, requests }) => {
  const bytes = requests.reduce((sum, request) => sum + request.length, 0) / requests.length;
  return `${name}, ${bytes.toFixed(0)} B`;
});
const rows = all.map((parser) => [
  parser.name,
  ...results
    .filter((result) => result.parser === parser.name)
    .map(({ nanoseconds }) => nanoseconds.median.toFixed(1)),
]);
console.log(markdownTable(["ns per request", ...names], rows));

if (!process.argv.includes("--dry")) {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const runtime = bun !== undefined ? "bun" : deno !== undefined ? "deno" : "node";
  const folder = new URL("../results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const data = {
    runtime: `${runtime} ${bun ?? deno ?? node}`,
    processor: cpus()[0]?.model,
    date: new Date().toISOString(),
    results,
  };
  const text = `${JSON.stringify(data, undefined, 1)}\n`;
  writeFileSync(new URL(`parser-${runtime}.json`, folder), text);
}
