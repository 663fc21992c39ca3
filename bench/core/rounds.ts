/**
 * Times candidates against each other in one process: they take turns in rounds, each turn a batch
 * of a few milliseconds, and the median of each is compared with the one named first of its group.
 * A busy neighbour then slows all of them, and one round in many. Used by the *.bench.ts beside it;
 * each runs on any of the runtimes and writes `results/core-PART-RUNTIME.md`, `--dry` only prints.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { markdownTable, spread } from "../http/statistics.ts";

const ROUNDS = 41;
const BATCH_MILLISECONDS = 3;
/** JavaScriptCore takes tens of thousands of calls until it has optimised a function of the core. */
const WARM_UP_MILLISECONDS = 200;

export interface Group {
  readonly name: string;
  /** Least speed of the first candidate against the second, as the project asks for it. */
  readonly bar?: number;
  /** Bytes that one call handles, for a figure in MB/s. */
  readonly bytes?: number;
  /** Ours, then the others. `undefined` stands for what is not installed. */
  readonly candidates: Readonly<Record<string, (() => unknown) | undefined>>;
}

interface Candidate {
  readonly name: string;
  readonly run: () => unknown;
  readonly batch: number;
  readonly times: number[];
}

/** What the last call gave, so that no engine can leave the calls out. */
export let kept: unknown;

/** Runs all groups, prints their table and writes it. */
export function compare(part: string, groups: readonly Group[]): void {
  const rows: string[][] = [];
  for (const group of groups) rows.push(...rowsOf(group));
  const head = ["", "candidate", "ns per call", "MB/s", "speed of ours", "asked"];
  const text = `${title(part)}\n\n${markdownTable(head, rows)}\n`;
  console.log(text);
  if (process.argv.includes("--dry")) return;
  const results = new URL("../results/", import.meta.url);
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(`core-${part}-${runtime().split(" ")[0]}.md`, results), text);
}

function rowsOf(group: Group): string[][] {
  const present: Candidate[] = [];
  for (const [name, run] of Object.entries(group.candidates)) {
    if (run !== undefined) present.push({ name, run, batch: calibrate(run), times: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { run, batch, times } of present) times.push(time(run, batch));
  }
  const medians = new Map(present.map(({ name, times }) => [name, spread(times).median]));
  const [ours = ""] = Object.keys(group.candidates);
  const ourTime = medians.get(ours) ?? Number.NaN;
  return Object.keys(group.candidates).map((name, index) => {
    const median = medians.get(name);
    const bar = index === 1 && group.bar !== undefined ? `${group.bar} ×` : "";
    const first = index === 0 ? group.name : "";
    if (median === undefined) return [first, name, "not installed", "", "", bar];
    const rate = group.bytes === undefined ? "" : ((group.bytes / median) * 1000).toFixed(0);
    const ratio = index === 0 ? "" : `${(median / ourTime).toFixed(2)} ×`;
    return [first, name, median.toFixed(0), rate, ratio, bar];
  });
}

/** How many calls take a batch's time, once the engine has had some to optimise. */
function calibrate(run: () => unknown): number {
  const end = performance.now() + WARM_UP_MILLISECONDS;
  while (performance.now() < end) kept = run();
  for (let batch = 1; ; batch *= 2) {
    const nanoseconds = time(run, batch) * batch;
    if (nanoseconds > BATCH_MILLISECONDS * 1e6) return batch;
  }
}

/** Nanoseconds of one call. */
function time(run: () => unknown, batch: number): number {
  const start = performance.now();
  for (let i = 0; i < batch; i++) kept = run();
  return ((performance.now() - start) * 1e6) / batch;
}

function title(part: string): string {
  const processor = cpus()[0]?.model ?? "unknown processor";
  return `# ${part}, ${runtime()}\n\n${processor}, median of ${ROUNDS} interleaved rounds.`;
}

function runtime(): string {
  const { deno, bun, node } = process.versions;
  if (deno !== undefined) return `deno ${deno}`;
  return bun === undefined ? `node ${node}` : `bun ${bun}`;
}

/** A package of `bench/`, or undefined if it is not installed. */
export async function optional(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch {
    return undefined;
  }
}
