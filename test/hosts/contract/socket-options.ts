/**
 * The contract's test of what the kernel is told about each connection. No host tells, so Python,
 * which inherits both ends, has a look.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { expect } from "vitest";
import { type Bench, DESCRIPTORS } from "./bench.ts";
import { CONNECTIONS, connectionOf } from "./keep-alive.ts";
import type { Probe } from "./probe.ts";
import { testUnless } from "./unless.ts";

const PYTHON = "/usr/bin/python3";
const FIRST = 3;

/** Deno has made what its child gets block, here too. */
const PROGRAM = `
import socket
for number in ${FIRST}, ${FIRST + 1}:
    end = socket.socket(fileno=number)
    print(end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
    end.setblocking(False)
`;

/** The descriptor of one end of a connection. */
function descriptorOf(probe: Probe): number {
  const target = `socket:[${connectionOf(probe).inode}]`;
  const found = readdirSync(DESCRIPTORS).find((entry) => targetOf(entry) === target);
  return Number(found);
}

function targetOf(entry: string): string | undefined {
  try {
    return readlinkSync(`${DESCRIPTORS}/${entry}`);
  } catch {
    // The descriptor that read the folder itself is gone by now.
    return undefined;
  }
}

export function testSocketOptions(bench: Bench): void {
  const missing = [PYTHON, CONNECTIONS, DESCRIPTORS].find((path) => !existsSync(path));
  const reason = missing && `this system has no ${missing}`;

  testUnless(reason, "both ends send without delay", async () => {
    const { client, server } = await bench.pair();
    const ends = [client, server].map(descriptorOf);
    const python = spawn(PYTHON, ["-c", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit", ...ends],
    });
    let output = "";
    python.stdout?.on("data", (text) => {
      output += text;
    });
    await once(python, "close");
    expect(output).toBe("True\nTrue\n");
  });
}
