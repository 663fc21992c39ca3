/**
 * Measures what a long poll that is held costs a server in resident memory: 15,000 in one process,
 * and 30,000 in two processes on one port. Each is answered at the end. Writes
 * bench/results/longpoll-held.md. See bench/README.md.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
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
  python,
  requireProgram,
  results,
  versions,
} from "../http/runtimes.ts";
import { LOAD_CORE, pinSelf, ServerProcess, spawnPinned } from "../http/server-process.ts";
import { markdownTable, spread, spreadText } from "../http/statistics.ts";
import type { Command, Reply } from "./client.ts";

const { values: flags } = parseArgs({
  options: {
    /** Polls for each process of a server: its descriptors must be enough for them. */
    count: { type: "string", default: "15000" },
    rounds: { type: "string", default: "3" },
    hold: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    dry: { type: "boolean", default: false },
  },
});

const count = Number(flags.count);

interface Candidate {
  readonly name: string;
  readonly processes: number;
  readonly command: readonly string[];
}

const server = (name: string): string => join(import.meta.dirname, "servers", name);
const squall = server("squall.js");
const runtimes: Readonly<Record<string, readonly string[]>> = {
  Node: [node, squall],
  Bun: [bun, squall],
  Deno: [deno, "run", "-A", squall],
};
const candidates: readonly Candidate[] = [
  ...[1, 2].flatMap((processes) =>
    Object.entries(runtimes).map(([name, command]) => ({
      name: `Squall on ${name}`,
      processes,
      command,
    })),
  ),
  { name: "node:http", processes: 1, command: [node, server("node-http.js")] },
  { name: "Python Tornado", processes: 1, command: [python, server("python-tornado.py")] },
];

interface Round {
  readonly candidate: Candidate;
  /** Resident memory of all its processes in KiB: before the first poll, and while all wait. */
  readonly base: number;
  readonly memory: number;
  /** Polls that waited when the memory was read, and those that were answered when woken. */
  readonly held: number;
  readonly answered: number;
}

async function doneBy(client: ChildProcess, command: Command): Promise<number> {
  return (await tell<Command, Reply>(client, command)).done;
}

/** Wakes the polls of all processes: a new connection meets one or the other. */
async function wakeUntil(port: number, over: Promise<unknown>): Promise<void> {
  let isOver = false;
  over.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const headers = { Connection: "close" };
    await (await fetch(`http://127.0.0.1:${port}/wake`, { headers })).text();
    await sleep(20);
  }
}

async function measure(candidate: Candidate): Promise<Round> {
  const { command, processes } = candidate;
  const running = await ServerProcess.start((port) => [
    ...command,
    String(port),
    ...(processes === 1 ? [] : [String(processes)]),
  ]);
  // As many clients as servers: they need as many descriptors.
  const clients = Array.from({ length: processes }, () =>
    spawnPinned([node, join(import.meta.dirname, "client.ts")], {
      core: LOAD_CORE,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    }),
  );
  const tellAll = async (what: (index: number) => Command): Promise<number> => {
    const done = await Promise.all(clients.map((client, index) => doneBy(client, what(index))));
    return done.reduce((sum, each) => sum + each, 0);
  };
  try {
    await sleep(1000);
    const base = running.residentMemory();
    const { port } = running;
    await tellAll((index) => ({ do: "open", port, count, first: index * count }));
    await tellAll(() => ({ do: "send", path: "/poll" }));
    await sleep(Number(flags.hold) * 1000);
    const memory = running.residentMemory();
    const held = await tellAll(() => ({ do: "count" }));
    const all = tellAll(() => ({ do: "await", body: "news" }));
    await wakeUntil(port, all);
    return { candidate, base, memory, held, answered: await all };
  } finally {
    for (const client of clients) {
      const gone = once(client, "exit");
      client.disconnect();
      await gone;
    }
    await running.stop();
  }
}

/** A server that holds its descriptors at the limit could take no further client. */
function checkLimit(): void {
  const soft = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
  if (soft < count + 200) {
    throw new Error(`Cannot hold ${count} polls: a process may open ${soft} files`);
  }
}

function page(rounds: readonly Round[]): string {
  const rows = candidates.flatMap((candidate) => {
    const own = rounds.filter((round) => round.candidate === candidate);
    if (own.length === 0) return [];
    const polls = candidate.processes * count;
    const each = own.map(({ memory, base }) => (memory - base) / polls);
    const total = own.map(({ memory }) => memory / 1024);
    return [
      [
        candidate.name,
        String(candidate.processes),
        String(polls),
        spreadText(spread(each), 2),
        spreadText(spread(total), 0),
        String(Math.min(...own.map(({ held }) => held))),
        String(Math.min(...own.map(({ answered }) => answered))),
      ],
    ];
  });
  const environment = {
    date: new Date().toISOString(),
    processor: `${cpus()[0]?.model}, ${cpus().length} cores`,
    ...versions(),
  };
  const head = ["server", "processes", "polls", "KiB each", "MiB in all", "held", "answered"];
  return [
    "# Long polls that are held",
    `Resident memory of all processes of a server while its polls wait, less what it was before the first one, for each of them; and all of it. Then all are woken. ${flags.rounds} alternating rounds, median (least-most); of held and answered ones the least.`,
    Object.entries(environment)
      .map(([key, value]) => `- ${key}: ${value}`)
      .join("\n"),
    markdownTable(head, rows),
    "",
  ].join("\n\n");
}

requireProgram("taskset", "util-linux");
checkLimit();
linkSquall();
pinSelf();
const rounds: Round[] = [];
for (let number = 1; number <= Number(flags.rounds); number++) {
  for (const candidate of candidates.filter(({ name }) => name.includes(flags.only))) {
    const round = await measure(candidate);
    rounds.push(round);
    const { name, processes } = candidate;
    const each = (round.memory - round.base) / (processes * count);
    console.log(`${name}, ${processes}: ${each.toFixed(2)} KiB, ${round.held} ${round.answered}`);
  }
}
const text = page(rounds);
console.log(`\n${text}`);
const isWhole = ({ candidate, held, answered }: Round): boolean =>
  held === candidate.processes * count && answered === held;
if (!rounds.every(isWhole)) process.exitCode = 1;
if (!flags.dry) {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "longpoll-held.md"), text);
}
