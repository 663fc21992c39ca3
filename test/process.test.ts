/** Several processes on one port: real ones, under load, signalled and killed. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cpuCount, forkProcesses, taskId } from "../src/process.ts";
import { testUnless } from "./hosts/contract/unless.ts";
import { limitsOf } from "./hosts/limits.ts";
import { isUnheard, Load } from "./support/load.ts";
import { type Program, startProgram } from "./support/program.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";
import { until as untilSoon } from "./support/until.ts";

/** Several runtimes start here, which takes its time where others work too. */
const SECONDS = 50;
vi.setConfig({ testTimeout: SECONDS * 1000, hookTimeout: SECONDS * 1000 });
const until = (condition: () => boolean): Promise<void> => untilSoon(condition, SECONDS);

const PREFORK = new URL("./process/prefork.ts", import.meta.url);

/** Of the programs, too. */
const { lossyClose } = limitsOf(runtimeLoop.host.name);

let program: Program;
let children: Map<number, number>;
let port = 0;

afterEach(() => program?.end());

/** Starts the program, and waits until as many children as it shall have serve. */
async function start(how: object = {}, count = 2): Promise<void> {
  program = startProgram(PREFORK, { args: [JSON.stringify({ count, ...how })] });
  children = new Map();
  await until(() => tasks().length >= count);
  port = Number(/port (\d+)/.exec(program.output)?.[1]);
  for (const [id, pid] of tasks()) children.set(id, pid);
}

/** What the children have printed: their numbers and pids, in the order of their starts. */
function tasks(): [id: number, pid: number][] {
  const found = program.output.matchAll(/task (\d+) pid (\d+) port \d+\n/g);
  return Array.from(found, ([, id, pid]) => [Number(id), Number(pid)]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks once, on a connection of its own; resolves with what came until its end. */
function ask(path: string): Promise<string> {
  return askOn(connect(port, "127.0.0.1"), path);
}

/** A connection that the kernel has taken. */
function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}

function askOn(socket: Socket, path: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
}

/** But where closing listeners lose who has connected: these are reset before they are heard. */
function expectNoneLost(failed: readonly string[]): void {
  expect(failed.filter((one) => lossyClose === undefined || !isUnheard(one))).toEqual([]);
}

describe("start(2)", () => {
  test("serves one port from both, and SIGTERM loses no request", async () => {
    await start();
    expect([...children.keys()].sort()).toEqual([0, 1]);
    expect(program.output).toContain("before undefined\n");
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask("/")));
    const pids = new Set(answers.map((answer) => Number(/from (\d+)$/.exec(answer)?.[1])));
    expect(pids).toEqual(new Set(children.values()));

    const load = new Load({ port, clients: 20 });
    const slow = new Load({ port, clients: 4, path: "/?ms=300" });
    await until(() => load.outcome.answered > 1000);
    program.kill();
    const [fast, rest] = await Promise.all([load.over(), slow.over()]);
    expect(await program.ended).toBe(0);
    expectNoneLost([...fast.failed, ...rest.failed]);
    expect(rest.closing + rest.raced).toBe(4);
    for (const pid of children.values()) expect(isAlive(pid)).toBe(false);
  });

  const losesNobody = "SIGTERM loses nobody who has connected to a process that is slow to accept";
  testUnless(lossyClose, losesNobody, async () => {
    await start();
    for (const pid of children.values()) process.kill(pid, "SIGSTOP");
    const waiting = await Promise.all(Array.from({ length: 32 }, open));
    program.kill();
    await until(() => program.errors.includes("stopping 2 processes"));
    for (const pid of children.values()) process.kill(pid, "SIGCONT");
    const answers = await Promise.all(waiting.map((socket) => askOn(socket, "/")));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(await program.ended).toBe(0);
  });

  test("SIGHUP replaces each process; no client is refused, no request is lost", async () => {
    await start();
    const loads = [
      new Load({ port, clients: 8, persistent: true }),
      new Load({ port, clients: 8, persistent: true, fresh: true }),
    ];
    await until(() => loads.every(({ outcome }) => outcome.answered > 300));
    program.kill("SIGHUP");
    // Once more in the middle of it: what was replaced before that is replaced again.
    await until(() => tasks().length === 3);
    program.kill("SIGHUP");
    await until(() => program.errors.match(/All processes are new/g)?.length === 2);
    const before = loads.map(({ outcome }) => outcome.answered);
    await until(() =>
      loads.every(({ outcome }, at) => outcome.answered > Number(before[at]) + 100),
    );
    for (const outcome of await Promise.all(loads.map((load) => load.stop()))) {
      expect(outcome.refused).toBe(0);
      expectNoneLost(outcome.failed);
    }
    expect(tasks().length).toBe(6);
    for (const pid of children.values()) expect(isAlive(pid)).toBe(false);
    program.kill();
    expect(await program.ended).toBe(0);
  });

  test("a child that is killed is started again; only its connections break", async () => {
    await start();
    const kept = new Load({ port, clients: 8, persistent: true });
    const fresh = new Load({ port, clients: 8, persistent: true, fresh: true });
    await until(() => kept.outcome.answered > 300 && fresh.outcome.answered > 300);
    process.kill(children.get(0) as number, "SIGKILL");
    await until(() => tasks().length === 3);
    expect(tasks()[2]?.[0]).toBe(0);
    const before = fresh.outcome.answered;
    await until(() => fresh.outcome.answered > before + 300);
    const outcomes = await Promise.all([kept.stop(), fresh.stop()]);
    for (const outcome of outcomes) {
      expect(outcome.refused).toBe(0);
      // What the dead child was just about to answer: one request of each client at most.
      expect(outcome.failed.length + outcome.raced).toBeLessThanOrEqual(8);
    }
    expect(program.errors).toMatch(/Child 0 \(pid \d+\) was killed by signal SIGKILL: starting/);
    program.kill();
    expect(await program.ended).toBe(0);
  });

  test("children end when the parent is killed", async () => {
    await start();
    program.kill("SIGKILL");
    await until(() => ![...children.values()].some(isAlive));
  });
});

