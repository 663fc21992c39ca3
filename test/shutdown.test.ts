/** Graceful stops: real processes, real signals, real load. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { limitsOf } from "./hosts/limits.ts";
import { isUnheard, Load } from "./support/load.ts";
import { type Program, startProgram } from "./support/program.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";
import { until } from "./support/until.ts";

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

/** The host of the programs, which run with all permissions, as the tests do. */
const { lossyClose } = limitsOf(runtimeLoop.host.name);
const SERVER = new URL("./shutdown/server.ts", import.meta.url);

let program: Program;
afterEach(() => program.end());

async function start(options: object = {}): Promise<number> {
  program = startProgram(SERVER, { args: [JSON.stringify(options)] });
  return Number((await program.says(/port (\d+)/))[1]);
}

/** One connection in text; `text` is what came. */
class Peer {
  text = "";
  ended = false;
  error = "";
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (bytes) => {
      this.text += bytes;
    });
    this.socket.on("error", (error) => {
      this.error = String(error);
    });
    for (const event of ["end", "close"]) {
      this.socket.on(event, () => {
        this.ended = true;
      });
    }
  }

  get(path: string): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  async answer(path: string): Promise<string> {
    this.text = "";
    this.get(path);
    await until(() => this.text.includes("\r\n\r\n") || this.ended);
    return this.text;
  }
}

/**
 * The kernel opens connections in the server's name. With epoll nobody joins them any more while they
 * are taken; elsewhere those that are left when the runtime stops to listen are reset.
 */
function isFault(failure: string): boolean {
  return lossyClose === undefined || !isUnheard(failure);
}

describe("SIGTERM", () => {
  test("under load: every request is answered, and the process exits with 0", async () => {
    const port = await start();
    const fast = new Load({ port, clients: 40 });
    const slow = new Load({ port, clients: 10, path: "/slow?ms=700" });
    await until(() => fast.outcome.answered > 2000);
    await until(() => program.output.split("slow").length > 10);
    program.kill();
    const outcomes = await Promise.all([fast.over(), slow.over()]);
    expect(await program.ended).toBe(0);
    for (const outcome of outcomes) expect(outcome.failed.filter(isFault)).toEqual([]);
    // Each kept connection gets its last answer. A client that does nothing for longer than the
    // grace, because the machine is busy, may find its connection closed.
    const [{ raced, closing, failed }, rest] = outcomes;
    expect(raced).toBeLessThanOrEqual(5);
    expect(closing + raced + failed.length).toBeGreaterThanOrEqual(40);
    expect(rest).toMatchObject({ closing: 10, raced: 0 });
    expect(program.output).toMatch(/closed the broker\nclosed the database\n$/);
  });

  test("with a connection for each request: the answers are whole", async () => {
    const port = await start();
    const load = new Load({ port, clients: 20, fresh: true });
    await until(() => load.outcome.answered > 500);
    program.kill();
    const outcome = await load.over();
    expect(await program.ended).toBe(0);
    expect(outcome.failed.length).toBeLessThanOrEqual(20);
    expect(outcome.failed.filter(isFault)).toEqual([]);
  });

  test("an idle connection is answered once more, and then closed without a reset", async () => {
    const port = await start({ drainGrace: 0.7 });
    const peer = new Peer(port);
    expect(await peer.answer("/")).not.toContain("Connection: close");
    const idle = new Peer(port);
    await idle.answer("/");
    program.kill();
    await until(() => program.errors.includes("SIGTERM: stopping"));
    expect(await peer.answer("/")).toContain("Connection: close");
    await until(() => idle.ended);
    expect(idle.error).toBe("");
    expect(await program.ended).toBe(0);
  });

  test("connections that left HTTP and long polls are asked to go", async () => {
    const port = await start();
    const raw = new Peer(port);
    raw.get("/raw");
    const poll = new Peer(port);
    poll.get("/poll");
    await until(() => raw.text === "hello ");
    await program.says(/polling/);
    program.kill();
    await until(() => raw.text === "hello goodbye");
    await until(() => poll.text.includes("nothing new"));
    raw.socket.end("bye");
    expect(await program.ended).toBe(0);
  });

  test("what is still open at the deadline is broken off", async () => {
    const port = await start({ drainTimeout: 0.5 });
    const raw = new Peer(port);
    raw.get("/raw?stubborn=1");
    const slow = new Peer(port);
    slow.get("/slow?ms=60000");
    await until(() => raw.text === "hello ");
    await program.says(/slow/);
    program.kill();
    expect(await program.ended).toBe(0);
    expect(program.errors).toContain("Stopped at the deadline: 2 connections were busy");
    await until(() => raw.ended && slow.ended);
    expect(slow.text).toBe("");
  });

  test("a second signal ends the process at once", async () => {
    const port = await start();
    const slow = new Peer(port);
    slow.get("/slow?ms=60000");
    await program.says(/slow/);
    program.kill();
    await until(() => program.errors.includes("SIGTERM: stopping"));
    program.kill("SIGINT");
    expect(await program.ended).toBe(130);
  });

  test("SIGTERM that comes twice, as from a service manager and from a parent, is one", async () => {
    const port = await start({ hearsTwice: true });
    const slow = new Peer(port);
    slow.get("/slow?ms=300");
    await program.says(/slow/);
    program.kill();
    expect(await program.ended).toBe(0);
    expect(slow.text).toMatch(/^HTTP\/1.1 200 /);
  });

  test("SIGTERM that comes again later ends the process at once", async () => {
    const port = await start();
    const slow = new Peer(port);
    slow.get("/slow?ms=60000");
    await program.says(/slow/);
    const again = setInterval(() => program.kill(), 400);
    expect(await program.ended.finally(() => clearInterval(again))).toBe(143);
  });

  test("for drainDelay seconds it serves on, and says to load balancers that it stops", async () => {
    const port = await start({ drainDelay: 1, drainGrace: 0 });
    const before = new Peer(port);
    expect(await before.answer("/ready")).toMatch(/^HTTP\/1.1 200 [\s\S]*{"status":"ok"}$/);
    program.kill();
    await until(() => program.errors.includes("SIGTERM: stopping"));
    const during = await Promise.all(
      ["/ready", "/live", "/"].map((path) => new Peer(port).answer(path)),
    );
    expect(during[0]).toMatch(/^HTTP\/1.1 503 [\s\S]*{"status":"draining"}$/);
    expect(during[1]).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close/);
    expect(during[2]).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close/);
    expect(await program.ended).toBe(0);
  });

  test("stopOnSignals: false leaves the signals alone", async () => {
    await start({ stopOnSignals: false });
    program.kill();
    expect(await program.ended).toBe("SIGTERM");
  });
});
