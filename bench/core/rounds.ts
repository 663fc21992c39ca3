/**
 * Times candidates against each other in one process: they take turns in rounds, each turn a batch
 * of a few milliseconds, and the median of each is compared with the one named first of its group.
 * A busy neighbour then slows all of them, and one round in many. Used by the *.bench.ts beside it,
 * each of which prints its table on any of the runtimes; run.ts, which passes `--json`, writes the
 * results of all.
 */

import { cpus } from "node:os";
import { markdownTable, spread } from "../http/statistics.ts";

const ROUNDS = 41;
const BATCH_MILLISECONDS = 3;
/** JavaScriptCore takes tens of thousands of calls until it has optimised a function of the core. */
const WARM_UP_MILLISECONDS = 200;

/** A candidate that times itself, such as another process: nanoseconds of one call. */
export interface Sampled {
  sample(): number;
}

export interface Group {
  readonly name: string;
  /** Least speed of the first candidate against others, as the project asks for it, by their names. */
  readonly bars?: Readonly<Record<string, number>>;
  /** Bytes that one call handles, for a figure in MB/s. */
  readonly bytes?: number;
  /** Units that one call of a function handles, if it is many; figures are of one. */
  readonly units?: number;
  /** Ours, then the others. `undefined` stands for what is not installed. */
  readonly candidates: Readonly<Record<string, (() => unknown) | Sampled | undefined>>;
}

/** What came of a candidate. */
export interface Row {
  readonly group: string;
  readonly candidate: string;
  /** Undefined for what is not installed. */
  readonly nanoseconds?: number;
  readonly megabytes?: number;
  /** How fast ours is against it. */
  readonly ratio?: number;
  readonly bar?: number;
}

interface Candidate {
  readonly name: string;
  readonly sample: () => number;
  readonly times: number[];
}

/** What the last call gave, so that no engine can leave the calls out. */
export let kept: unknown;

/** Runs all groups and prints their rows, as a table or for run.ts. */
export function compare(part: string, groups: Iterable<Group>): void {
  const rows: Row[] = [];
  for (const group of groups) rows.push(...rowsOf(group));
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ part, runtime: runtime(), rounds: ROUNDS, rows }));
    return;
  }
  const head = ["", "candidate", "ns per call", "MB/s", "speed of ours", "asked"];
  const cells = rows.map((row, index) => [
    row.group === rows[index - 1]?.group ? "" : row.group,
    row.candidate,
    row.nanoseconds?.toFixed(row.nanoseconds < 100 ? 1 : 0) ?? "not installed",
    row.megabytes?.toFixed(0) ?? "",
    row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} ×`,
    row.bar === undefined ? "" : `${row.bar} ×`,
  ]);
  console.log(`${title(part)}\n\n${markdownTable(head, cells)}`);
}

function rowsOf({ name: group, bars = {}, bytes, units = 1, candidates }: Group): Row[] {
  const present: Candidate[] = [];
  for (const [name, run] of Object.entries(candidates)) {
    if (run === undefined) continue;
    const sample = typeof run === "function" ? sampler(run, units) : () => run.sample();
    present.push({ name, sample, times: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { sample, times } of present) times.push(sample());
  }
  const medians = new Map(present.map(({ name, times }) => [name, spread(times).median]));
  const [ours = ""] = Object.keys(candidates);
  const ourTime = medians.get(ours) ?? Number.NaN;
  return Object.keys(candidates).map((candidate, index) => {
    const nanoseconds = medians.get(candidate);
    const bar = bars[candidate];
    return {
      group,
      candidate,
      ...(nanoseconds === undefined ? {} : { nanoseconds }),
      ...(nanoseconds === undefined || bytes === undefined
        ? {}
        : { megabytes: (bytes / nanoseconds) * 1000 }),
      ...(nanoseconds === undefined || index === 0 ? {} : { ratio: nanoseconds / ourTime }),
      ...(bar === undefined ? {} : { bar }),
    };
  });
}

/** Warms a function up and finds how many calls take a batch's time. */
function sampler(run: () => unknown, units: number): () => number {
  const batch = calibrate(run);
  return () => time(run, batch) / units;
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
