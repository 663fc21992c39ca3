/** Uploads through an application: where their files lie, and that none is left behind. */

import { mkdtempSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boundaryOf, MultipartReader, setParseBodyConfig } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  FallbackHandler,
  type HTTPFile,
  RequestHandler,
  streamRequestBody,
} from "../../src/web.ts";
import { serve } from "../support/server.ts";
import { until } from "../support/until.ts";

const directory = mkdtempSync(join(tmpdir(), "squall-test-"));
const spool = join(directory, "spool");
const long = "0123456789".repeat(30_000);

beforeAll(() => setLogLevel("none"));
beforeEach(async () => {
  await rm(spool, { recursive: true, force: true });
  await mkdir(spool);
  setParseBodyConfig({ multipart: { maxMemory: 1000, directory: spool } });
});
afterAll(async () => {
  setLogLevel("warning");
  setParseBodyConfig({});
  await rm(directory, { recursive: true });
});

function bodyOf(file: string): string {
  const field = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n';
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n';
  return `${field}${head}${file}\r\n--b--\r\n`;
}

/** A whole request, or the part of it up to `end`. */
function upload(path: string, body: string, end?: number): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
  const type = "Content-Type: multipart/form-data; boundary=b\r\n";
  return `${head}${type}Content-Length: ${body.length}\r\n\r\n${body.slice(0, end)}`;
}

function fileOf(handler: RequestHandler): HTTPFile {
  return handler.request.files.get("f")?.[0] as HTTPFile;
}

/** The paths of files that handlers have seen. */
let seen: (string | undefined)[] = [];
beforeEach(() => {
  seen = [];
});

class Take extends RequestHandler {
  async post(): Promise<void> {
    const file = fileOf(this);
    seen.push(file.path);
    const text = await file.text();
    const a = this.getArgument("a");
    this.write({ size: file.size, same: text === long, a, raw: this.request.body.length });
  }
}

class Keep extends RequestHandler {
  async post(): Promise<void> {
    const file = fileOf(this);
    seen.push(file.path);
    await file.moveTo(join(directory, "kept"));
    this.write("kept");
  }
}

class Throw extends RequestHandler {
  post(): void {
    seen.push(fileOf(this).path);
    throw new Error("as the test wants it");
  }
}

let goOn: () => void = () => undefined;

class Wait extends RequestHandler {
  async post(): Promise<void> {
    seen.push(fileOf(this).path);
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.write("done");
  }
  override onConnectionClose(): void {
    seen.push("closed");
  }
}

class Detach extends RequestHandler {
  post(): void {
    seen.push(fileOf(this).path);
    this.detach().close();
  }
}

class Raw extends RequestHandler {
  static override spoolsUploads = false;
  post(): string {
    return `${this.request.body.length} ${fileOf(this).size}`;
  }
}

class Counting extends RequestHandler {
  readonly #parts: string[] = [];
  #reader: MultipartReader | undefined;
  override prepare(): void {
    let size = 0;
    const boundary = boundaryOf(this.request.headers.get("Content-Type") ?? "");
    this.#reader = new MultipartReader(boundary, {
      begin: ({ name, filename }) => {
        size = 0;
        this.#parts.push(`${name} ${filename}`);
      },
      data: (bytes) => {
        size += bytes.length;
      },
      end: () => {
        this.#parts.push(`${size}`);
      },
    });
  }
  override dataReceived(chunk: Uint8Array): void {
    this.#reader?.write(chunk);
  }
  post(): string {
    this.#reader?.finish();
    return this.#parts.join(", ");
  }
}
streamRequestBody(Counting);

const fallback = new Application([["/fallback", Take]]);
const application = new Application([
  ["/take", Take],
  ["/keep", Keep],
  ["/throw", Throw],
  ["/wait", Wait],
  ["/detach", Detach],
  ["/raw", Raw],
  ["/counting", Counting],
  ["/fallback", FallbackHandler, { fallback }],
]);

const left = () => readdir(spool);
const jsonIn = (answer: string) => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));

