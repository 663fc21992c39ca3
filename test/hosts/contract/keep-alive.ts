/** The contract's tests of peers that say nothing: Linux shows which timer each connection has. */
import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { KEEP_ALIVE_DELAY } from "../../../src/host.ts";
import { until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import type { Probe } from "./probe.ts";
import { testUnless } from "./unless.ts";

/** Of each connection over IPv4: addresses, a timer and the socket's inode, see proc_net_tcp(5). */
export const CONNECTIONS = "/proc/net/tcp";
const KEEP_ALIVE_TIMER = "02";

interface Connection {
  /** Which timer runs, and for how long yet. */
  readonly timer: string;
  readonly milliseconds: number;
  readonly inode: string;
}

/** What the kernel knows of one end of a connection on 127.0.0.1. */
export function connectionOf({ socket }: Probe): Connection {
  const local = nameOf(socket.localAddress.port);
  const remote = nameOf(socket.remoteAddress.port);
  const lines = readFileSync(CONNECTIONS, "latin1").split("\n");
  const found = lines
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1] === local && fields[2] === remote);
  const [timer = "", ticks = ""] = found?.[5]?.split(":") ?? [];
  return { timer, milliseconds: Number.parseInt(ticks, 16) * 10, inode: found?.[9] ?? "" };
}

/** As the kernel writes it, in hexadecimal. */
function nameOf(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

export function testKeepAlive(bench: Bench): void {
  const unseen = existsSync(CONNECTIONS) ? undefined : `this system has no ${CONNECTIONS}`;

  testUnless(unseen, "a silent peer will be asked whether it is still there", async () => {
    const { client, server } = await bench.pair();
    for (const end of [client, server]) {
      await until(() => connectionOf(end).timer === KEEP_ALIVE_TIMER);
    }
  });

  testUnless(unseen ?? bench.limits.noKeepAliveDelay, "and that after a minute", async () => {
    const { client, server } = await bench.pair();
    client.write(Buffer.from("hello"));
    await until(() => server.text === "hello");
    for (const end of [client, server]) {
      await until(() => connectionOf(end).timer === KEEP_ALIVE_TIMER);
      expect(connectionOf(end).milliseconds).toBeLessThanOrEqual(KEEP_ALIVE_DELAY);
    }
  });
}
