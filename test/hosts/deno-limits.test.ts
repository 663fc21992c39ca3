/** Deno's hosts without file descriptors: a process of its own that may have few. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { until } from "../support/until.ts";
import type { Outcome, Task } from "./deno-child.ts";

const program = join(import.meta.dirname, "deno-child.ts");
let child: ChildProcess | undefined;
let complaints = "";
afterEach(() => {
  child?.kill("SIGKILL");
});

/** Starts an echo server that may have this many descriptors, and resolves with its port. */
async function serve(host: Task["host"], descriptors: number): Promise<number> {
  const task: Task = { host, act: "serve", options: { host: "127.0.0.1", port: 0, backlog: 512 } };
  const env = { ...process.env, DENO: process.execPath };
  const line = `ulimit -n ${descriptors}; exec "$DENO" run -A --no-check "$@"`;
  const started = spawn("/bin/sh", ["-c", line, "sh", program, JSON.stringify(task)], { env });
  child = started;
  complaints = "";
  started.stderr.on("data", (bytes) => {
    complaints += bytes;
  });
  const outcome = await new Promise<Outcome>((done) => {
    createInterface(started.stdout).once("line", (text) => done(JSON.parse(text) as Outcome));
  });
  return outcome.port ?? 0;
}

class Client {
  readonly socket: Socket;
  heard = "";

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.heard += bytes;
    });
  }

  async hears(text: string): Promise<void> {
    this.heard = "";
    this.socket.write(text);
    await until(() => this.heard === text);
  }
}

test.each([{ host: "chosen" }, { host: "deno" }] as const)(
  "$host: goes on without descriptors, and recovers",
  async ({ host }) => {
    const port = await serve(host, 80);
    const held = new Client(port);
    await held.hears("before");
    const crowd = Array.from({ length: 150 }, () => new Client(port));
    await until(() => complaints !== "");
    await held.hears("while full");
    for (const { socket } of crowd) socket.destroy();
    const next = new Client(port);
    await next.hears("after");
    await held.hears("still");
    expect(complaints.trim().split("\n")).toHaveLength(1);
    expect(complaints).toMatch(/^Cannot accept more connections.*too many open files/i);
    expect(child?.exitCode).toBe(null);
    for (const { socket } of [held, next]) socket.destroy();
  },
);

test.each([{ host: "chosen" }, { host: "deno" }] as const)(
  "$host: clients that are gone before they are accepted keep nobody waiting",
  async ({ host }) => {
    const port = await serve(host, 200);
    const pid = child?.pid as number;
    process.kill(pid, "SIGSTOP");
    const gone = Array.from({ length: 20 }, () => new Client(port));
    await Promise.all(gone.map(({ socket }) => once(socket, "connect")));
    for (const { socket } of gone) socket.resetAndDestroy();
    process.kill(pid, "SIGCONT");
    const next = new Client(port);
    await next.hears("hello");
    expect(complaints).toBe("");
    next.socket.destroy();
  },
);
