/** How long files are sent: by the kernel where it can, in parts, with one descriptor, or not. */

import {
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import { Application, OutputTransform, StaticFileHandler } from "../../src/web.ts";
import { parseAnswer, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";
import { until } from "../support/until.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "squall-test-")));
const long = join(root, "long.bin");
const content = Buffer.alloc(1200 * 1024, "0123456789");
const text = content.toString();

beforeAll(() => setLogLevel("none"));
beforeEach(() => {
  StaticFileHandler.reset();
  writeFileSync(long, content);
});
afterAll(() => {
  setLogLevel("warning");
  rmSync(root, { recursive: true });
});

const plain = new Application([], { staticPath: root });
class Nothing extends OutputTransform {}
const transformed = new Application([], { staticPath: root, transforms: [Nothing] });

const applications = [
  { name: "by the kernel", application: plain },
  { name: "through a transform", application: transformed },
];

describe.each(applications)("$name", ({ application }) => {
  const ask = async (request: string, headers: Record<string, string> = {}) => {
    const { exchange } = await serve(application);
    return parseAnswer(await exchange(requestText(request, { headers })));
  };

  test("a whole file, and two on one connection", async () => {
    const answer = await ask("GET /static/long.bin");
    expect(answer.status).toBe(200);
    expect(answer.header("Content-Length")).toEqual([String(content.length)]);
    expect(answer.body === text).toBe(true);
    const { exchange } = await serve(application);
    const twice = await exchange(requestText("GET /static/long.bin").repeat(2));
    expect(twice.length).toBe(2 * (answer.head.length + 4 + content.length));
  });

  test.each([
    { range: "bytes=10-19", start: 10, end: 20 },
    { range: "bytes=100000-", start: 100_000, end: content.length },
    { range: "bytes=-300000", start: content.length - 300_000, end: content.length },
  ])("the range $range", async ({ range, start, end }) => {
    const answer = await ask("GET /static/long.bin", { Range: range });
    expect(answer.status).toBe(206);
    expect(answer.header("Content-Range")).toEqual([`bytes ${start}-${end - 1}/${content.length}`]);
    expect(answer.body === text.slice(start, end)).toBe(true);
  });

  test("nothing for HEAD", async () => {
    const answer = await ask("HEAD /static/long.bin");
    expect(answer.header("Content-Length")).toEqual([String(content.length)]);
    expect(answer.body).toBe("");
  });

  test("a file that has become shorter breaks the connection off", async () => {
    const { connect } = await serve(application);
    const client = await connect();
    client.send(requestText("HEAD /static/long.bin"));
    await client.until(() => client.received.endsWith("\r\n\r\n"));
    await truncate(long, 400_000);
    client.send(requestText("GET /static/long.bin"));
    await client.until(() => client.closed);
    expect((client.error as NodeJS.ErrnoException | undefined)?.code).toBe("ECONNRESET");
    expect(client.received.length).toBeLessThan(content.length);
  });

  test("a file that is gone is 404", async () => {
    const { connect } = await serve(application);
    const client = await connect();
    client.send(requestText("HEAD /static/long.bin"));
    await client.until(() => client.received.endsWith("\r\n\r\n"));
    rmSync(long);
    client.received = "";
    client.send(requestText("GET /static/long.bin"));
    await client.until(() => client.received.includes("\r\n\r\n"));
    expect(client.received).toMatch(/^HTTP\/1.1 404 /);
  });
});

/** How many descriptors of this process lead to the file. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === long;
    } catch {
      return false;
    }
  }).length;
}

const hasProc = process.platform === "linux";

describe.skipIf(!hasProc)("a client that does not read", () => {
  test.each(applications)("holds one descriptor until it is gone, $name", async (row) => {
    const { connect } = await serve(row.application);
    const client = await connect();
    client.socket?.pause();
    client.send(requestText("GET /static/long.bin"));
    await until(() => descriptors() === 1);
    client.socket?.abort();
    await until(() => descriptors() === 0);
  });

  test.each(applications)("is ended by sendTimeout, $name", async ({ application }) => {
    const { connect } = await serve(application, { sendTimeout: 0.1 });
    const client = await connect();
    client.socket?.pause();
    client.send(requestText("GET /static/long.bin"));
    await until(() => client.closed);
    expect((client.error as NodeJS.ErrnoException | undefined)?.code).toBe("ECONNRESET");
    await until(() => descriptors() === 0);
  });
});
