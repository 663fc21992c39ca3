/**
 * The host for Node: the epoll addon on Linux, node:net elsewhere and where there is no binary.
 * `SQUALL_TCP=net` asks for node:net. Wiring only; `ioloop` imports it through `#host`.
 */
import type { Host, Tcp, TransferMemory } from "../src/host.ts";
import { loadAddon } from "./native.ts";
import { openEpollTcp } from "./tcp.ts";
import { openNetTcp } from "./tcp-net.ts";

const runtime = `node ${process.versions.node}`;

const programCommand = (): string[] => [
  process.execPath,
  ...process.execArgv,
  ...process.argv.slice(1),
];

/** node:net, whatever else there is. */
export const netHost: Host = {
  name: "node-net",
  runtime,
  stacks: "paused",
  programCommand,
  openTcp: openNetTcp,
};

function chooseHost(): Host {
  if (process.env.SQUALL_TCP === "net") return netHost;
  const addon = loadAddon();
  if (typeof addon !== "string") {
    const openTcp = (memory: TransferMemory): Tcp => openEpollTcp(memory, addon);
    return { name: "node-epoll", runtime, stacks: "paused", programCommand, openTcp };
  }
  process.stderr.write(`squall: sockets are served by node:net, which is slower: ${addon}\n`);
  return netHost;
}

/** This runtime's host. */
export const host: Host = chooseHost();
