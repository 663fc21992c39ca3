/** What the parent does with children that do not behave: real ones, told how to misbehave. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_DRAIN } from "../../src/httpserver/drain.ts";
import { DEFAULT_FORK, supervisorOptions } from "../../src/process/supervisor.ts";
import { Program, RUN, startProgram } from "../support/program.ts";
import { until as untilSoon } from "../support/until.ts";

/** Several runtimes start here, which takes its time where others work too. */
const SECONDS = 50;
vi.setConfig({ testTimeout: SECONDS * 1000, hookTimeout: SECONDS * 1000 });
const until = (condition: () => boolean): Promise<void> => untilSoon(condition, SECONDS);

const PREFORK = new URL("./prefork.ts", import.meta.url);

let program: Program;
let port = 0;
let folder: string;
/** A file that says how children behave that are started from when on it is there. */
let changed: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "squall-process-"));
  changed = join(folder, "changed");
});

afterEach(async () => {
  await program?.end();
  await rm(folder, { recursive: true });
});

/** Starts the program, and waits until both of its children serve. */
async function start(how: object = {}): Promise<void> {
  program = startProgram(PREFORK, { args: [JSON.stringify({ count: 2, changed, ...how })] });
  await until(() => tasks().length === 2);
  port = Number(/port (\d+)/.exec(program.output)?.[1]);
}

/** Numbers and pids of the children that serve, in the order of their starts. */
function tasks(): [id: number, pid: number][] {
  const found = program.output.matchAll(/task (\d+) pid (\d+) port \d+\n/g);
  return Array.from(found, ([, id, pid]) => [Number(id), Number(pid)]);
}

/** Asks on a connection of its own; what came is empty if that broke. */
async function ask(path = "/"): Promise<string> {
  try {
    const headers = { Connection: "close" };
    return await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
  } catch {
    return "";
  }
}

/** Asks so often that both children have requests. */
function askBoth(path: string): Promise<string[]> {
  return Promise.all(Array.from({ length: 32 }, () => ask(path)));
}

test("by default, nobody is killed who takes the time that a graceful stop may take", async () => {
  const { drainDelay, drainTimeout } = DEFAULT_DRAIN;
  const callbacks = 5;
  expect(DEFAULT_FORK.killTimeout).toBeGreaterThan(drainDelay + drainTimeout + callbacks);
  const page = await readFile(new URL("../../docs/guide/deployment.md", import.meta.url), "utf8");
  const systemd = Number(/TimeoutStopSec=(\d+)/.exec(page)?.[1]);
  expect(systemd).toBeGreaterThan(DEFAULT_FORK.killTimeout);
});

test("options that are undefined are left out, and others have to be numbers", () => {
  const none = { maxRestarts: undefined, killTimeout: undefined } as object;
  expect(supervisorOptions(none)).toEqual(DEFAULT_FORK);
  expect(supervisorOptions({ restartDelay: 0 })).toEqual({ ...DEFAULT_FORK, restartDelay: 0 });
  for (const value of [-1, Number.NaN, "5" as unknown as number]) {
    for (const name of ["maxRestarts", "restartDelay", "readyTimeout", "killTimeout"]) {
      expect(() => supervisorOptions({ [name]: value })).toThrow(
        new RangeError(`Cannot set ${name}: ${value} is not a number from 0 up`),
      );
    }
  }
});

test("a child that does not stop is killed after killTimeout", async () => {
  await start({ options: { killTimeout: 0.3 } });
  const answers = askBoth("/?ms=60000");
  await until(() => program.output.includes("asked"));
  program.kill();
  expect(await program.ended).toBe(1);
  expect(program.errors).toMatch(/Child \d \(pid \d+\) does not stop: killed/);
  expect(new Set(await answers)).toEqual(new Set([""]));
});

test("a child that stops already is not told twice, which would end it at once", async () => {
  await start();
  const answers = askBoth("/?ms=1500");
  await until(() => program.output.match(/asked/g)?.length === 32);
  program.kill("SIGHUP");
  await until(() => program.errors.includes("SIGTERM: stopping; once more"));
  program.kill();
  for (const answer of await answers) expect(answer).toMatch(/^Hello from \d+$/);
  expect(await program.ended).toBe(0);
});

