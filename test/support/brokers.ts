/**
 * Brokers of messages, started by the tests on ports of their own and ended by them. Debian's
 * redis-server and nats-server; where one is missing, its tests are skipped.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { until } from "./until.ts";

/** A program of the system, or undefined. */
export function systemProgram(name: string): string | undefined {
  return ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
    .map((folder) => `${folder}/${name}`)
    .find((path) => existsSync(path));
}

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody accepts on a port of 127.0.0.1. */
export function answers(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const settle = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.on("connect", settle(true));
    socket.on("error", settle(false));
  });
}

/** One program that listens on a port, and can be stopped and started again. */
export class Service {
  readonly port: number;
  readonly #command: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, command: readonly string[]) {
    this.port = port;
    this.#command = command;
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const [file = "", ...args] = this.#command;
    const child = spawn(file, args, { stdio: "ignore", cwd: tmpdir() });
    this.#process = child;
    let reachable = false;
    while (!reachable && child.exitCode === null) {
      reachable = await answers(this.port);
      if (!reachable) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (!reachable) throw new Error(`${file} ended with ${child.exitCode}`);
  }

  /** Lets it run no further, with its connections open, as if its machine had vanished. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  /** Resolves when it is gone. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    let ended = false;
    child.on("exit", () => {
      ended = true;
    });
    process.kill(child.pid, signal);
    await until(() => ended);
  }

  /** Not the child's own `kill`: on Deno it works once. */
  #signal(signal: "SIGSTOP" | "SIGCONT"): void {
    const pid = this.#process?.pid;
    if (pid !== undefined) process.kill(pid, signal);
  }
}

export async function redis(program: string): Promise<Service> {
  const port = await freePort();
  const where = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const service = new Service(port, [program, ...where]);
  await service.start();
  return service;
}

export async function nats(program: string): Promise<Service> {
  const port = await freePort();
  const service = new Service(port, [program, "-a", "127.0.0.1", "-p", String(port)]);
  await service.start();
  return service;
}
