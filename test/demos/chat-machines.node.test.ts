/**
 * The chat on two machines, which are network namespaces joined by a cable: Redis and a process on
 * Node on the one, a process on Bun on the other, and a third on Deno. Needs root and `ip`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { systemProgram } from "../support/brokers.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/until.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CHAT = fileURLToPath(new URL("../../demos/chat/chat.ts", import.meta.url));
const USER = fileURLToPath(new URL("./chat-visitor.ts", import.meta.url));
const BIN = fileURLToPath(new URL("../../node_modules/.bin/", import.meta.url));

const tag = `squall${process.pid}`;
const machines = [
  { name: `${tag}a`, cable: `v${process.pid}a`, address: "10.213.77.1" },
  { name: `${tag}b`, cable: `v${process.pid}b`, address: "10.213.77.2" },
] as const;

function ip(...args: string[]): boolean {
  return spawnSync("ip", args).status === 0;
}

/** Why there cannot be two machines here. */
function missing(): string | undefined {
  if (systemProgram("redis-server") === undefined) return "no redis-server";
  if (!ip("netns", "add", tag)) return "no network namespaces: needs root and ip";
  ip("netns", "del", tag);
  return undefined;
}

const why = missing();
const programs: Program[] = [];

function start(machine: (typeof machines)[number], ...command: string[]): Program {
  const program = new Program("ip", ["netns", "exec", machine.name, ...command], {});
  programs.push(program);
  return program;
}

const [here, there] = machines;

beforeAll(async () => {
  if (why !== undefined) return;
  for (const { name } of machines) ip("netns", "add", name);
  ip("link", "add", here.cable, "netns", here.name, "type", "veth", "peer", "name", there.cable);
  ip("link", "set", there.cable, "netns", there.name);
  for (const { name, cable, address } of machines) {
    ip("-n", name, "address", "add", `${address}/24`, "dev", cable);
    for (const device of ["lo", cable]) ip("-n", name, "link", "set", device, "up");
  }
  const where = ["--bind", here.address, "--protected-mode", "no", "--save", ""];
  const redis = start(here, systemProgram("redis-server") ?? "", "--port", "6379", ...where);
  await redis.says(/Ready to accept connections/);
});

afterAll(async () => {
  await Promise.all(programs.map((program) => program.end()));
  for (const { name } of machines) ip("netns", "del", name);
});

test.skipIf(why !== undefined)(`two machines and three runtimes (${why ?? "here"})`, async () => {
  const options = ["--port=8888", `--redis=redis://${here.address}`, "--logging=warning"];
  const chats = [
    start(here, join(BIN, "node"), CHAT, ...options),
    start(there, join(BIN, "bun"), "run", CHAT, ...options),
    start(there, join(BIN, "deno"), "run", "-A", CHAT, ...options, "--port=8889"),
  ];
  await until(() => chats.every(({ output }) => output.includes("Chatting on port")), 45);
  // Each visitor speaks to the chat of the own machine alone.
  const visit = (machine: (typeof machines)[number], port: number, name: string): Program =>
    start(machine, join(BIN, "node"), USER, `http://${machine.address}:${port}`, name);
  const visitors = [visit(here, 8888, "Ada"), visit(there, 8888, "Bob"), visit(there, 8889, "Eve")];
  const codes = await Promise.all(visitors.map((visitor) => visitor.ended));
  expect(visitors.map(({ output, errors }) => output.trim() + errors)).toEqual([
    "Ada heard Ada, Bob, Eve",
    "Bob heard Ada, Bob, Eve",
    "Eve heard Ada, Bob, Eve",
  ]);
  expect(codes).toEqual([0, 0, 0]);
});
