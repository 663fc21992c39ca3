/** A program ends by itself when it fetches nothing any more, though connections are kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { bindSockets } from "../../src/netutil.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { type Program, startProgram } from "../support/program.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";

class Hello extends RequestHandler {
  async get(): Promise<void> {
    await setTimeout(10);
    this.write("Hello, world");
  }
}

const app = new Application([["/", Hello]]);
const server = new HTTPServer(app, { loop: runtimeLoop, idleConnectionTimeout: 300 });
const folder = mkdtempSync(join(tmpdir(), "squall-exit-"));
let secure: HTTPServer | undefined;
let program: Program | undefined;

/** By the host that the runtime takes, and by its own sockets. */
const hosts = "Deno" in globalThis ? [""] : ["", process.versions.bun ? "bun" : "net"];

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  if (noCertificates !== undefined) return;
  const { ca, server: sslOptions } = certificates();
  writeFileSync(join(folder, "ca.pem"), ca);
  secure = new HTTPServer(app, { loop: runtimeLoop, idleConnectionTimeout: 300, sslOptions });
  await secure.listen(0, "127.0.0.1");
});

afterEach(() => program?.end());

afterAll(() => {
  server.stop();
  secure?.stop();
  rmSync(folder, { recursive: true });
});

/** Neither end closes the connection within the test's time. */
async function fetchesAndEnds(host: string, ...args: string[]): Promise<void> {
  const file = new URL("./programs/one-fetch.ts", import.meta.url);
  program = startProgram(file, { args, env: { SQUALL_TCP: host } });
  await program.says(/codes 200 200, 1 idle/);
  expect(await program.ended).toBe(0);
}

/** What gives no answer: a listener that accepts nobody, whose queue is full. */
const [silent] = await bindSockets(0, "127.0.0.1", { backlog: 0, loop: runtimeLoop }).catch(
  () => [],
);
const clients = new AbortController();

/** Nothing stops an attempt of Bun's own sockets. */
const stoppable = hosts.filter((host) => host !== "bun" && runtimeLoop.host.name !== "bun");

beforeAll(async () => {
  if (silent === undefined) return;
  const place = { host: "127.0.0.1", port: silent.address.port, signal: clients.signal };
  const nobody = { data() {}, end() {}, drain() {}, close() {} };
  // The kernel takes one more than the backlog says.
  const filling = [1, 2, 3].map(() =>
    runtimeLoop.tcp.connect(place, (socket) => {
      clients.signal.addEventListener("abort", () => socket.abort());
      return nobody;
    }),
  );
  for (const connecting of filling) connecting.catch(() => undefined);
  await Promise.any(filling);
});

afterAll(() => {
  clients.abort();
  silent?.close();
});

test.skipIf(silent === undefined).each(stoppable)(
  "attempts to connect that were given up hold nothing up: SQUALL_TCP=%j",
  async (host) => {
    const file = new URL("./programs/no-answer.ts", import.meta.url);
    const args = [String(silent?.address.port)];
    program = startProgram(file, { args, env: { SQUALL_TCP: host } });
    await program.says(/Timeout while connecting\nCannot connect to .* not done within/);
    expect(await program.ended).toBe(0);
  },
);

test.each(hosts)("timeouts and kept connections hold nothing up: SQUALL_TCP=%j", async (host) => {
  await fetchesAndEnds(host, `http://127.0.0.1:${server.addresses[0]?.port}/`);
});

test.skipIf(noCertificates !== undefined).each(hosts)("nor over TLS: SQUALL_TCP=%j", (host) => {
  const url = `https://localhost:${secure?.addresses[0]?.port}/`;
  return fetchesAndEnds(host, url, join(folder, "ca.pem"));
});
