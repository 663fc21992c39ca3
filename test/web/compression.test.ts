import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  OutputTransform,
  RequestHandler,
  type TransformedStart,
} from "../../src/web.ts";
import { type Answer, ask, undatedHead } from "../support/ask.ts";
import { bytesOf } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const text = "Hello, compressible world. ".repeat(100);

class Page extends RequestHandler {
  get(): void {
    const { query } = this.request;
    if (query === "json") this.write({ text });
    else if (query === "short") this.write("short");
    else if (query === "large") this.write(text.repeat(100));
    else this.write(text);
    if (query === "binary") this.setHeader("Content-Type", "application/zip");
    if (query === "svg") this.setHeader("Content-Type", "image/svg+xml");
    if (query === "encoded") this.setHeader("Content-Encoding", "x-mine");
    if (query === "untouchable") this.setHeader("Cache-Control", "private, no-transform");
    if (query === "vary") this.setHeader("Vary", "Cookie");
    if (query === "etag") this.setHeader("Etag", 'W/"mine"');
    if (query === "part") {
      this.setStatus(206);
      this.setHeader("Content-Range", `bytes 0-${text.length - 1}/99999`);
    }
  }
  async put(): Promise<void> {
    for (const part of ["first, ", text, "", text.repeat(50), "last"]) {
      this.write(part);
      await this.flush();
    }
  }
}

const app = (): Application => new Application([["/", Page]], { compressResponse: true });
const get = (query: string, accept?: string, verb = "GET", more = {}): Promise<Answer> => {
  const headers = { ...(accept === undefined ? {} : { "Accept-Encoding": accept }), ...more };
  return ask(app(), `${verb} /?${query}`, { headers });
};

function decode(answer: Answer): string {
  const bytes = bytesOf(answer.body);
  const [coding] = answer.header("Content-Encoding");
  if (coding === "gzip") return zlib.gunzipSync(bytes).toString();
  if (coding === "br") return zlib.brotliDecompressSync(bytes).toString();
  if (coding === "zstd") return zlib.zstdDecompressSync(bytes).toString();
  return Buffer.from(bytes).toString();
}

/** Undoes chunked coding, whose chunks here end where lines do. */
function dechunk(body: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, end), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytesOf(body.slice(end + 2, end + 2 + size)));
    at = end + 4 + size;
  }
}

describe("the coding", () => {
  const cases = [
    { accept: undefined, coding: undefined },
    { accept: "", coding: undefined },
    { accept: "gzip", coding: "gzip" },
    { accept: "x-gzip", coding: "gzip" },
    { accept: "gzip, deflate, br", coding: "br" },
    { accept: "gzip;q=1.0, br;q=0.5", coding: "gzip" },
    { accept: "gzip;q=0", coding: undefined },
    { accept: "gzip;q=0.000, br; q=0", coding: undefined },
    { accept: "*", coding: "br" },
    { accept: "br;q=0, *;q=0.1", coding: zlib.zstdCompressSync === undefined ? "gzip" : "zstd" },
    { accept: "*;q=0", coding: undefined },
    { accept: "identity, gzip;q=0.5", coding: undefined },
    { accept: "gzip;q=nonsense", coding: undefined },
    { accept: "gzip;q=2", coding: undefined },
    { accept: "notgzip", coding: undefined },
    { accept: "deflate", coding: undefined },
    { accept: `gzip;${"q=1;".repeat(3000)}`, coding: undefined },
  ];
  test.each(cases)("for $accept is $coding", async ({ accept, coding }) => {
    const answer = await get("", accept);
    expect(answer.header("Content-Encoding")).toEqual(coding === undefined ? [] : [coding]);
    expect(decode(answer)).toBe(text);
    expect(answer.header("Content-Length")).toEqual([String(answer.body.length)]);
    expect(answer.header("Vary")).toEqual(["Accept-Encoding"]);
  });

  test.runIf(zlib.zstdCompressSync !== undefined)("may be zstd", async () => {
    const answer = await get("", "gzip, zstd");
    expect(answer.header("Content-Encoding")).toEqual(["zstd"]);
    expect(decode(answer)).toBe(text);
  });

  test.each(["gzip", "br"])("%s of a large body, made beside the event loop", async (coding) => {
    const answer = await get("large", coding);
    expect(answer.header("Content-Encoding")).toEqual([coding]);
    expect(decode(answer)).toBe(text.repeat(100));
  });

  test.each(["json", "svg"])("also of %s", async (query) => {
    expect((await get(query, "gzip")).header("Content-Encoding")).toEqual(["gzip"]);
  });

  test.each(["short", "binary", "untouchable", "part"])("not of what is %s", async (query) => {
    const answer = await get(query, "gzip");
    expect(answer.header("Content-Encoding")).toEqual([]);
    expect(answer.header("Vary")).toEqual(["Accept-Encoding"]);
  });

  test("not of what has one", async () => {
    expect((await get("encoded", "gzip")).header("Content-Encoding")).toEqual(["x-mine"]);
  });

  test("is added to Vary", async () => {
    expect((await get("vary", "gzip")).header("Vary")).toEqual(["Cookie, Accept-Encoding"]);
  });
});

