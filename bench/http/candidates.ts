/** Every server that is measured, and the bars that Squall has to reach against its peers. */
import { join } from "node:path";
import { bun, deno, isSquallBuilt, node, python, root } from "./runtimes.ts";
import type { ServerCommand } from "./server-process.ts";

export type Group = "node" | "bun" | "deno" | "python";

export interface Candidate {
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  readonly command: ServerCommand;
  /** The load sends 16 requests at once. */
  readonly pipelined: boolean;
}

/** Ratios peer ÷ ours, of processor time per request, that must at least be reached. */
export interface Bar {
  /** A candidate's name without its ETag: `-etag` is added to it for the second row. */
  readonly ours: string;
  readonly peer: string;
  /** The peer for the row with ETag, where the peer has one too. */
  readonly peerWithETag?: string;
  readonly user?: number;
  readonly total: number;
}

const servers = join(root, "bench", "http", "servers");
const denoRun = [deno, "run", "--no-prompt", "--config", join(root, "deno.json")];

interface Start {
  readonly runtime: readonly string[];
  readonly file: string;
  readonly args?: readonly string[];
}

function command({ runtime, file, args = [] }: Start): ServerCommand {
  return (port) => [...runtime, join(servers, file), String(port), ...args];
}

const onNode = [node];
const onBun = [bun, "run"];
const onDeno = [...denoRun, "--allow-net"];

interface OurHost {
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  readonly runtime: readonly string[];
}

/** Squall's hosts, each as a user starts it. */
export const hosts: readonly OurHost[] = [
  { name: "squall-node", group: "node", title: "Squall, Node (epoll)", runtime: onNode },
  {
    name: "squall-node-net",
    group: "node",
    title: "Squall, Node, node:net",
    // Without addons the epoll host cannot load, so Squall falls back.
    runtime: [node, "--no-addons"],
  },
  { name: "squall-bun", group: "bun", title: "Squall, Bun (epoll)", runtime: onBun },
  {
    name: "squall-deno",
    group: "deno",
    title: "Squall, Deno with ffi (epoll)",
    runtime: [...onDeno, "--allow-ffi"],
  },
  {
    name: "squall-deno-net",
    group: "deno",
    title: "Squall, Deno, plain sockets",
    runtime: onDeno,
  },
];

function ours({ name, group, title, runtime }: OurHost): Candidate[] {
  const start = { runtime, file: "squall.js" };
  const plain = command({ ...start, args: ["--no-etag"] });
  return [
    { name, group, title, command: plain, pipelined: false },
    {
      name: `${name}-etag`,
      group,
      title: `${title}, ETag`,
      command: command(start),
      pipelined: false,
    },
  ];
}

function pipelined(candidate: Candidate): Candidate {
  return {
    ...candidate,
    name: candidate.name.replace("squall-node", "squall-node-pipelined"),
    title: `${candidate.title}, 16 pipelined`,
    pipelined: true,
  };
}

interface Peer extends Start {
  readonly name: string;
  readonly group: Group;
  readonly title: string;
}

const peerList: readonly Peer[] = [
  { name: "node-http", group: "node", title: "node:http", runtime: onNode, file: "node-http.js" },
  { name: "fastify", group: "node", title: "Fastify", runtime: onNode, file: "fastify.js" },
  {
    name: "hono-node",
    group: "node",
    title: "Hono on Node",
    runtime: onNode,
    file: "hono-node.js",
  },
  { name: "express", group: "node", title: "Express", runtime: onNode, file: "express.js" },
  { name: "bun-serve", group: "bun", title: "Bun.serve", runtime: onBun, file: "bun-serve.js" },
  { name: "hono-bun", group: "bun", title: "Hono on Bun", runtime: onBun, file: "hono-bun.js" },
  { name: "elysia", group: "bun", title: "Elysia on Bun", runtime: onBun, file: "elysia.js" },
  {
    name: "deno-serve",
    group: "deno",
    title: "Deno.serve",
    runtime: onDeno,
    file: "deno-serve.js",
  },
  {
    name: "hono-deno",
    group: "deno",
    title: "Hono on Deno",
    runtime: onDeno,
    file: "hono-deno.js",
  },
  {
    name: "deno-node-http",
    group: "deno",
    title: "node:http on Deno",
    runtime: onDeno,
    file: "node-http.js",
  },
  {
    name: "tornado",
    group: "python",
    title: "Python Tornado",
    runtime: [python],
    file: "python-tornado.py",
    args: ["--no-etag"],
  },
  {
    name: "tornado-etag",
    group: "python",
    title: "Python Tornado, ETag",
    runtime: [python],
    file: "python-tornado.py",
  },
];

function peer({ name, group, title, ...start }: Peer): Candidate {
  return { name, group, title, command: command(start), pipelined: false };
}

/** All candidates, ours first. */
export function candidates(): Candidate[] {
  const squall = isSquallBuilt() ? hosts.flatMap(ours) : [];
  const batches = squall.filter(({ name }) => /^squall-node(-etag)?$/.test(name)).map(pipelined);
  return [...squall, ...batches, ...peerList.map(peer)];
}

/** The candidates whose name or group is among `only`, in order; all if it is empty. */
export function select(only: readonly string[]): Candidate[] {
  const all = candidates();
  if (only.length === 0) return all;
  const unknown = only.filter((word) => !all.some((c) => c.name === word || c.group === word));
  if (unknown.length > 0) {
    const names = all.map(({ name }) => name).join(", ");
    throw new Error(`Cannot select "${unknown.join(", ")}": known are ${names}`);
  }
  return all.filter((candidate) => only.includes(candidate.name) || only.includes(candidate.group));
}

/** What the measured ratios are held against. */
export const bars: readonly Bar[] = [
  { ours: "squall-node", peer: "node-http", user: 3.0, total: 1.4 },
  { ours: "squall-node", peer: "fastify", user: 3.3, total: 1.5 },
  { ours: "squall-bun", peer: "bun-serve", user: 1.2, total: 1.0 },
  { ours: "squall-bun", peer: "hono-bun", user: 1.4, total: 1.0 },
  { ours: "squall-bun", peer: "elysia", user: 1.4, total: 1.0 },
  { ours: "squall-deno", peer: "deno-serve", user: 1.1, total: 1.0 },
  { ours: "squall-deno", peer: "hono-deno", user: 1.1, total: 1.0 },
  { ours: "squall-deno-net", peer: "deno-node-http", user: 2.2, total: 1.5 },
  { ours: "squall-node", peer: "tornado", peerWithETag: "tornado-etag", user: 50, total: 13 },
  {
    ours: "squall-node-pipelined",
    peer: "squall-node",
    peerWithETag: "squall-node-etag",
    total: 3,
  },
];
