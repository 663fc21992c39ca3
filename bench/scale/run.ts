/**
 * One process against two on one port, nothing pinned to a core: what is gained, and what the load
 * generator takes meanwhile. Writes results/scale.md.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  bun,
  deno,
  linkSquall,
  node,
  requireProgram,
  results,
  versions,
} from "../http/runtimes.ts";
import { freePort, processorTimeOf } from "../http/server-process.ts";
import { markdownTable, spread, spreadText } from "../http/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "64" },
    dry: { type: "boolean", default: false },
  },
});

const SERVER = join(import.meta.dirname, "../http/servers/squall-processes.js");
const REPORT = join(import.meta.dirname, "../http/report.lua");
const PROCESSES = [1, 2] as const;

const runtimes: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "Node", command: [node] },
  { name: "Bun", command: [bun, "run"] },
  { name: "Deno", command: [deno, "run", "--no-prompt", "--allow-all"] },
];

interface Round {
  readonly name: string;
  readonly processes: number;
  readonly perSecond: number;
  /** Processor time a request, in microseconds. */
  readonly server: number;
  readonly generator: number;
  readonly p99: number;
  readonly errors: number;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

function start(command: readonly string[]): ChildProcess {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await new Promise((resolve) => child.once("close", resolve));
}

/** Resolves when hello world comes. */
async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    try {
      if ((await (await fetch(url)).text()) === "Hello, world") return;
    } catch {
      // Not yet.
    }
    await sleep(25);
  }
  throw new Error(`Cannot reach ${url}`);
}

/** Runs wrk; its processor time is read until it is gone. */
async function load(url: string, seconds: number): Promise<{ text: string; time: number }> {
  const options = ["-t2", `-c${flags.connections}`, `-d${seconds}`, "-s", REPORT, url];
  const child = start([requireProgram("wrk", "wrk"), ...options]);
  let text = "";
  child.stdout?.on("data", (part) => {
    text += part;
  });
  let time = 0;
  while (child.exitCode === null) {
    try {
      const { user, system } = processorTimeOf(child.pid as number);
      time = user + system;
    } catch {
      break;
    }
    await sleep(20);
  }
  await ended(child);
  return { text, time };
}

async function measure(
  name: string,
  command: readonly string[],
  processes: number,
): Promise<Round> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const server = start([...command, SERVER, String(port), String(processes)]);
  try {
    await answers(url);
    await load(url, 1);
    const before = processorTimeOf(server.pid as number);
    const { text, time } = await load(url, Number(flags.seconds));
    const after = processorTimeOf(server.pid as number);
    const counts = JSON.parse(/^{.*}$/m.exec(text)?.[0] ?? "{}") as Record<string, number>;
    const { requests = 0, duration = 1, p99 = 0 } = counts;
    const spent = after.user + after.system - before.user - before.system;
    return {
      name,
      processes,
      perSecond: (requests * 1e6) / duration,
      server: (spent * 1e6) / requests,
      generator: (time * 1e6) / requests,
      p99,
      errors: ["connect", "read", "write", "status", "timeout"].reduce(
        (sum, kind) => sum + (counts[kind] ?? 0),
        0,
      ),
    };
  } finally {
    server.kill("SIGTERM");
    await ended(server);
  }
}

function page(rounds: readonly Round[]): string {
  const of = (name: string, processes: number): Round[] =>
    rounds.filter((round) => round.name === name && round.processes === processes);
  const median = (name: string, processes: number): number =>
    spread(of(name, processes).map(({ perSecond }) => perSecond)).median;
  const cells = (name: string, processes: number): string[] => {
    const own = of(name, processes);
    const text = (key: "perSecond" | "server" | "generator" | "p99", digits: number): string =>
      spreadText(spread(own.map((round) => round[key])), digits);
    return [
      `Squall on ${name}`,
      String(processes),
      text("perSecond", 0),
      (median(name, processes) / median(name, 1)).toFixed(2),
      text("server", 2),
      text("generator", 2),
      text("p99", 0),
      String(own.reduce((sum, { errors }) => sum + errors, 0)),
    ];
  };
  const head = [
    "server",
    "processes",
    "requests/s",
    "of one",
    "server µs",
    "wrk µs",
    "p99 µs",
    "errors",
  ];
  const rows = runtimes.flatMap(({ name }) => PROCESSES.map((count) => cells(name, count)));
  const environment = {
    date: new Date().toISOString(),
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    ...versions(),
  };
  return [
    "# One process, and two",
    `Hello, world for ${flags.connections} kept connections of wrk with two threads, ${flags.rounds} alternating rounds of ${flags.seconds} s. Nothing is pinned: the generator shares the ${cpus().length} cores with the server, and takes what stands under "wrk µs" of processor time for each request. Median (least-most).`,
    Object.entries(environment)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    markdownTable(head, rows),
    `On ${cpus().length} cores both processes and the generator cannot have a core each: one process leaves the other core to the generator. What two processes could serve if the load came from elsewhere is at most ${cpus().length} cores divided by "server µs".`,
    "",
  ].join("\n\n");
}

linkSquall();
const rounds: Round[] = [];
for (let number = 1; number <= Number(flags.rounds); number++) {
  for (const { name, command } of runtimes) {
    for (const processes of PROCESSES) {
      const round = await measure(name, command, processes);
      rounds.push(round);
      const { perSecond, server, generator } = round;
      const times = `server ${server.toFixed(2)} µs, wrk ${generator.toFixed(2)} µs`;
      console.log(`${name} ${processes}: ${perSecond.toFixed(0)} requests/s, ${times}`);
    }
  }
}
const text = page(rounds);
console.log(`\n${text}`);
if (rounds.some(({ errors }) => errors > 0)) process.exitCode = 1;
if (!flags.dry) {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "scale.md"), text);
}
