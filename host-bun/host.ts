/**
 * The host for Bun: the epoll addon on Linux, Bun's own sockets elsewhere and where there is no
 * binary. `SQUALL_TCP=bun` asks for Bun's own. Wiring only. `#host` on Bun.
 */
import { anyAddress } from "../host-node/addresses.ts";
import { loadAddon } from "../host-node/native.ts";
import { openPolledTcp, type PolledOptions } from "../host-node/polled.ts";
import type { Host, TransferMemory } from "../src/host.ts";
import { bun } from "./runtime.ts";
import { openTcp } from "./tcp.ts";
import { openTls } from "./tls.ts";

const runtime = `bun ${bun?.version}`;

const programCommand = (): string[] => [
  process.execPath,
  ...process.execArgv,
  ...process.argv.slice(1),
];

/** Bun's own sockets, whatever else there is. */
export const bunHost: Host = {
  name: "bun",
  runtime,
  stacks: "sampled",
  programCommand,
  openTcp,
};

/** Epoll, or undefined where it cannot be had. */
export const epollHost: Host | undefined = createEpollHost();

function createEpollHost(): Host | undefined {
  if (bun === undefined) return undefined;
  const addon = loadAddon();
  if (typeof addon === "string") return undefined;
  const options: PolledOptions = {
    addressing: anyAddress,
    openTls,
    inheritsByNumber: false,
    afterPromises: setImmediate,
    needsSleep: false,
  };
  const openTcp = (memory: TransferMemory) => openPolledTcp(memory, addon, options);
  return { name: "bun-epoll", runtime, stacks: "sampled", programCommand, openTcp };
}

const wantsOwn = process.env.SQUALL_TCP === "bun";

/** This runtime's host. */
export const host: Host = wantsOwn ? bunHost : (epollHost ?? bunHost);
