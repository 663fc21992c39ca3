/**
 * One measured server: starts it pinned to its core, waits until it answers, reads its processor
 * time and memory from /proc, and ends it whatever happens to the benchmark.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { which } from "./runtimes.ts";

export const SERVER_CORE = 0;
/** Where the load generator and the benchmark itself run. */
export const LOAD_CORE = 1;

/** Clock ticks a second in /proc: USER_HZ, 100 on every Linux that these runtimes support. */
const TICKS = 100;
const START_TIMEOUT = 20_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(1));
}

/** Keeps the benchmark itself off the server's core. */
export function pinSelf(): void {
  execFileSync("taskset", ["-acp", String(LOAD_CORE), String(process.pid)], { stdio: "ignore" });
}

export interface SpawnOptions {
  readonly core: number;
  readonly stdio: ("ignore" | "pipe" | "inherit" | "ipc")[];
}

/**
 * Starts a program on one core. `taskset` and `setpriv` replace themselves with it, so the child's
 * id is the program's own; the kernel kills it should the benchmark be killed.
 */
export function spawnPinned(command: readonly string[], options: SpawnOptions): ChildProcess {
  const guard = which("setpriv") === undefined ? [] : ["setpriv", "--pdeathsig", "KILL"];
  const child = spawn("taskset", ["-c", String(options.core), ...guard, ...command], {
    stdio: options.stdio,
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("Cannot take a free port");
  return address.port;
}

/** Processor time in seconds. */
export interface ProcessorTime {
  readonly user: number;
  readonly system: number;
}

/** The process and all below it. */
function tree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")
      .split(" ")
      .filter((text) => text !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

/** The processor time of a process and all below it. */
export function processorTimeOf(root: number): ProcessorTime {
  let user = 0;
  let system = 0;
  for (const pid of tree(root)) {
    const [userTicks, systemTicks] = ticks(pid);
    user += userTicks;
    system += systemTicks;
  }
  return { user: user / TICKS, system: system / TICKS };
}

function ticks(pid: number): [user: number, system: number] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name, in parentheses, and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  // utime and stime of all threads, then those of children that have ended.
  return [field(14) + field(16), field(15) + field(17)];
}

/** Ticks that the core was busy for anybody, and ticks that the hypervisor took from it. */
export function coreTicks(core: number): { busy: number; stolen: number } {
  const line = readFileSync("/proc/stat", "latin1")
    .split("\n")
    .find((text) => text.startsWith(`cpu${core} `));
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (line ?? "")
    .split(" ")
    .slice(1)
    .map(Number);
  return { busy: user + nice + system + irq + softirq, stolen: steal };
}

/** Makes the command line of a server that listens on `port`. */
export type ServerCommand = (port: number) => readonly string[];

/** How it is told that a server has started, and is the right one. */
export interface Answer {
  /** `/` if left out. */
  readonly path?: string;
  isRight(response: Response, body: string): boolean;
}

const hello: Answer = {
  isRight: ({ status, headers }, body) =>
    status === 200 && body === "Hello, world" && /^text\//.test(headers.get("content-type") ?? ""),
};

export class ServerProcess {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  #errors = "";

  private constructor(child: ChildProcess, port: number) {
    if (child.pid === undefined) throw new Error("Cannot start the server: taskset is absent");
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
  }

  static async start(command: ServerCommand, answer: Answer = hello): Promise<ServerProcess> {
    const port = await freePort();
    const line = command(port);
    const child = spawnPinned(line, { core: SERVER_CORE, stdio: ["ignore", "ignore", "pipe"] });
    const server = new ServerProcess(child, port);
    try {
      await server.#answers(answer);
      server.#checkProgram(line[0] ?? "");
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** What the server has written to its standard error, the end of it. */
  get errors(): string {
    return this.#errors;
  }

  processorTime(): ProcessorTime {
    return processorTimeOf(this.pid);
  }

  /** Resident memory of the process tree, in KiB. */
  residentMemory(): number {
    let total = 0;
    for (const pid of tree(this.pid)) {
      // The rollup counts pages; VmRSS in /proc/PID/status may lag by some hundred KiB.
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
      total += Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
    }
    return total;
  }

  /** Ends the server, by its id: asks first, so that a profile is written, then insists. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
    });
    child.kill("SIGTERM");
    const insist = setTimeout(() => child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(insist);
  }

  async #answers(answer: Answer): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT;
    for (;;) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`Cannot start the server: it ended\n${this.#errors}`);
      }
      const problem = await this.#tryAnswer(answer);
      if (problem === undefined) return;
      if (Date.now() > deadline) throw new Error(`Cannot use the server: ${problem}`);
      await sleep(50);
    }
  }

  /** Undefined if the server gives the one right answer, else what it did instead. */
  async #tryAnswer({ path = "/", isRight }: Answer): Promise<string | undefined> {
    try {
      const url = new URL(path, this.url);
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      const body = await response.text();
      if (isRight(response, body)) return undefined;
      const type = response.headers.get("content-type") ?? "";
      return `it answers ${response.status} ${type} "${body.slice(0, 100)}"`;
    } catch (error) {
      return `${error}\n${this.#errors}`;
    }
  }

  #checkProgram(binary: string): void {
    const program = readlinkSync(`/proc/${this.pid}/exe`);
    if (!binary.startsWith("/usr/bin/python3") && program !== binary) {
      throw new Error(`Cannot measure process ${this.pid}: it runs "${program}", not "${binary}"`);
    }
  }
}
