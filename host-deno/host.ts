/**
 * The host for Deno: epoll through FFI on Linux where the user allows `ffi`, Deno's own sockets
 * elsewhere. Asks the user nothing. Wiring only; `ioloop` imports it through `#host`.
 */

import type { Host, Tcp, TransferMemory } from "../src/host.ts";
import { Libc } from "./libc.ts";
import { isGranted, programCommand } from "./permissions.ts";
import { openDenoTcp } from "./tcp.ts";
import { openEpollTcp } from "./tcp-epoll.ts";

const runtime = `deno ${Deno.version.deno}`;

/** libc's epoll, or undefined where it cannot be had. */
export const epollHost: Host | undefined = createEpollHost();

function createEpollHost(): Host | undefined {
  if (Deno.build.os !== "linux" || !isGranted({ name: "ffi" })) return undefined;
  try {
    const libc = new Libc();
    const openTcp = (memory: TransferMemory): Tcp => openEpollTcp(memory, libc);
    return { name: "deno-epoll", runtime, programCommand, openTcp };
  } catch {
    // A Linux without glibc.
    return undefined;
  }
}

/** Deno's own sockets, whatever else there is. */
export const denoHost: Host = {
  name: "deno",
  runtime,
  programCommand,
  openTcp: openDenoTcp,
};

/** This runtime's host. */
export const host: Host = epollHost ?? denoHost;
