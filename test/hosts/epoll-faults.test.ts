/**
 * The epoll hosts where the contract cannot look: faults, fairness, and the ends of processes. Each
 * runtime tests its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket as Peer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { host } from "#host";
import { INPUT_SLACK } from "../../src/host.ts";
import { createTransferMemory } from "../support/transfer-memory.ts";
import { pass, until } from "../support/until.ts";

const PROGRAMS = join(import.meta.dirname, "programs");
const children: ChildProcess[] = [];

interface Program {
  readonly child: ChildProcess;
  readonly output: string[];
  readonly errors: string[];
}

const isDeno = host.name === "deno-epoll";
const RUNTIME = [process.execPath, ...(isDeno ? ["run", "-A"] : [])];
/** Deno keeps pairs of sockets of its own for a worker that has ended, mostly until the next one ends. */
const LEFT = isDeno ? 4 : 0;
const isNode = host.name === "node-epoll";

/** Runs a program of `programs/`; `before` is what stands before it on the command line. */
function run(name: string, before: string[] = RUNTIME, environment = {}): Program {
  const [command = "", ...rest] = before;
  const child = spawn(command, [...rest, join(PROGRAMS, name)], {
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
  });
  children.push(child);
  const program: Program = { child, output: [], errors: [] };
  createInterface({ input: child.stdout }).on("line", (line) => program.output.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => program.errors.push(line));
  return program;
}

async function ended(program: Program): Promise<void> {
  if (program.child.exitCode === null) await once(program.child, "close");
  expect(program.child.exitCode).toBe(0);
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

describe.skipIf(!host.name.endsWith("-epoll"))(`host ${host.name}`, () => {
  test("worker threads that end leave no descriptor", async () => {
    const program = run("worker-ends.ts");
    await ended(program);
    const { opened, left, more } = JSON.parse(program.output[0] ?? "") as Record<string, number>;
    expect(opened).toBeGreaterThanOrEqual(11);
    expect(left).toBeLessThanOrEqual(LEFT);
    // Of the last one.
    expect(more).toBeLessThanOrEqual(LEFT);
  });

  test("keeps to the input region when many sockets fill what room there is", async () => {
    const memory = createTransferMemory();
    const tcp = host.openTcp(memory);
    const end = memory.input.start + memory.input.length - INPUT_SLACK;
    let received = 0;
    let furthest = 0;
    const listener = await tcp.listen({ host: "127.0.0.1" }, () => ({
      data(start, length) {
        received += length;
        furthest = Math.max(furthest, start + length);
      },
      end() {},
      drain() {},
      close() {},
    }));
    const peers = Array.from({ length: 24 }, () => connect(listener.address.port, "127.0.0.1"));
    for (const peer of peers) peer.write(new Uint8Array(1024 * 1024));
    await until(() => received === 24 * 1024 * 1024);
    expect(furthest).toBeLessThanOrEqual(end);
    for (const peer of peers) peer.destroy();
    listener.close();
  });

  test("reports what handlers throw, and serves the rest of the batch", async () => {
    const program = run("throwing.ts");
    await ended(program);
    const found = JSON.parse(program.output[0] ?? "") as { answers: string[]; reported: string[] };
    expect(found.answers).toEqual(["answer 1", "answer 2", "answer 3"]);
    expect(found.reported.sort()).toEqual(["thrown 1", "thrown 2", "thrown 3"]);
  });

  test.runIf(isNode)("an exception that nobody handles ends the process", async () => {
    const program = run("echo.ts", [process.execPath, "--import", join(PROGRAMS, "bomb.ts")]);
    await until(() => program.output.length > 0);
    const peer = connect(Number(program.output[0]), "127.0.0.1");
    peer.on("error", () => {});
    peer.write("bomb");
    await once(program.child, "close");
    expect(program.child.exitCode).not.toBe(0);
    expect(program.errors.join("\n")).toContain("bomb");
  });

  // Deno itself needs more descriptors to start: `deno-limits.test.ts` counts them.
  test.skipIf(isDeno)("survives without descriptors, says so once, and recovers", async () => {
    const limited = ["sh", "-c", 'ulimit -n 48; exec "$0" "$@"', ...RUNTIME];
    const program = run("echo.ts", limited);
    await until(() => program.output.length > 0);
    const peers = Array.from({ length: 60 }, () => echoing(Number(program.output[0])));
    await until(() => program.errors.length > 0);
    await pass(500);
    expect(program.child.exitCode).toBeNull();
    expect(program.errors).toEqual([expect.stringContaining("EMFILE")]);

    const served = peers.filter((peer) => peer.echoed === 1);
    expect(served.length).toBeGreaterThan(5);
    for (const peer of served) peer.socket.write("again");
    await until(() => served.every((peer) => peer.echoed === 2));
    for (const peer of peers) peer.socket.destroy();
    const late = echoing(Number(program.output[0]));
    await until(() => late.echoed === 1);
    late.socket.destroy();
    program.child.stdin?.end();
    await ended(program);
  });

  test("lets timers and immediates run under full load", async () => {
    const tcp = host.openTcp(createTransferMemory());
    let messages = 0;
    let open = 0;
    const listener = await tcp.listen({ host: "127.0.0.1" }, (socket) => {
      open++;
      return {
        data: (_, length) => {
          messages++;
          socket.write(Buffer.alloc(length));
        },
        end: () => socket.close(),
        drain: () => {},
        close: () => {
          open--;
        },
      };
    });
    // Both ends answer: there is never nothing to do.
    const sockets = await Promise.all(
      Array.from({ length: 32 }, () =>
        tcp.connect(listener.address, (socket) => {
          socket.write(Buffer.from("ball"));
          return {
            data: () => socket.write(Buffer.from("ball")),
            end() {},
            drain() {},
            close() {},
          };
        }),
      ),
    );
    await until(() => messages > 1000);
    const between: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      const before = messages;
      await new Promise((done) => (turn % 2 ? setTimeout(done) : setImmediate(done)));
      between.push(messages - before);
    }
    for (const socket of sockets) socket.abort();
    listener.close();
    await until(() => open === 0);
    // 16 batches in a row of 32 messages each, and a timer of 1 ms takes a few turns of the loop.
    expect(Math.max(...between)).toBeLessThan(16 * 32 * 64);
  });

  test("does not keep a process that has nothing open", async () => {
    const program = run("echo.ts");
    await until(() => program.output.length > 0);
    program.child.stdin?.end();
    await ended(program);
  });

  test.runIf(isNode)(
    "node:net can be chosen, and takes over with a notice where addons are refused",
    async () => {
      const chosen = run("name.ts", undefined, { SQUALL_TCP: "net" });
      const refused = run("name.ts", [process.execPath, "--permission", "--allow-fs-read=*"]);
      await Promise.all([ended(chosen), ended(refused)]);
      expect([chosen.output, chosen.errors]).toEqual([["node-net"], []]);
      expect(refused.output).toEqual(["node-net"]);
      expect(refused.errors.filter((line) => line.startsWith("squall:"))).toHaveLength(1);
    },
  );
});

interface Echoing {
  readonly socket: Peer;
  echoed: number;
}

/** A peer that says one thing and counts what comes back. */
function echoing(port: number): Echoing {
  const socket = connect(port, "127.0.0.1");
  const peer = { socket, echoed: 0 };
  socket.on("error", () => {});
  socket.on("data", () => {
    peer.echoed++;
  });
  socket.write("hello");
  return peer;
}
