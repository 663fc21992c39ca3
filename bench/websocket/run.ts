/**
 * Measures what WebSockets cost a server: processor time of an echo and of a broadcast, resident
 * memory of idle ones; Squall beside ws on Node and Bun's own server on Bun. See bench/README.md.
 */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { tell } from "../http/client-process.ts";
import { bun, deno, linkSquall, node, results, root, versions } from "../http/runtimes.ts";
import { LOAD_CORE, pinSelf, ServerProcess, spawnPinned } from "../http/server-process.ts";
import { markdownTable, spread, spreadText } from "../http/statistics.ts";
import type { Command, Reply } from "./load.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    // Of the server's processor time, in a round. The kernel samples 250 times a second what of it is
    // user time: of three seconds of a broadcast, that is sixty samples.
    seconds: { type: "string", default: "10" },
    only: { type: "string", default: "echo,broadcast,idle" },
    // Loads whose title contains this.
    match: { type: "string", default: "" },
    servers: { type: "string" },
    dry: { type: "boolean", default: false },
  },
});

interface Server {
  readonly name: string;
  readonly title: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
}

const file = (name: string): string => join(root, "bench", "websocket", "servers", name);
const denoRun = [deno, "run", "--no-prompt", "--config", join(root, "deno.json"), "--allow-net"];

const servers: readonly Server[] = [
  { name: "squall-node", title: "Squall, Node", command: [node, file("squall.js")] },
  {
    name: "squall-node-lend",
    title: "Squall, Node, messages lent",
    command: [node, file("squall.js")],
    args: ["--lend"],
  },
  { name: "ws", title: "ws with bufferutil, Node", command: [node, file("ws.js")] },
  { name: "squall-bun", title: "Squall, Bun", command: [bun, "run", file("squall.js")] },
  { name: "bun", title: "Bun's own", command: [bun, "run", file("bun.js")] },
  {
    name: "squall-deno",
    title: "Squall, Deno with ffi",
    command: [...denoRun, "--allow-ffi", file("squall.js")],
  },
];

interface Bar {
  readonly ours: string;
  readonly peer: string;
  readonly user?: number;
  readonly total?: number;
}

interface Load {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly connections: number;
  readonly warmUp: Command;
  readonly command: Command;
  readonly bars: readonly Bar[];
}

const seconds = Number(flags.seconds);
const echoBars: readonly Bar[] = [
  { ours: "squall-node", peer: "ws", user: 3 },
  { ours: "squall-node-lend", peer: "ws", user: 3 },
  { ours: "squall-bun", peer: "bun", user: 1 },
];

function echoOf(size: number, binary: boolean): Load {
  const kind = binary ? "bytes" : "text";
  return {
    name: "echo",
    title: `echo, 64 connections, ${size} bytes of ${kind}`,
    path: "/echo",
    connections: 64,
    warmUp: { do: "echo", size, binary, seconds: 1 },
    command: { do: "echo", size, binary, seconds: 2 },
    bars: echoBars,
  };
}

const loads: readonly Load[] = [
  echoOf(125, true),
  echoOf(125, false),
  echoOf(65536, true),
  echoOf(65536, false),
  {
    name: "broadcast",
    title: "broadcast of 125 bytes of text to 5,000",
    path: "/broadcast",
    connections: 5000,
    // As long as that of an echo.
    warmUp: { do: "broadcast", size: 125, rounds: 40 },
    command: { do: "broadcast", size: 125, rounds: 40 },
    bars: [{ ours: "squall-node", peer: "ws", user: 5, total: 1.5 }],
  },
];

/** A round ends after this many milliseconds, however little of the processor the server has got. */
const MOST_TIME = 40_000;

/** One round: microseconds a message, of user time and of both. */
interface Cost {
  readonly user: number;
  readonly total: number;
}

