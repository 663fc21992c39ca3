/**
 * Measures what an idle keep-alive connection costs a server in resident memory: two waves of 5,000
 * and of 15,000 connections, each held for some seconds. `--only` chooses servers; the rows of the
 * others are kept. See bench/README.md.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Candidate, candidates, select } from "./candidates.ts";
import { tell } from "./client-process.ts";
import { wrk } from "./generator.ts";
import type { Command, Reply } from "./idle-client.ts";
import { isSquallBuilt, linkSquall, node, requireProgram, results, versions } from "./runtimes.ts";
import { LOAD_CORE, pinSelf, ServerProcess, spawnPinned } from "./server-process.ts";
import { markdownTable, percent } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    counts: { type: "string", default: "5000,15000" },
    /**
     * Seconds in which nothing happens before the memory is read, each time: without connections,
     * and with them. V8 gives memory back to the system some eight seconds after a full collection.
     * Squall asks for one when a burst is over; by itself V8 comes to it 13 to 20 seconds after the
     * last connection, or not at all.
     */
    hold: { type: "string", default: "30" },
    /** Whether the memory before the first wave is that of a fresh server or of a loaded one. */
    starts: { type: "string", default: "fresh,loaded" },
    dry: { type: "boolean", default: false },
  },
});

/** The most that one connection may cost, in KiB. */
const bars: Readonly<Record<string, number>> = {
  "squall-node-etag": 2,
  "squall-bun-etag": 2.5,
  "squall-deno-etag": 8,
  "squall-deno-net-etag": 8,
};
/** The most that the second wave may add to the server's memory. */
const SECOND_WAVE_BAR = 0.05;
const ASKED = 200;
/** Milliseconds after all connections have closed. */
const SETTLE = 3000;
const JSON_FILE = join(results, "idle.json");

interface Wave {
  /** Connections whose request was answered, and those still open after the hold. */
  readonly answered: number;
  readonly held: number;
  readonly askedAgain: number;
  /** Resident memory of the server in KiB: while held, and after all have closed. */
  readonly memory: number;
  readonly memoryAfter: number;
}

interface Row {
  readonly candidate: string;
  readonly title: string;
  readonly start: string;
  readonly count: number;
  /** Resident memory before the first wave, in KiB. */
  readonly base: number;
  readonly waves: readonly Wave[];
  readonly perConnection: readonly number[];
  /** Growth from the first to the second wave: of all memory, and of the connections' cost. */
  readonly growth: number;
  readonly growthOfCost: number;
  readonly bar: number | undefined;
  readonly passed: boolean;
}

/** Waits until the closed connections of earlier runs have given their ports back. */
async function portsAreFree(): Promise<void> {
  for (;;) {
    const waiting = /\btw (\d+)/.exec(readFileSync("/proc/net/sockstat", "latin1"))?.[1];
    if (Number(waiting ?? 0) < 40_000) return;
    await sleep(1000);
  }
}

async function rest(): Promise<void> {
  await sleep(Number(flags.hold) * 1000);
}

async function wave(server: ServerProcess, client: ChildProcess, count: number): Promise<Wave> {
  await portsAreFree();
  const opened = await tell<Command, Reply>(client, { do: "open", port: server.port, count });
  await rest();
  const memory = server.residentMemory();
  const asked = await tell<Command, Reply>(client, { do: "ask", count: ASKED });
  await tell<Command, Reply>(client, { do: "close" });
  await sleep(SETTLE);
  const memoryAfter = server.residentMemory();
  return { answered: opened.done, held: asked.open, askedAgain: asked.done, memory, memoryAfter };
}

function judge(
  candidate: Candidate,
  { start, count, base, waves }: Pick<Row, "start" | "count" | "base" | "waves">,
): Row {
  const bar = bars[candidate.name];
  const costs = waves.map(({ memory }) => memory - base);
  const [first = 0, second = 0] = costs;
  const growth = (second - first) / (base + first);
  const isHeld = waves.every((w) => w.held === count && w.answered === count);
  const isServed = waves.every((w) => w.askedAgain === ASKED);
  const isSmall = bar === undefined || costs.every((cost) => cost / count <= bar);
  return {
    candidate: candidate.name,
    title: candidate.title,
    start,
    count,
    base,
    waves,
    perConnection: costs.map((cost) => cost / count),
    growth,
    growthOfCost: (second - first) / first,
    bar,
    passed: isHeld && isServed && isSmall && growth < SECOND_WAVE_BAR,
  };
}

