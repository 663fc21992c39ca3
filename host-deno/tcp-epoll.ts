/**
 * Sockets over Linux's epoll on Deno, by the addon of host-node: it batches, this asks Deno's
 * permissions. Deno does not check what native code does, so every address, name and path is
 * asked about here before the addon hears of it. Needs `--allow-ffi` beside `--allow-net`;
 * `host.ts` takes `tcp.ts` where it is missing.
 */

import process from "node:process";
import type { Addressing } from "../host-node/addresses.ts";
import type { Addon } from "../host-node/native.ts";
import { openPolledTcp } from "../host-node/polled.ts";
import type { Tcp, TransferMemory } from "../src/host.ts";
import { allowsNet, requireNet, requireNotDenied, requirePath } from "./permissions.ts";
import { resolve } from "./resolver.ts";
import { openTls } from "./tls.ts";

/** Opens the epoll loop on the core's memory. */
export function openEpollTcp(memory: TransferMemory, addon: Addon): Tcp {
  return openPolledTcp(memory, addon, {
    addressing: permitted,
    openTls,
    // Deno makes those that a child gets as its `stdio` block.
    inheritsByNumber: true,
    afterPromises,
    // Deno looks after its own sockets only when it has nothing else to do for a moment.
    needsSleep: true,
  });
}

/** A tick made by a promise's job comes after all such jobs, and costs less than an immediate. */
function afterPromises(next: () => void): void {
  queueMicrotask(() => process.nextTick(next));
}

/** Addresses that the user's permissions allow. */
const permitted: Addressing = {
  async resolve(act, host, port) {
    requireNet(act, host, port);
    const addresses = await resolve(host);
    for (const address of addresses) {
      const [bare = address] = address.split("%");
      requireNotDenied(act, bare, port);
    }
    return addresses;
  },

  everywhere(port) {
    if (allowsNet("::", port)) return ["::", "0.0.0.0"];
    requireNet("listen on", "0.0.0.0", port);
    return ["0.0.0.0"];
  },

  checkPath: requirePath,
};