describe("entity tags of compressed responses", () => {
  test("differ by coding, and each is answered 304", async () => {
    const tags = new Set<string>();
    for (const accept of ["identity", "gzip", "br"]) {
      const [etag = ""] = (await get("", accept)).header("Etag");
      tags.add(etag);
      const again = await get("", accept, "GET", { "If-None-Match": etag });
      expect(again).toMatchObject({ status: 304, body: "" });
      expect(again.header("Etag")).toEqual([etag]);
      expect(again.header("Vary")).toEqual(["Accept-Encoding"]);
      expect(again.header("Content-Encoding")).toEqual([]);
    }
    expect(tags.size).toBe(3);
  });

  test("stay weak", async () => {
    expect((await get("etag", "gzip")).header("Etag")).toEqual(['W/"mine-gzip"']);
  });

  test("are the same for HEAD, as is all else of the head", async () => {
    const whole = await get("", "gzip");
    const head = await get("", "gzip", "HEAD");
    expect(head.body).toBe("");
    expect(undatedHead(head)).toBe(undatedHead(whole));
  });
});

describe("responses in parts", () => {
  test("are one gzip stream whose parts can be read as they come", async () => {
    const answer = await get("", "br, gzip", "PUT");
    expect(answer.header("Content-Encoding")).toEqual(["gzip"]);
    expect(answer.header("Content-Length")).toEqual([]);
    const bytes = dechunk(answer.body);
    expect(zlib.gunzipSync(bytes).toString()).toBe(`first, ${text}${text.repeat(50)}last`);
    expect(bytes.length).toBeLessThan(1500);
    const first = bytesOf(answer.body.slice(answer.body.indexOf("\r\n") + 2).slice(0, 24));
    const { Z_SYNC_FLUSH } = zlib.constants;
    expect(zlib.gunzipSync(first, { finishFlush: Z_SYNC_FLUSH }).toString()).toBe("first, ");
  });

  test("are left alone for clients that read no gzip", async () => {
    const answer = await get("", "br", "PUT");
    expect(answer.header("Content-Encoding")).toEqual([]);
  });
});

describe("transforms", () => {
  class Shout extends OutputTransform {
    override transformFirstChunk(
      status: number,
      headers: TransformedStart["headers"],
      chunk: Uint8Array,
    ): TransformedStart {
      headers.set("X-Shout", String(status));
      return { status: 203, headers, chunk: this.transformChunk(chunk) };
    }
    override transformChunk(chunk: Uint8Array): Uint8Array {
      return Buffer.from(Buffer.from(chunk).toString().toUpperCase());
    }
  }
  class Late extends OutputTransform {
    override transformFirstChunk(
      status: number,
      headers: TransformedStart["headers"],
      chunk: Uint8Array,
    ): TransformedStart {
      return { status, headers, chunk: this.transformChunk(chunk) };
    }
    override async transformChunk(chunk: Uint8Array): Promise<Uint8Array> {
      await new Promise((resolve) => setTimeout(resolve, chunk.length === 7 ? 20 : 1));
      if (this.request.query === "fail") throw new Error("on purpose");
      return chunk;
    }
  }

  test("see head and body, one after another", async () => {
    const application = new Application([["/", Page]], { transforms: [Shout] });
    application.addTransform(Late);
    const answer = await ask(application, "GET /");
    expect(answer.status).toBe(203);
    expect(answer.header("X-Shout")).toEqual(["200"]);
    expect(answer.body).toBe(text.toUpperCase());
  });

  test("that take time keep the parts in order", async () => {
    class Parts extends RequestHandler {
      get(): void {
        for (const part of ["seven..", "one", "two"]) {
          this.write(part);
          this.flush();
        }
      }
    }
    const application = new Application([["/", Parts]], { transforms: [Late] });
    const answer = await ask(application, "GET /");
    expect(Buffer.from(dechunk(answer.body)).toString()).toBe("seven..onetwo");
  });

  test("that fail break the response off", async () => {
    const application = new Application([["/", Page]], { transforms: [Late] });
    await expect(application.request("/?fail")).rejects.toThrow();
  });
});
