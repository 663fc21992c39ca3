/**
 * Measures what long polls cost a server: 10,000 wait, are woken at once, and each connection then
 * asks for hello world. Squall on each of its hosts beside its peers, in alternating rounds.
 * Writes bench/results/longpoll.md. See bench/README.md.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { tell } from "../http/client-process.ts";
import {
  bun,
  deno,
  linkSquall,
  node,
  requireProgram,
  results,
  versions,
} from "../http/runtimes.ts";
import { LOAD_CORE, pinSelf, ServerProcess, spawnPinned } from "../http/server-process.ts";
import { markdownTable, spread, spreadText } from "../http/statistics.ts";
import type { Command, Reply } from "./client.ts";

const { values: flags } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    cycles: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    dry: { type: "boolean", default: false },
  },
});

const count = Number(flags.count);
const cycles = Number(flags.cycles);
/** The user time of node:http must be this many times that of Squall on Node. */
const BAR = 2;

interface Candidate {
  readonly name: string;
  readonly command: readonly string[];
}

const server = (name: string): string => join(import.meta.dirname, "servers", `${name}.js`);
const candidates: readonly Candidate[] = [
  { name: "Squall on Node", command: [node, server("squall")] },
  { name: "node:http", command: [node, server("node-http")] },
  { name: "Squall on Bun", command: [bun, server("squall")] },
  { name: "Squall on Deno", command: [deno, "run", "-A", server("squall")] },
];

/** Microseconds of processor time for one request: half of them polls, half hello world. */
interface Round {
  readonly candidate: string;
  readonly user: number;
  readonly system: number;
  /** Polls and hello worlds that were not answered. */
  readonly missing: number;
  /** Milliseconds from the wake-up until all had their answers, in the mean. */
  readonly wake: number;
}

async function doneBy(client: ChildProcess, command: Command): Promise<number> {
  return (await tell<Command, Reply>(client, command)).done;
}

async function ask(port: number, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

async function allWait(port: number): Promise<void> {
  while (Number(await ask(port, "/waiting")) < count) await sleep(20);
}

/** Polls on all connections, wakes them, and asks for hello world. */
async function cycle(client: ChildProcess, port: number): Promise<[missing: number, ms: number]> {
  await doneBy(client, { do: "send", path: "/poll" });
  await allWait(port);
  const start = performance.now();
  await ask(port, "/wake");
  const polled = await doneBy(client, { do: "await", body: "news" });
  const wake = performance.now() - start;
  await doneBy(client, { do: "send", path: "/" });
  const greeted = await doneBy(client, { do: "await", body: "Hello, world" });
  return [2 * count - polled - greeted, wake];
}

async function measure({ name, command }: Candidate): Promise<Round> {
  const process_ = await ServerProcess.start((port) => [...command, String(port)]);
  const client = spawnPinned([node, join(import.meta.dirname, "client.ts")], {
    core: LOAD_CORE,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    await doneBy(client, { do: "open", port: process_.port, count });
    await cycle(client, process_.port);
    const before = process_.processorTime();
    let missing = 0;
    let wake = 0;
    for (let number = 0; number < cycles; number++) {
      const [lost, milliseconds] = await cycle(client, process_.port);
      missing += lost;
      wake += milliseconds;
    }
    const after = process_.processorTime();
    const per = 1e6 / (2 * count * cycles);
    return {
      candidate: name,
      user: (after.user - before.user) * per,
      system: (after.system - before.system) * per,
      missing,
      wake: wake / cycles,
    };
  } finally {
    client.kill("SIGKILL");
    await process_.stop();
  }
}

function page(rounds: readonly Round[]): { text: string; ratio: number } {
  const of = (name: string) => rounds.filter(({ candidate }) => candidate === name);
  const median = (name: string) => spread(of(name).map(({ user }) => user)).median;
  const ratio = median("node:http") / median("Squall on Node");
  const rows = candidates
    .filter(({ name }) => of(name).length > 0)
    .map(({ name }) => [
      name,
      spreadText(spread(of(name).map(({ user }) => user)), 2),
      spreadText(spread(of(name).map(({ system }) => system)), 2),
      spreadText(spread(of(name).map(({ wake }) => wake)), 0),
      String(of(name).reduce((sum, { missing }) => sum + missing, 0)),
      (median("node:http") / median(name)).toFixed(2),
    ]);
  const environment = {
    date: new Date().toISOString(),
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    ...versions(),
  };
  const facts = Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`);
  const head = [
    "server",
    "user µs",
    "system µs",
    "ms to wake all",
    "not answered",
    "node:http / it",
  ];
  const text = [
    "# Long polls",
    `${count} connections poll, are woken at once, and each asks for hello world: ${cycles} times, in ${flags.rounds} alternating rounds. Processor time of the server for one request, median (least-most).`,
    facts.join("\n"),
    markdownTable(head, rows),
    `User time of node:http is ${ratio.toFixed(2)} times that of Squall on Node; the bar is ${BAR}.`,
    "",
  ].join("\n\n");
  return { text, ratio };
}

/** Runs itself again with as many descriptors as it needs, if the shell allows fewer. */
function raiseLimit(): boolean {
  const need = 2 * count + 200;
  const soft = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
  if (!(soft < count + 200) || process.env.LONGPOLL_RAISED !== undefined) return false;
  const command = `ulimit -n ${need} && exec "$0" "$@"`;
  execFileSync("sh", ["-c", command, process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, LONGPOLL_RAISED: "1" },
  });
  return true;
}

async function main(): Promise<void> {
  requireProgram("taskset", "util-linux");
  linkSquall();
  pinSelf();
  const selected = candidates.filter(({ name }) => name.includes(flags.only));
  const rounds: Round[] = [];
  for (let number = 1; number <= Number(flags.rounds); number++) {
    for (const candidate of selected) {
      const round = await measure(candidate);
      rounds.push(round);
      const { user, system, wake, missing } = round;
      const times = `user ${user.toFixed(2)}  system ${system.toFixed(2)} µs`;
      console.log(`${candidate.name.padEnd(16)} ${times}  wake ${wake.toFixed(0)} ms  ${missing}`);
    }
  }
  const { text, ratio } = page(rounds);
  console.log(`\n${text}`);
  if (rounds.some(({ missing }) => missing > 0) || ratio < BAR) process.exitCode = 1;
  if (flags.dry) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "longpoll.md"), text);
}

if (!raiseLimit()) await main();