describe("the parent", () => {
  test("exits when all children have exited normally, which are not started again", async () => {
    await start();
    expect(await ask("/crash?code=0")).toBe("");
    await until(() => program.errors.includes("exited with status 0: done"));
    // The kernel sends nobody to the one that is gone.
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask("/")));
    expect(new Set(answers.map((answer) => answer.slice(0, 15)))).toEqual(
      new Set(["HTTP/1.1 200 OK"]),
    );
    expect(await ask("/crash?code=0")).toBe("");
    expect(await program.ended).toBe(0);
    expect(tasks().length).toBe(2);
  });

  test("exits with 0 when it is stopped before its children listen to that", async () => {
    program = startProgram(PREFORK, { args: [JSON.stringify({ count: 2 })] });
    await until(() => program.output.includes("before 0") || program.output.includes("before 1"));
    program.kill();
    expect(await program.ended).toBe(0);
  });

  test("gives up after maxRestarts crashes, and says so", async () => {
    const how = { count: 2, crash: "start", options: { maxRestarts: 2 } };
    program = startProgram(PREFORK, { args: [JSON.stringify(how)] });
    expect(await program.ended).toBe(1);
    expect(program.errors).toContain(
      "exited with status 3 before it was ready, after 2 restarts: giving up",
    );
    expect(program.output.match(/before \d/g)?.length).toBeLessThanOrEqual(4);
  });
});

test("outside of children there is no task", () => {
  expect(taskId()).toBeUndefined();
  expect(cpuCount()).toBeGreaterThan(0);
});

test.each([-1, 1.5, Number.NaN])("%d processes are refused", async (count) => {
  await expect(forkProcesses(count)).rejects.toThrow(RangeError);
});
