/** A program ends by itself when it fetches nothing any more, though connections are kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
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

test.each(hosts)("timeouts and kept connections hold nothing up: SQUALL_TCP=%j", async (host) => {
  await fetchesAndEnds(host, `http://127.0.0.1:${server.addresses[0]?.port}/`);
});

test.skipIf(noCertificates !== undefined).each(hosts)("nor over TLS: SQUALL_TCP=%j", (host) => {
  const url = `https://localhost:${secure?.addresses[0]?.port}/`;
  return fetchesAndEnds(host, url, join(folder, "ca.pem"));
});
