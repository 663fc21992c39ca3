/**
 * Measures template engines on one page, in alternating rounds, each in a process of its own. Writes
 * bench/results/template.md and template-NAME.json. See bench/README.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bun, deno, node, python, results, root, versions } from "../http/runtimes.ts";
import { markdownTable, type Spread, spread, spreadText } from "../http/statistics.ts";
import { engines, pythonPage } from "./engines.js";
import { kinds, names } from "./page.js";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    /** Runtimes, as in `node,bun`. */
    only: { type: "string", default: "node,bun,deno,python" },
    kinds: { type: "string", default: kinds.join() },
    name: { type: "string", default: new Date().toISOString().slice(0, 10) },
    /** Prints and writes nothing to bench/results. */
    dry: { type: "boolean", default: false },
  },
});

/** Squall's rendering has to be this many times as fast as the fastest peer's. */
const BAR = 1.2;
const OWN = "squall";

interface Measured {
  readonly wall: number;
  readonly user: number;
  readonly bytes: number;
  readonly digest: string;
}

interface Candidate {
  readonly runtime: string;
  readonly engine: string;
  measure(kind: string): Measured;
}

const worker = join(import.meta.dirname, "worker.js");
const commands: Readonly<Record<string, readonly string[]>> = {
  node: [node],
  bun: [bun],
  deno: [deno, "run", "--allow-all", "--node-modules-dir=manual"],
};

function candidates(): Candidate[] {
  const runtimes = flags.only.split(",");
  const list = Object.entries(commands).filter(([runtime]) => runtimes.includes(runtime));
  const own: Candidate[] = list.flatMap(([runtime, [program = "", ...args]]) =>
    Object.keys(engines).map((engine) => ({
      runtime,
      engine,
      measure: (kind) => parse(program, [...args, worker, engine, kind, flags.seconds]),
    })),
  );
  if (!runtimes.includes("python")) return own;
  const script = join(import.meta.dirname, "python-tornado.py");
  const measure = (kind: string) =>
    parse(python, [script, flags.seconds], JSON.stringify([pythonPage, names(kind)]));
  return [...own, { runtime: "python", engine: "tornado", measure }];
}

function parse(program: string, args: readonly string[], input = ""): Measured {
  const text = execFileSync(program, args, { encoding: "utf8", input, cwd: import.meta.dirname });
  return JSON.parse(text) as Measured;
}

interface Row {
  readonly runtime: string;
  readonly engine: string;
  readonly kind: string;
  readonly wall: Spread;
  readonly user: Spread;
  readonly bytes: number;
}

function measureAll(): Row[] {
  const all = candidates();
  const rows: Row[] = [];
  for (const kind of flags.kinds.split(",")) {
    const rounds = all.map((): Measured[] => []);
    for (let round = 0; round < Number(flags.rounds); round++) {
      for (const [index, candidate] of all.entries()) rounds[index]?.push(candidate.measure(kind));
    }
    const digests = new Set(rounds.flat().map(({ digest }) => digest));
    if (digests.size !== 1)
      throw new Error(`Cannot compare engines: their pages of ${kind} differ`);
    for (const [index, { runtime, engine }] of all.entries()) {
      const measured = rounds[index] ?? [];
      const of = (key: "wall" | "user") => spread(measured.map((one) => one[key]));
      const row = {
        runtime,
        engine,
        kind,
        wall: of("wall"),
        user: of("user"),
        bytes: measured[0]?.bytes ?? 0,
      };
      rows.push(row);
      console.log(`${kind} ${runtime} ${engine}: ${spreadText(row.user, 0)} µs`);
    }
  }
  return rows;
}

function table(rows: readonly Row[]): string {
  const own = (row: Row) =>
    rows.find(
      (one) =>
        one.engine === OWN &&
        one.kind === row.kind &&
        one.runtime === (row.runtime === "python" ? "node" : row.runtime),
    );
  const body = rows.map((row) => {
    const ratio = row.user.median / (own(row)?.user.median ?? Number.NaN);
    return [
      `${row.runtime}: ${row.engine}`,
      row.kind,
      spreadText(row.user, 0),
      spreadText(row.wall, 0),
      ratio.toFixed(2),
      String(row.bytes),
    ];
  });
  const head = ["engine", "cells", "user time, µs a page", "elapsed, µs", "÷ squall's", "bytes"];
  return markdownTable(head, body);
}

/** Squall beside the fastest of the peers, by runtime and kind of cell. */
function verdicts(rows: readonly Row[]): string {
  const body = rows
    .filter(({ engine }) => engine === OWN)
    .map((own) => {
      const peers = rows.filter(
        (row) =>
          row.runtime === own.runtime && row.kind === own.kind && !row.engine.startsWith(OWN),
      );
      const fastest = peers.reduce((a, b) => (b.user.median < a.user.median ? b : a));
      const ratio = fastest.user.median / own.user.median;
      return [
        own.runtime,
        own.kind,
        fastest.engine,
        ratio.toFixed(2),
        `${BAR}`,
        ratio >= BAR ? "yes" : "no",
      ];
    });
  return markdownTable(
    ["runtime", "cells", "fastest peer", "its time ÷ ours", "bar", "reached"],
    body,
  );
}

/** The peers' versions. */
function installed(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(root, "bench", "package.json"), "utf8"));
  const all: [string, string][] = Object.entries(manifest.dependencies);
  return Object.fromEntries(all.filter(([name]) => name in engines));
}

if (!existsSync(join(root, "bench", "node_modules"))) {
  console.error("Cannot find bench/node_modules: run npm ci in bench/");
  process.exit(1);
}
if (!existsSync(join(root, "dist/src/template.js"))) {
  console.error("Cannot find dist/src/template.js: run npm run build");
  process.exit(1);
}
const rows = measureAll();
const about = { cpu: cpus()[0]?.model, load: loadavg(), ...versions(), ...installed() };
const text = [
  "# Templates: a table of 1,000 rows and 10 columns, escaped",
  `Made by \`bench/template/run.ts\`: ${flags.rounds} alternated rounds of ${flags.seconds} s of processor time, medians (least-most). User time, of all threads, is what is compared: it hardly depends on who else uses the machine.`,
  verdicts(rows),
  table(rows),
  Object.entries(about)
    .map(([key, value]) => `- ${key}: ${value}`)
    .join("\n"),
].join("\n\n");
console.log(`\n${text}`);
if (!flags.dry) {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "template.md"), `${text}\n`);
  const json = JSON.stringify({ about, flags, rows }, undefined, 2);
  writeFileSync(join(results, `template-${flags.name}.json`), `${json}\n`);
}