async function withBoth<Result>(
  server: Server,
  work: (process: ServerProcess, client: ChildProcess) => Promise<Result>,
): Promise<Result> {
  const [program = "", ...args] = server.command;
  const more = server.args ?? [];
  const process = await ServerProcess.start((port) => [program, ...args, String(port), ...more]);
  const client = spawnPinned([node, join(import.meta.dirname, "load.ts")], {
    core: LOAD_CORE,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    return await work(process, client);
  } finally {
    client.kill("SIGKILL");
    await process.stop();
  }
}

async function measure(server: Server, load: Load): Promise<Cost> {
  return await withBoth(server, async (process, client) => {
    const { path, connections: count } = load;
    const { done: opened } = await tell<Command, Reply>(client, {
      do: "open",
      port: process.port,
      path,
      count,
    });
    if (opened !== count) throw new Error(`Cannot open ${count}: ${opened} are open`);
    await tell<Command, Reply>(client, load.warmUp);
    const before = process.processorTime();
    const started = performance.now();
    for (let done = 0; ; ) {
      done += (await tell<Command, Reply>(client, load.command)).done;
      const after = process.processorTime();
      const user = after.user - before.user;
      const total = user + after.system - before.system;
      if (total < seconds && performance.now() - started < MOST_TIME) continue;
      return { user: (user * 1e6) / done, total: (total * 1e6) / done };
    }
  });
}

function selected(): readonly Server[] {
  const names = flags.servers?.split(",");
  return names === undefined ? servers : servers.filter(({ name }) => names.includes(name));
}

function judge(load: Load, costs: ReadonlyMap<string, readonly Cost[]>): string[] {
  const median = (name: string, kind: keyof Cost): number =>
    spread((costs.get(name) ?? []).map((cost) => cost[kind])).median;
  return load.bars.flatMap(({ ours, peer, ...bar }) => {
    if (!costs.has(ours) || !costs.has(peer)) return [];
    return (["user", "total"] as const).map((kind) => {
      const ratio = median(peer, kind) / median(ours, kind);
      const asked = bar[kind];
      const verdict =
        asked === undefined
          ? ""
          : ratio >= asked
            ? `, bar ${asked}: passed`
            : `, bar ${asked}: **not passed**`;
      if (asked !== undefined && ratio < asked) process.exitCode = 1;
      return `- ${peer} ÷ ${ours}, ${kind} time: ${ratio.toFixed(2)}${verdict}`;
    });
  });
}

async function runLoad(load: Load): Promise<string> {
  const costs = new Map<string, Cost[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const server of selected()) {
      const cost = await measure(server, load);
      costs.set(server.name, [...(costs.get(server.name) ?? []), cost]);
      console.log(load.title, server.name, cost.user.toFixed(2), cost.total.toFixed(2));
    }
  }
  const rows = selected().map(({ name, title }) => {
    const all = costs.get(name) ?? [];
    const user = spreadText(spread(all.map((cost) => cost.user)), 2);
    return [title, user, spreadText(spread(all.map((cost) => cost.total)), 2)];
  });
  const head = ["server", "user µs a message", "user and system µs a message"];
  return [`## ${load.title}`, markdownTable(head, rows), judge(load, costs).join("\n")].join(
    "\n\n",
  );
}

const IDLE = 10_000;
/** The most that one may cost, in KiB, and the most as a share of ws. */
const IDLE_BAR = 3;
const IDLE_SHARE = 0.5;

async function idleMemory(server: Server): Promise<number> {
  return await withBoth(server, async (process, client) => {
    // A server that has worked: what its first message loads and compiles is not a connection's.
    await tell<Command, Reply>(client, {
      do: "open",
      port: process.port,
      path: "/echo",
      count: 64,
    });
    await tell<Command, Reply>(client, { do: "echo", size: 125, binary: false, seconds: 2 });
    await tell<Command, Reply>(client, { do: "close" });
    await sleep(3000);
    const base = process.residentMemory();
    const open: Command = { do: "open", port: process.port, path: "/echo", count: IDLE };
    const { done } = await tell<Command, Reply>(client, open);
    if (done !== IDLE) throw new Error(`Cannot hold ${IDLE}: ${done} are open`);
    await sleep(5000);
    return (process.residentMemory() - base) / IDLE;
  });
}

async function runIdle(): Promise<string> {
  const costs = new Map<string, number>();
  for (const server of selected()) {
    costs.set(server.name, await idleMemory(server));
    console.log("idle", server.name, costs.get(server.name)?.toFixed(2));
  }
  const rows = selected().map(({ name, title }) => [title, (costs.get(name) ?? 0).toFixed(2)]);
  const ours = costs.get("squall-node");
  const ws = costs.get("ws");
  const verdict: string[] = [];
  if (ours !== undefined && ws !== undefined) {
    const isPassed = ours <= IDLE_BAR && ours <= ws * IDLE_SHARE;
    if (!isPassed) process.exitCode = 1;
    const bar = `bar ${IDLE_BAR} KiB and ${IDLE_SHARE} of ws`;
    verdict.push(`- Squall on Node, ${bar}: ${isPassed ? "passed" : "**not passed**"}`);
  }
  const table = markdownTable(["server", "KiB for each of 10,000"], rows);
  return ["## Idle WebSockets: added resident memory", table, verdict.join("\n")].join("\n\n");
}

async function main(): Promise<void> {
  linkSquall();
  pinSelf();
  const only = flags.only.split(",");
  const parts: string[] = [];
  for (const load of loads) {
    if (only.includes(load.name) && load.title.includes(flags.match))
      parts.push(await runLoad(load));
  }
  if (only.includes("idle")) parts.push(await runIdle());
  const { rounds } = flags;
  const environment = { date: new Date().toISOString(), rounds, seconds, ...versions() };
  const facts = Object.entries(environment).map(([key, value]) => `- ${key}: ${value}`);
  const text = ["# WebSockets", facts.join("\n"), ...parts, ""].join("\n\n");
  console.log(`\n${text}`);
  if (flags.dry) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "websocket.md"), text);
}

await main();
