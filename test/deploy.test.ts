/** The examples of demos/deploy, run: nginx and HAProxy in front of processes that come and go. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { websocketConnect } from "../src/websocket.ts";
import { answers, freePort, systemProgram } from "./support/brokers.ts";
import { Load } from "./support/load.ts";
import { Program, startProgram } from "./support/program.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";
import { pass, until } from "./support/until.ts";

vi.setConfig({ testTimeout: 50_000, hookTimeout: 50_000 });

const APP = new URL("./deploy/app.ts", import.meta.url);

let folder: string;
let programs: Program[] = [];
let proxies: Program[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-deploy-"));
  // Started by root, nginx works as somebody else.
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  // nginx ends its workers when it is asked to end, not when it is killed.
  for (const running of proxies) {
    running.kill("SIGTERM");
    await running.ended;
  }
  await Promise.all(programs.map((program) => program.end()));
  proxies = [];
  programs = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function app(how: object): Promise<Program> {
  const program = startProgram(APP, { args: [JSON.stringify(how)] });
  programs.push(program);
  await program.says(/serving/, 45);
  return program;
}

/** An example with its places replaced by ours. Each must be there. */
function example(name: string, places: Readonly<Record<string, string>>): string {
  let text = readFileSync(
    fileURLToPath(new URL(`../demos/deploy/${name}`, import.meta.url)),
    "utf8",
  );
  for (const [place, ours] of Object.entries(places)) {
    expect(text, name).toContain(place);
    text = text.replaceAll(place, ours);
  }
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function proxy(port: number, command: string, ...args: string[]): Promise<Program> {
  const program = new Program(command, args, {});
  let isUp = false;
  while (!isUp && program.process.exitCode === null) {
    isUp = await answers(port);
    if (!isUp) await pass(20);
  }
  expect(isUp, program.errors).toBe(true);
  proxies.push(program);
  return program;
}

async function ask(port: number, headers: Record<string, string> = {}): Promise<object> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers })).json() as Promise<object>;
}

/** What both proxies must do. */
async function checkProxy(port: number): Promise<void> {
  const spoofed = { "X-Real-Ip": "6.6.6.6", "X-Forwarded-For": "6.6.6.6", "X-Scheme": "https" };
  const host = `127.0.0.1:${port}`;
  const truth = { remoteIp: "127.0.0.1", protocol: "http", host };
  expect(await ask(port)).toMatchObject(truth);
  expect(await ask(port, spoofed)).toMatchObject(truth);
  const socket = await websocketConnect(`ws://${host}/echo`, { loop: runtimeLoop });
  await socket.writeMessage("hello");
  expect(await socket.readMessage()).toBe("127.0.0.1: hello");
  socket.close();
}

const nginx = systemProgram("nginx");
const noNginx = nginx === undefined ? " (no nginx on this machine)" : "";
describe.skipIf(noNginx !== "")(`nginx${noNginx}`, () => {
  let port: number;
  let appPort: number;
  let path: string;

  async function start(): Promise<[Program, Program]> {
    [port, appPort] = [await freePort(), await freePort()];
    path = join(folder, "1.sock");
    const apps = await Promise.all([app({ path }), app({ port: appPort })]);
    const file = example("nginx.conf", {
      "listen 80;": `listen 127.0.0.1:${port};`,
      "unix:/run/chat/1.sock": `unix:${path}`,
      "127.0.0.1:8002": `127.0.0.1:${appPort}`,
      "/run/nginx.pid": join(folder, "nginx.pid"),
      "/var/log/nginx/error.log": join(folder, "error.log"),
      // As this user, with its folders here.
      "events {": "daemon off;\nevents {",
      "access_log off;": `access_log off;\n${temporary()}`,
    });
    await proxy(port, nginx ?? "", "-p", folder, "-e", join(folder, "error.log"), "-c", file);
    return apps;
  }

  /** Where nginx keeps bodies. */
  function temporary(): string {
    const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    return kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join("\n");
  }

  test("requests, WebSockets and addresses come through; a process may go", async () => {
    const [first] = await start();
    await checkProxy(port);
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask(port)));
    expect(new Set(answers.map((answer) => (answer as { pid: number }).pid)).size).toBe(2);
    const load = new Load({ port, clients: 16, persistent: true });
    await until(() => load.outcome.answered > 300);
    first.kill();
    expect(await first.ended).toBe(0);
    await app({ path });
    const before = load.outcome.answered;
    await until(() => load.outcome.answered > before + 300);
    expect(await load.stop()).toMatchObject({ failed: [], refused: 0 });
  });

  test("a process that is killed costs no GET", async () => {
    const [, second] = await start();
    const load = new Load({ port, clients: 16, persistent: true });
    await until(() => load.outcome.answered > 300);
    second.kill("SIGKILL");
    await second.ended;
    const before = load.outcome.answered;
    await until(() => load.outcome.answered > before + 300);
    expect(await load.stop()).toMatchObject({ failed: [], refused: 0 });
  });
});

const haproxy = systemProgram("haproxy");
const noHAProxy = haproxy === undefined ? " (no haproxy on this machine)" : "";
describe.skipIf(noHAProxy !== "")(`HAProxy${noHAProxy}`, () => {
  test("its checks notice a process that stops before it stops: nobody else does", async () => {
    const [port, one, two] = [await freePort(), await freePort(), await freePort()];
    const drainDelay = 2;
    const [first] = await Promise.all([one, two].map((place) => app({ port: place, drainDelay })));
    const file = example("haproxy.cfg", {
      "bind :80": `bind 127.0.0.1:${port}`,
      "127.0.0.1:8001": `127.0.0.1:${one}`,
      "127.0.0.1:8002": `127.0.0.1:${two}`,
      "inter 1s": "inter 200ms",
    });
    const program = await proxy(port, haproxy ?? "", "-db", "-f", file);
    await checkProxy(port);
    const load = new Load({ port, clients: 16, persistent: true });
    await until(() => load.outcome.answered > 300);
    first?.kill();
    await until(() => /Server chat\/one is DOWN[\s\S]*503/.test(program.output + program.errors));
    // It is left alone while it still serves.
    expect((await fetch(`http://127.0.0.1:${one}/readyz`)).status).toBe(503);
    expect(await first?.ended).toBe(0);
    await app({ port: one });
    await until(() => /Server chat\/one is UP/.test(program.output + program.errors));
    const before = load.outcome.answered;
    await until(() => load.outcome.answered > before + 300);
    expect(await load.stop()).toMatchObject({ failed: [], raced: 0, refused: 0 });
  });
});
