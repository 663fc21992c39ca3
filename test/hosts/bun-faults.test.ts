/** Bun's own sockets where the contract cannot look: descriptors that run out, and the process's end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket as Peer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { pass, until } from "../support/until.ts";
import { testUnless } from "./contract/unless.ts";

const ECHO = join(import.meta.dirname, "programs/echo.ts");
const children: ChildProcess[] = [];

interface Program {
  readonly child: ChildProcess;
  readonly output: string[];
  readonly errors: string[];
}

function run(command: string, args: readonly string[]): Program {
  const child = spawn(command, [...args, ECHO], {
    stdio: "pipe",
    env: { ...process.env, SQUALL_TCP: "bun" },
  });
  children.push(child);
  const program: Program = { child, output: [], errors: [] };
  createInterface({ input: child.stdout }).on("line", (line) => program.output.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => program.errors.push(line));
  return program;
}

interface Echoing {
  readonly socket: Peer;
  echoed: number;
  closed: boolean;
}

/** A peer that says one thing and counts what comes back. */
function echoing(port: number): Echoing {
  const socket = connect(port, "127.0.0.1");
  const peer = { socket, echoed: 0, closed: false };
  socket.on("error", () => {});
  socket.on("data", () => {
    peer.echoed++;
  });
  socket.on("close", () => {
    peer.closed = true;
  });
  socket.write("hello");
  return peer;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

describe("host bun", () => {
  const unknown = existsSync("/proc/self/limits") ? undefined : "the limit is not known here";
  testUnless(unknown, "survives without descriptors, says so once, and recovers", async () => {
    const program = run("sh", ["-c", 'ulimit -n 64; exec "$0" "$@"', process.execPath]);
    await until(() => program.output.length > 0);
    const port = Number(program.output[0]);
    const peers = Array.from({ length: 100 }, () => echoing(port));
    await until(() => peers.every((peer) => peer.echoed === 1 || peer.closed));
    await pass(100);
    expect(program.child.exitCode).toBeNull();
    expect(program.errors).toEqual([expect.stringContaining("EMFILE")]);

    const served = peers.filter((peer) => peer.echoed === 1);
    expect(served.length).toBeGreaterThan(5);
    expect(served.length).toBeLessThan(60);
    for (const peer of served) peer.socket.write("again");
    await until(() => served.every((peer) => peer.echoed === 2));
    for (const peer of peers) peer.socket.destroy();
    let late = echoing(port);
    while (late.echoed === 0) {
      if (late.closed) late = echoing(port);
      await pass(1);
    }
    late.socket.destroy();
  });

  test("does not keep a process that has nothing open", async () => {
    const program = run(process.execPath, []);
    await until(() => program.output.length > 0);
    program.child.stdin?.end();
    if (program.child.exitCode === null) await once(program.child, "close");
    expect(program.child.exitCode).toBe(0);
  });
});