async function measure(candidate: Candidate, start: string, count: number): Promise<Row> {
  const server = await ServerProcess.start((port) => [...candidate.command(port), "--idle"]);
  const file = join(import.meta.dirname, "idle-client.ts");
  const client = spawnPinned([node, file], {
    core: LOAD_CORE,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    if (start === "loaded") {
      await wrk({ url: server.url, seconds: 3, connections: 64, pipelined: false });
    }
    await rest();
    const base = server.residentMemory();
    const waves = [await wave(server, client, count), await wave(server, client, count)];
    return judge(candidate, { start, count, base, waves });
  } finally {
    client.kill("SIGKILL");
    await server.stop();
  }
}

/** Peers are there to compare with: only Squall is held to bars. */
function verdict({ bar, passed }: Row): string {
  if (bar === undefined) return "";
  return passed ? "yes" : "**no**";
}

function table(rows: readonly Row[]): string {
  const head = ["server", "start", "connections", "base MiB", "KiB each, wave 1", "wave 2", "bar"];
  return markdownTable(
    [
      ...head,
      "wave 2 adds, of all memory",
      "of the cost",
      "MiB after close",
      "held",
      "answer again",
      "passed",
    ],
    rows.map((row) => [
      row.title,
      row.start,
      String(row.count),
      (row.base / 1024).toFixed(1),
      ...row.perConnection.map((cost) => cost.toFixed(2)),
      row.bar?.toString() ?? "",
      percent(row.growth),
      percent(row.growthOfCost),
      ((row.waves.at(-1)?.memoryAfter ?? 0) / 1024).toFixed(1),
      row.waves.map(({ held }) => held).join(", "),
      row.waves.map(({ askedAgain }) => `${askedAgain} of ${ASKED}`).join(", "),
      verdict(row),
    ]),
  );
}

/** The rows of earlier runs that this one has not measured, and its own, in the candidates' order. */
function withEarlier(rows: readonly Row[]): Row[] {
  const earlier = existsSync(JSON_FILE) ? JSON.parse(readFileSync(JSON_FILE, "utf8")).rows : [];
  const keyOf = ({ candidate, start, count }: Row) => `${candidate} ${start} ${count}`;
  const all = new Map<string, Row>([...earlier, ...rows].map((row: Row) => [keyOf(row), row]));
  const names = candidates().map(({ name }) => name);
  const place = ({ candidate, start, count }: Row) =>
    names.indexOf(candidate) * 1e6 + (start === "fresh" ? 0 : 5e5) + count;
  return [...all.values()].sort((one, other) => place(one) - place(other));
}

function selected(): Candidate[] {
  if (flags.only !== undefined) return select(flags.only.split(","));
  const peers = ["node-http", "bun-serve", "deno-serve"];
  return candidates().filter(({ name }) => name in bars || peers.includes(name));
}

async function main(): Promise<void> {
  requireProgram("taskset", "util-linux");
  linkSquall();
  if (!isSquallBuilt()) console.error("Squall is not built (npm run build): peers alone");
  pinSelf();
  const counts = flags.counts.split(",").map(Number);
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  if (Number(limit?.[1]) < Math.max(...counts) + 100) {
    throw new Error(`Cannot hold that many connections: at most ${limit?.[1]} files may be open`);
  }
  const rows: Row[] = [];
  const starts = flags.starts.split(",");
  const cases = starts.flatMap((start) => counts.map((count) => ({ start, count })));
  for (const candidate of selected()) {
    for (const { start, count } of cases) {
      try {
        const row = await measure(candidate, start, count);
        rows.push(row);
        const costs = row.perConnection.map((cost) => cost.toFixed(2)).join(", ");
        const what = `${row.candidate.padEnd(24)} ${start.padEnd(6)} ${count}`;
        console.log(`${what}: ${costs} KiB  ${verdict(row)}`);
      } catch (error) {
        console.error(`${candidate.name}: ${error}`);
        process.exitCode = 1;
      }
    }
  }
  if (rows.some(({ bar, passed }) => bar !== undefined && !passed)) process.exitCode = 1;
  const all = flags.only === undefined ? rows : withEarlier(rows);
  const environment = { date: new Date().toISOString(), ...versions() };
  const facts = Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`);
  const title = "# Resident memory of idle keep-alive connections";
  const text = [title, facts.join("\n"), table(all), ""].join("\n\n");
  console.log(`\n${text}`);
  if (flags.dry) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(JSON_FILE, `${JSON.stringify({ environment, rows: all }, null, 1)}\n`);
  writeFileSync(join(results, "idle.md"), text);
}

await main();
