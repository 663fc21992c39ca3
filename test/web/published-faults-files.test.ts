/**
 * Faults that other servers and frameworks have been told of, each by its number or in words: those of
 * multipart forms and of static files. See `published-faults.test.ts` for the others.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LogRecord, setSinks } from "../../src/log.ts";
import { Application, HTTPError, RequestHandler, StaticFileHandler } from "../../src/web.ts";
import { type AskOptions, askHandler, ask as askOnce } from "../support/ask.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "squall-test-")));
const root = join(folder, "static");
const records: LogRecord[] = [];
let sinks: ReturnType<typeof setSinks> = [];

beforeAll(() => {
  mkdirSync(join(root, "dir"), { recursive: true });
  writeFileSync(join(root, "page.txt"), "x".repeat(3000));
  writeFileSync(join(root, "dir", "index.html"), "index");
  writeFileSync(join(folder, "static_secret.txt"), "secret");
  writeFileSync(join(folder, "secret.gz"), "secret");
  symlinkSync(join(folder, "static_secret.txt"), join(root, "link.txt"));
  symlinkSync(join(folder, "secret.gz"), join(root, "page.txt.gz"));
  sinks = setSinks({ write: (record) => records.push(record) });
});
afterAll(() => {
  setSinks(...sinks);
  rmSync(folder, { recursive: true });
});

type Act = (handler: RequestHandler) => unknown;
const ask = askHandler;

const form = (body: string): AskOptions => ({
  body,
  headers: { "Content-Type": "multipart/form-data; boundary=b" },
});
const files = new Application([], { staticPath: root });

describe("multipart", () => {
  const field = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n';
  const read: Act = (handler) => handler.write(`${handler.request.bodyArguments.size}`);
  const send = (body: string) => ask(read, "POST /", form(body));

  test("CVE-2025-47287: thousands of malformed parts are one line in the log", async () => {
    records.length = 0;
    const part = "--b\r\nContent-Disposition: nonsense\r\n\r\nx\r\n";
    expect((await send(`${part.repeat(3000)}--b--`)).status).toBe(400);
    expect(records.filter(({ logger }) => logger !== "squall.access")).toHaveLength(1);
  });

  test("CVE-2026-31958, GHSA-8423-8fgw-73vq: 100 parts, not one more", async () => {
    expect((await send(`${field.repeat(100)}--b--`)).status).toBe(200);
    expect((await send(`${field.repeat(101)}--b--`)).status).toBe(400);
    expect((await send("--b\r\n".repeat(100_000))).status).toBe(400);
    expect((await send(`${field.repeat(9000)}--b--`)).status).toBe(400);
  });

  test("CVE-2026-34516: headers of a part beyond 10 KiB", async () => {
    const part = field.replace("\r\n\r\n", `\r\nX: ${"y".repeat(10_240)}\r\n\r\n`);
    expect((await send(`${part}--b--`)).status).toBe(400);
  });

  test.each(["\r", "\n", "\0"])("the sign %j in a header of a part", async (sign) => {
    expect((await send(`${field.replace('"a"', `"a${sign}b"`)}--b--`)).status).toBe(400);
  });

  test.each([";", '";"', "\\", " "])("CVE-2025-67726: 9,000 bytes of %j", async (sign) => {
    const many = sign.repeat(9000 / sign.length);
    const part = field.replace("form-data;", `form-data; x="${many}";`);
    expect([200, 400]).toContain((await send(`${part}--b--`)).status);
  });

  test("parts within parts are not read as parts", async () => {
    const inner = `--c\r\nContent-Disposition: form-data; name="in"\r\n\r\n2\r\n--c--`;
    const type = "Content-Type: multipart/mixed; boundary=c";
    const outer = field.replace("\r\n\r\n1", `\r\n${type}\r\n\r\n${inner}`);
    const act: Act = (handler) => handler.getArgument("a");
    expect((await ask(act, "POST /", form(`${outer}--b--`))).body).toBe(inner);
  });

  test("a file's name is what the client says, and no more", async () => {
    const part = field.replace('"a"', '"f"; filename="../../etc/passwd\u00e6"');
    const act: Act = ({ request }) => request.files.get("f")?.[0]?.path ?? "in memory";
    const body = Buffer.from(`${part}--b--`, "utf8").toString("latin1");
    expect((await ask(act, "POST /", form(body))).body).toBe("in memory");
  });
});

describe("files", () => {
  const get = (target: string, headers: Record<string, string> = {}) =>
    askOnce(files, `GET ${target}`, { headers });

  test.each([
    "/static/../static_secret.txt",
    "/static/%2e%2e/static_secret.txt",
    "/static/..%2fstatic_secret.txt",
    "/static/%252e%252e/static_secret.txt",
    "/static/..%5cstatic_secret.txt",
    "/static/..\\static_secret.txt",
    "/static/dir/../../static_secret.txt",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/page.txt%00.html",
    "/static/./dir/.././../static_secret.txt",
    "/static_secret.txt",
  ])("a way out of the root: %s", async (target) => {
    const answer = await get(target);
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.body).not.toContain("secret");
  });

  test("CVE-2024-23334: a link out of the root", async () => {
    expect((await get("/static/link.txt")).status).toBe(403);
  });

  test("CVE-2024-42367: a compressed sibling that is a link out of the root", async () => {
    const answer = await get("/static/page.txt", { "Accept-Encoding": "gzip" });
    expect(answer.header("Content-Encoding")).toEqual([]);
    expect(answer.body).toBe("x".repeat(3000));
  });

  test.each(["CON", "nul", "aux.txt", "COM1", "lpt9.log", "prn "])(
    "the name %s, a device on Windows",
    async (name) => {
      expect([403, 404]).toContain((await get(`/static/${encodeURIComponent(name)}`)).status);
    },
  );

  test("CVE-2023-28370: a folder's redirect leads to no other host", async () => {
    const options = { path: root, defaultFilename: "index.html" };
    const application = new Application([["/(.*)", StaticFileHandler, options]]);
    for (const target of [`//evil.com/..${root}/dir`, "//dir", "/\\dir", "//evil.com/%2e%2e/dir"]) {
      const answer = await askOnce(application, `GET ${target}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.header("Location")).toEqual([]);
    }
    const answer = await askOnce(application, "GET /dir");
    expect(answer.header("Location")).toEqual(["/dir/"]);
  });

  test("CVE-2025-62727: thousands of ranges are the whole file", async () => {
    const ranges = Array.from({ length: 1500 }, (_, at) => `${at}-${at}`).join();
    const answer = await get("/static/page.txt", { Range: `bytes=${ranges}` });
    expect([answer.status, answer.body.length]).toEqual([200, 3000]);
  });

  test.each(["bytes=+1-2", "bytes=1_0-20", "bytes=0x1-2", "bytes=١-٢", "bytes=-", "lines=1-2"])(
    "the range %s is none",
    async (range) => {
      const value = Buffer.from(range).toString("latin1");
      expect((await get("/static/page.txt", { Range: value })).status).toBe(200);
    },
  );

  test("a range is not compressed, q=0 is no, and each coding has its own tag", async () => {
    const application = new Application([], { staticPath: root, compressResponse: true });
    const target = "GET /static/page.txt";
    const accept = (coding: string, more = {}) =>
      askOnce(application, target, { headers: { "Accept-Encoding": coding, ...more } });
    const range = await accept("gzip", { Range: "bytes=0-9" });
    expect([range.status, range.body]).toEqual([206, "xxxxxxxxxx"]);
    const plain = await accept("gzip;q=0");
    expect(plain.header("Content-Encoding")).toEqual([]);
    const gzip = await accept("gzip");
    expect(gzip.header("Content-Encoding")).toEqual(["gzip"]);
    expect(gzip.header("Etag")).not.toEqual(plain.header("Etag"));
  });

  test("If-Match and If-Range are held to", async () => {
    expect((await get("/static/page.txt", { "If-Match": '"other"' })).status).toBe(412);
    const headers = { Range: "bytes=0-9", "If-Range": '"other"' };
    expect((await get("/static/page.txt", headers)).status).toBe(200);
  });

  test("CVE-2026-29045: rules and files see the same path", async () => {
    class Guarded extends RequestHandler {
      override prepare(): void {
        throw new HTTPError(401);
      }
    }
    const application = new Application([
      ["/static/dir/.*", Guarded],
      ["/static/(.*)", StaticFileHandler, { path: root }],
    ]);
    expect((await askOnce(application, "GET /static/dir/index.html")).status).toBe(401);
    for (const target of [
      "/static//dir/index.html",
      "/static/dir%2findex.html",
      "/static/./dir/index.html",
    ]) {
      const answer = await askOnce(application, `GET ${target}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });

  test("a path that is not there is not repeated on the page", async () => {
    const answer = await get("/%3Cscript%3Ealert(1)");
    expect(answer.status).toBe(404);
    expect(answer.body).not.toMatch(/script/i);
  });
});
