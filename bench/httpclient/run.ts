/**
 * Measures HTTP clients, in alternating rounds, each in a process of its own, against one server.
 * Writes bench/results/httpclient.md. See bench/README.md.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  bun,
  deno,
  isSquallBuilt,
  linkSquall,
  node,
  results,
  root,
  versions,
} from "../http/runtimes.ts";
import { LOAD_CORE, pinSelf, ServerProcess, spawnPinned } from "../http/server-process.ts";
import { markdownTable, type Spread, spread, spreadText } from "../http/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    /** Of 1,000 GETs each, after the warm-up. */
    batches: { type: "string", default: "30" },
    /** Runtimes, as in `node,bun`. */
    only: { type: "string", default: "node,bun,deno" },
    /** Prints and writes nothing to bench/results. */
    dry: { type: "boolean", default: false },
  },
});

/** The peer's processor time, divided by ours, has to be at least this. */
const BAR = 1;

const script = join(import.meta.dirname, "client.js");
const commands: Readonly<Record<string, readonly string[]>> = {
  node: [node, script],
  bun: [bun, "run", script],
  deno: [deno, "run", "--allow-all", "--config", join(root, "deno.json"), script],
};
const peers: Readonly<Record<string, string>> = { node: "undici", bun: "fetch", deno: "fetch" };

interface Figures {
  readonly user: number;
  readonly system: number;
  readonly wall: number;
}

type Phase = "cold" | "next" | "warm";
type Round = Record<Phase, Figures>;

const phases: readonly (readonly [Phase, string])[] = [
  ["warm", "after a warm-up of 32,000"],
  ["next", "the second 1,000 of a process: connections are kept, and code is still being compiled"],
  ["cold", "the first 1,000 of a process: connections are opened, and most code is interpreted"],
];

/** Runs one client once. */
function measure(runtime: string, kind: string, url: string): Promise<Round> {
  const command = [...(commands[runtime] ?? []), kind, url, flags.batches];
  const child = spawnPinned(command, { core: LOAD_CORE, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (bytes) => {
    output += bytes;
  });
  child.stderr?.on("data", (bytes) => {
    errors += bytes;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(output) as Round);
      else
        reject(new Error(`Cannot measure ${kind} on ${runtime}: it ended with ${code}\n${errors}`));
    });
  });
}

const total = ({ user, system }: Figures): number => user + system;

interface Row {
  readonly runtime: string;
  readonly kind: string;
  readonly rounds: Round[];
}

function of(row: Row, phase: Phase, pick: (figures: Figures) => number): Spread {
  return spread(row.rounds.map((round) => pick(round[phase])));
}

/** The medians' ratio, peer ÷ ours, and that of rounds next to each other. */
function ratioText(rows: readonly Row[], row: Row, phase: Phase): string {
  const own = rows.find(({ runtime, kind }) => runtime === row.runtime && kind === "squall");
  if (own === undefined || own === row) return "";
  const ratio = of(row, phase, total).median / of(own, phase, total).median;
  const pairs = row.rounds.map((round, number) => {
    const ours = own.rounds[number] as Round;
    return total(round[phase]) / total(ours[phase]);
  });
  const { min, max } = spread(pairs);
  const verdict = ratio >= BAR ? "" : " (below the bar)";
  return `${ratio.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})${verdict}`;
}

function table(rows: readonly Row[], phase: Phase): string {
  const head = ["client", "user µs", "system µs", "processor µs", "wall µs", "peer ÷ ours"];
  const lines = rows.map((row) => [
    `${row.kind} on ${row.runtime}`,
    ...[(f: Figures) => f.user, (f: Figures) => f.system, total, (f: Figures) => f.wall].map(
      (pick) => spreadText(of(row, phase, pick), 1),
    ),
    ratioText(rows, row, phase),
  ]);
  return markdownTable(head, lines);
}

function page(rows: readonly Row[]): string {
  const tables = phases.map(([phase, title]) => `## Per GET, ${title}\n\n${table(rows, phase)}\n`);
  const tools = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return `# HTTP clients

Written by \`bench/httpclient/run.ts\`. GETs of "Hello, world" over kept connections, 10 at a time, the server on a
core of its own. Processor time is the client's process, all threads. Medians of ${flags.rounds} alternating rounds, each in a
new process, with the lowest and the highest; a round is ${flags.batches} times 1,000 GETs. Bar: the peer takes at least
${BAR.toFixed(1)} times our processor time.

${tables.join("\n")}
${tools.join(", ")}; ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}
`;
}

if (!isSquallBuilt()) throw new Error("Cannot measure: run npm run build first");
linkSquall();
pinSelf();
const rows: Row[] = flags.only.split(",").flatMap((runtime) => [
  { runtime, kind: "squall", rounds: [] },
  { runtime, kind: peers[runtime] ?? "fetch", rounds: [] },
]);
const app = join(root, "bench", "http", "servers", "squall.js");
const server = await ServerProcess.start((port) => [node, app, String(port)]);
try {
  for (let round = 0; round < Number(flags.rounds); round++) {
    const order = round % 2 === 0 ? rows : rows.toReversed();
    for (const row of order) row.rounds.push(await measure(row.runtime, row.kind, server.url));
  }
} finally {
  await server.stop();
}
const text = page(rows);
console.log(text);
if (!flags.dry) writeFileSync(join(results, "httpclient.md"), text);