test("a terminal may interrupt children that do not listen yet", async () => {
  const args = [...RUN, fileURLToPath(PREFORK), JSON.stringify({ count: 2, crash: "hang" })];
  program = new Program(process.execPath, args, {}, { detached: true });
  await until(() => program.output.match(/before [01]/g)?.length === 2);
  process.kill(-program.pid, "SIGINT");
  expect(await program.ended).toBe(0);
});

describe("a rolling restart to a program that", () => {
  async function becomes(change: string): Promise<void> {
    const old = tasks().map(([, pid]) => `Hello from ${pid}`);
    await writeFile(changed, change);
    program.kill("SIGHUP");
    await until(() => program.errors.includes("A new child 0 does not serve: the old ones go on"));
    await until(() => /Child 0 \(pid \d+\) (exited|was killed)/.test(program.errors));
    expect(new Set(await askBoth("/"))).toEqual(new Set(old));
    program.kill();
    expect(await program.ended).toBe(0);
  }

  test.each([
    ["throws after it listens", "throws", {}],
    ["cannot listen a second time", "listens twice", {}],
    ["fails before it reports that it is ready", "fails later", { reportsReady: true }],
  ])("%s leaves the old children serving", async (_name, change, options) => {
    await start({ options });
    await becomes(change);
  });

  test("is not ready after readyTimeout leaves the old children serving, too", async () => {
    await start({ options: { reportsReady: true, readyTimeout: 0.5 } });
    await becomes("hangs");
  });
});

describe("a child that ends before it is ready", () => {
  /** Until the parent has heard that another one serves, clients may come to the socket it closes then. */
  async function othersServe(): Promise<void> {
    while ((await askBoth("/")).includes("")) await Promise.resolve();
  }

  test("is tried again less and less often, until the parent gives up", async () => {
    const options = { maxRestarts: 4, restartDelay: 0.01 };
    const how = { count: 2, crash: "start", options };
    program = startProgram(PREFORK, { args: [JSON.stringify(how)] });
    expect(await program.ended).toBe(1);
    expect(program.errors).toContain("before it was ready: starting it again in 0.01 s");
    expect(program.errors).toContain("before it was ready: starting it again in 0.02 s");
    expect(program.errors).toContain("after 4 restarts: giving up");
  });

  test("gets no clients, also if the others serve only later", async () => {
    const how = { count: 2, changed, crash: "first", options: { restartDelay: 1000 } };
    program = startProgram(PREFORK, { args: [JSON.stringify(how)] });
    await until(() => program.errors.includes("before it was ready: starting it again in 1000 s"));
    await writeFile(changed, "");
    await until(() => tasks().length === 1);
    port = Number(/port (\d+)/.exec(program.output)?.[1]);
    await othersServe();
    expect(new Set(await askBoth("/"))).toEqual(new Set([`Hello from ${tasks()[0]?.[1]}`]));
    program.kill();
    expect(await program.ended).toBe(0);
  });

  test("gets no clients meanwhile; SIGHUP has it tried at once", async () => {
    await start({ options: { restartDelay: 1000 } });
    const [, alive] = tasks().find(([id]) => id === 1) as [number, number];
    const [, killed] = tasks().find(([id]) => id === 0) as [number, number];
    await writeFile(changed, "throws");
    process.kill(killed, "SIGKILL");
    await until(() => program.errors.includes("before it was ready: starting it again in 1000 s"));
    await othersServe();
    expect(new Set(await askBoth("/"))).toEqual(new Set([`Hello from ${alive}`]));

    await rm(changed);
    program.kill("SIGHUP");
    await until(() => tasks().length === 4);
    await until(() => program.errors.includes("All processes are new"));
    const [first, second] = tasks().slice(2);
    expect(new Set([first?.[0], second?.[0]])).toEqual(new Set([0, 1]));
    const pids = [first, second].map((task) => `Hello from ${task?.[1]}`);
    expect(new Set(await askBoth("/"))).toEqual(new Set(pids));
    program.kill();
    expect(await program.ended).toBe(0);
  });
});

test("a child whose parent is gone finishes what is in flight, also if it reports", async () => {
  await start();
  const answers = askBoth("/?ms=1000");
  await until(() => program.output.match(/asked/g)?.length === 32);
  program.kill("SIGKILL");
  for (const answer of await answers) expect(answer).toMatch(/^Hello from \d+$/);
});
