/**
 * The host for Deno: the epoll addon on Linux where the user allows `ffi`, Deno's own sockets
 * elsewhere. `SQUALL_TCP=deno` asks for Deno's own, where the user allows to read it. Asks the user
 * nothing. Wiring only; `ioloop` imports it through `#host`.
 */

import { loadAddon } from "../host-node/native.ts";
import type { Host, TransferMemory } from "../src/host.ts";
import { isGranted, programCommand } from "./permissions.ts";
import { openDenoTcp } from "./tcp.ts";
import { openEpollTcp } from "./tcp-epoll.ts";

const runtime = `deno ${Deno.version.deno}`;
const stacks: Host["stacks"] = isGranted({ name: "sys" }) ? "sampled" : "none";

/** Epoll, or undefined where it cannot be had. */
export const epollHost: Host | undefined = createEpollHost();

function createEpollHost(): Host | undefined {
  if (!isGranted({ name: "ffi" })) return undefined;
  const addon = loadAddon();
  if (typeof addon === "string") return undefined;
  const openTcp = (memory: TransferMemory) => openEpollTcp(memory, addon);
  return { name: "deno-epoll", runtime, stacks, programCommand, openTcp };
}

/** Deno's own sockets, whatever else there is. */
export const denoHost: Host = {
  name: "deno",
  runtime,
  stacks,
  programCommand,
  openTcp: openDenoTcp,
};

const variable = "SQUALL_TCP";
const wantsOwn = isGranted({ name: "env", variable }) && Deno.env.get(variable) === "deno";

/** This runtime's host. */
export const host: Host = wantsOwn ? denoHost : (epollHost ?? denoHost);