describe("a form", () => {
  test("that is short stays in memory, body and all", async () => {
    const { exchange } = await serve(application);
    const body = bodyOf("short");
    const answer = jsonIn(await exchange(upload("/take", body)));
    expect(answer).toEqual({ size: 5, same: false, a: "1", raw: body.length });
    expect(seen).toEqual([undefined]);
  });

  test("that is long goes to disk, and from there when the request is over", async () => {
    const { exchange } = await serve(application);
    const answer = jsonIn(await exchange(upload("/take", bodyOf(long))));
    expect(answer).toEqual({ size: long.length, same: true, a: "1", raw: 0 });
    expect(seen[0]).toContain(spool);
    await until(async () => (await left()).length === 0);
  });

  test("in chunks, of a length that nobody knows", async () => {
    const { exchange } = await serve(application);
    const body = bodyOf(long);
    const head = upload("/take", "").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    const answer = await exchange(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect(jsonIn(answer)).toMatchObject({ size: long.length, same: true });
  });

  test("without a socket", async () => {
    const form = new FormData();
    form.set("a", "1");
    form.set("f", new File([long], "x.txt"));
    const response = await application.request("/take", { method: "POST", body: form });
    expect(await response.json()).toMatchObject({ size: long.length, same: true });
    expect(seen[0]).toContain(spool);
    await until(async () => (await left()).length === 0);
  });

  test("that is no multipart form is kept whole, however long", async () => {
    class Plain extends RequestHandler {
      post(): string {
        return String(this.request.body.length);
      }
    }
    const plain = new Application([["/", Plain]]);
    const response = await plain.request("/", { method: "POST", body: long });
    expect(await response.text()).toBe(String(long.length));
  });

  test("is left as bytes to classes that ask for it", async () => {
    const { exchange } = await serve(application);
    const body = bodyOf(long);
    expect(await exchange(upload("/raw", body))).toMatch(`\r\n\r\n${body.length} ${long.length}`);
    expect(await left()).toEqual([]);
    expect(jsonIn(await exchange(upload("/fallback", body)))).toMatchObject({ same: true });
    await until(async () => (await left()).length === 0);
  });

  test("is read by a handler with a streamed body itself", async () => {
    const { exchange } = await serve(application);
    const answer = await exchange(upload("/counting", bodyOf(long)));
    expect(answer).toMatch(`\r\n\r\na undefined, 1, f x.txt, ${long.length}`);
    expect(await left()).toEqual([]);
  });
});

describe("no file is left behind", () => {
  test("when the handler has moved it", async () => {
    const { exchange } = await serve(application);
    expect(await exchange(upload("/keep", bodyOf(long)))).toMatch(/\r\n\r\nkept$/);
    expect(await left()).toEqual([]);
    expect(await readFile(join(directory, "kept"), "utf8")).toBe(long);
  });

  test("when the handler throws, or takes the socket", async () => {
    const { exchange } = await serve(application);
    expect(await exchange(upload("/throw", bodyOf(long)))).toMatch(/^HTTP\/1.1 500 /);
    expect(await exchange(upload("/detach", bodyOf(long)))).toBe("");
    expect(seen).toHaveLength(2);
    await until(async () => (await left()).length === 0);
  });

  test("when the client is gone while the handler runs", async () => {
    const { connect } = await serve(application);
    const client = await connect();
    client.send(upload("/wait", bodyOf(long)));
    await until(() => seen.length === 1);
    expect(await left()).toHaveLength(1);
    client.socket?.abort();
    await until(() => seen.length === 2);
    goOn();
    await until(async () => (await left()).length === 0);
  });

  test("when the client is gone in the middle of the body", async () => {
    const { connect } = await serve(application);
    const client = await connect();
    client.send(upload("/take", bodyOf(long.repeat(5)), 1_000_000));
    await until(async () => (await left()).length === 1);
    client.socket?.abort();
    await until(async () => (await left()).length === 0);
    expect(seen).toEqual([]);
  });

  test("when the body is malformed, or ends too soon", async () => {
    const { exchange } = await serve(application);
    const bad = `${bodyOf(long).slice(0, -8)}\r\n--b!`;
    expect(await exchange(upload("/take", bad))).toMatch(/^HTTP\/1.1 400 .*does not end its line/s);
    const cut = bodyOf(long).slice(0, -8);
    expect(await exchange(upload("/take", cut))).toMatch(/^HTTP\/1.1 400 .*final boundary/s);
    await until(async () => (await left()).length === 0);
    expect(seen).toEqual([]);
  });

  test("when there is no folder to put it: 500, and the server lives", async () => {
    const { exchange } = await serve(application);
    await rm(spool, { recursive: true });
    await writeFile(spool, "");
    expect(await exchange(upload("/take", bodyOf(long)))).toMatch(/^HTTP\/1.1 500 /);
    expect(await exchange(upload("/take", bodyOf("short")))).toMatch(/^HTTP\/1.1 200 /);
  });
});
