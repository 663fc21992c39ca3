/** Static files with compressed siblings beside them, and those that are compressed on the way. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import zlib from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { ask } from "../support/ask.ts";
import { bytesOf } from "../support/server.ts";
import { DIGITS, SCRIPT, staticRoot } from "../support/static-root.ts";

const { root, put, app, serveWith, get } = staticRoot();

beforeAll(() => {
  put("digits.txt", DIGITS);
  put("sub/page.html", "<p>page</p>");
  put("app.js", SCRIPT);
  put("app.js.gz", zlib.gzipSync(SCRIPT));
  put("app.js.br", zlib.brotliCompressSync(SCRIPT));
  put("old.js", "new");
  put("old.js.gz", "forgotten");
  utimesSync(join(root, "old.js.gz"), 0, 0);
});

describe("compressed siblings", () => {
  const coded = (accept: string, more = {}) =>
    get("/static/app.js", { "Accept-Encoding": accept, ...more });

  test("are served to who can read them, each with an entity tag of its own", async () => {
    const plain = await coded("identity");
    const gzip = await coded("gzip");
    const br = await coded("gzip, br");
    expect(plain.body).toBe(SCRIPT);
    expect(zlib.gunzipSync(bytesOf(gzip.body)).toString()).toBe(SCRIPT);
    expect(zlib.brotliDecompressSync(bytesOf(br.body)).toString()).toBe(SCRIPT);
    expect([plain, gzip, br].map((answer) => answer.header("Content-Encoding")[0])).toEqual([
      undefined,
      "gzip",
      "br",
    ]);
    for (const answer of [plain, gzip, br]) {
      expect(answer.header("Content-Type")).toEqual(["text/javascript"]);
      expect(answer.header("Vary")).toEqual(["Accept-Encoding"]);
    }
    const tags = [plain, gzip, br].map((answer) => answer.header("Etag")[0]);
    expect(new Set(tags).size).toBe(3);
    const again = await coded("gzip", { "If-None-Match": tags[1] ?? "" });
    expect(again.status).toBe(304);
    expect((await coded("gzip;q=0")).body).toBe(SCRIPT);
  });

  test("are not compressed again", async () => {
    const headers = { "Accept-Encoding": "gzip" };
    const answer = await ask(app({ compressResponse: true }), "GET /static/app.js", { headers });
    expect(answer.header("Content-Encoding")).toEqual(["gzip"]);
    expect(zlib.gunzipSync(bytesOf(answer.body)).toString()).toBe(SCRIPT);
  });

  test("are files like others under their own names", async () => {
    const answer = await get("/static/app.js.gz", { "Accept-Encoding": "gzip" });
    expect(answer.header("Content-Type")).toEqual(["application/gzip"]);
    expect(answer.header("Content-Encoding")).toEqual([]);
  });

  test("that are older than the file, or not wanted, are not", async () => {
    expect((await get("/static/old.js", { "Accept-Encoding": "gzip" })).body).toBe("new");
    const headers = { "Accept-Encoding": "br" };
    const application = serveWith({ precompressed: false });
    expect((await ask(application, "GET /files/app.js", { headers })).body).toBe(SCRIPT);
  });

  test("compressResponse compresses what has none, large files in parts", async () => {
    const application = app({ compressResponse: true });
    put("large.txt", DIGITS.repeat(30_000));
    for (const path of ["large.txt", "sub/page.html", "digits.txt"]) {
      const headers = { "Accept-Encoding": "gzip" };
      const whole = await application.request(`/static/${path}`);
      const compressed = await application.request(`/static/${path}`, { headers });
      const bytes = new Uint8Array(await compressed.arrayBuffer());
      const isCoded = compressed.headers.get("Content-Encoding") === "gzip";
      expect(isCoded).toBe(path === "large.txt");
      const decoded = isCoded ? zlib.gunzipSync(bytes) : bytes;
      expect(Buffer.from(decoded).toString() === (await whole.text())).toBe(true);
      expect(compressed.headers.get("Etag") === whole.headers.get("Etag")).toBe(!isCoded);
      const head = await application.request(`/static/${path}`, { headers, method: "HEAD" });
      expect(head.headers.get("Content-Encoding")).toBe(compressed.headers.get("Content-Encoding"));
    }
  });
});
