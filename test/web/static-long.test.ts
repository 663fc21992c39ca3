/** Files too long to be hashed while a client waits: their tags, before the hash and after it. */

import {
  mkdtempSync,
  realpathSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Hash } from "../../src/core.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler, StaticFileHandler } from "../../src/web.ts";
import { until } from "../support/until.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "squall-test-")));
const path = join(root, "long.bin");
const MIB = 1024 * 1024;
const STRONG = /^"[0-9a-f]{32}"$/;

class Url extends RequestHandler {
  get(): string {
    return this.staticUrl("long.bin");
  }
}

class Hello extends RequestHandler {
  get(): string {
    return "Hello";
  }
}

const routes = [
  ["/url", Url],
  ["/hello", Hello],
] as const;
const application = new Application(routes, { staticPath: root });

/** A file of zeros that take no room on the disk. */
function sparse(size: number): void {
  writeFileSync(path, "");
  truncateSync(path, size);
}

const ask = async (headers: Record<string, string> = {}, method = "GET") => {
  const response = await application.request("/static/long.bin", { method, headers });
  await response.body?.cancel();
  return response;
};

const tagOf = (response: Response): string => response.headers.get("Etag") ?? "";

beforeAll(() => setLogLevel("none"));
beforeEach(() => StaticFileHandler.reset());
afterEach(() => vi.restoreAllMocks());
afterAll(() => {
  setLogLevel("warning");
  rmSync(root, { recursive: true });
});

test("a weak tag at once, a strong one once the content is hashed; both hold", async () => {
  sparse(17 * MIB);
  const first = tagOf(await ask());
  expect(first).toMatch(/^W\/"1100000-[0-9a-f]+"$/);
  const again = await ask({ "If-None-Match": first });
  expect([again.status, tagOf(again)]).toEqual([304, first]);
  let strong = "";
  await until(async () => {
    strong = tagOf(await ask({}, "HEAD"));
    return STRONG.test(strong);
  });
  for (const tag of [first, strong, `"x", ${strong}`]) {
    expect((await ask({ "If-None-Match": tag })).status).toBe(304);
  }
  utimesSync(path, 1, 1);
  StaticFileHandler.reset();
  expect((await ask({ "If-None-Match": first })).status).toBe(200);
});

test("a strong tag is judged by the content, however long", async () => {
  sparse(17 * MIB);
  expect((await ask({ "If-None-Match": '"0123"' })).status).toBe(200);
  const strong = tagOf(await ask());
  expect(strong).toMatch(STRONG);
  StaticFileHandler.reset();
  expect((await ask({ "If-None-Match": strong })).status).toBe(304);
  StaticFileHandler.reset();
  const range = { Range: "bytes=0-9", "If-Range": strong };
  expect((await ask(range)).status).toBe(206);
  StaticFileHandler.reset();
  expect((await ask({ "If-Match": strong })).status).toBe(200);
  expect((await ask({ "If-Match": '"0123"' })).status).toBe(412);
});

test("a weak tag makes no range hold, and no If-Match", async () => {
  sparse(17 * MIB);
  const weak = tagOf(await ask());
  expect((await ask({ Range: "bytes=0-9", "If-Range": weak })).status).toBe(200);
  expect((await ask({ "If-Match": weak })).status).toBe(412);
  // Awaits the hash, so that it is not under way in the next test.
  expect((await ask({ "If-Match": '"0123"' })).status).toBe(412);
});

test("it is hashed in small pieces, once, and others are answered between them", async () => {
  sparse(20 * MIB);
  const update = vi.spyOn(Hash.prototype, "update");
  let answered = 0;
  let isHashed = false;
  const hashed = ask({ "If-None-Match": '"0123"' }).then(() => {
    isHashed = true;
  });
  const asked = ask({ "If-None-Match": '"4567"' });
  while (!isHashed) {
    await new Promise((resolve) => setImmediate(resolve));
    expect((await application.request("/hello")).status).toBe(200);
    answered++;
  }
  await Promise.all([hashed, asked]);
  const pieces = update.mock.calls.map(([piece]) => piece.length);
  expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(20 * MIB);
  expect(Math.max(...pieces)).toBeLessThanOrEqual(256 * 1024);
  expect(answered).toBeGreaterThan(10);
});

test("a gigabyte is answered from before it is hashed, and is never in memory", async () => {
  sparse(1024 * MIB);
  const before = process.memoryUsage().rss;
  const range = await application.request("/static/long.bin", {
    headers: { Range: "bytes=1073741814-" },
  });
  expect(range.status).toBe(206);
  expect((await range.arrayBuffer()).byteLength).toBe(10);
  const weak = tagOf(range);
  expect(weak).toMatch(/^W\//);
  expect((await ask({ "If-None-Match": weak })).status).toBe(304);
  expect((await ask({}, "HEAD")).headers.get("Content-Length")).toBe(String(1024 * MIB));
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
  // What is being hashed ends here.
  truncateSync(path, 0);
});

test("its URL has a version once that is known", async () => {
  sparse(2 * MIB);
  const url = async () => (await application.request("/url")).text();
  expect(await url()).toBe("/static/long.bin");
  await until(async () => /^\/static\/long\.bin\?v=[0-9a-f]{32}$/.test(await url()));
});
