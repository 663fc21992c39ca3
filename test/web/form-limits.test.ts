/** Limits of forms as settings of an application, beside those of the process. */

import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { setParseBodyConfig } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, FallbackHandler, RequestHandler, type Settings } from "../../src/web.ts";
import { type Answer, ask } from "../support/ask.ts";
import { until } from "../support/until.ts";

const spool = mkdtempSync(join(tmpdir(), "squall-test-"));

beforeAll(() => setLogLevel("none"));
afterEach(() => setParseBodyConfig({}));
afterAll(async () => {
  setLogLevel("warning");
  await rm(spool, { recursive: true });
});

class Count extends RequestHandler {
  get(): object {
    return { query: this.request.queryArguments.size };
  }
  post(): object {
    const { bodyArguments, files } = this.request;
    const file = files.get("f")?.[0];
    return { fields: bodyArguments.size, size: file?.size, folder: file?.path?.startsWith(spool) };
  }
}

const field = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const twoFields = `${field("a", "12345")}${field("b", "67890")}--b--\r\n`;
const oneFile = (length: number): string => {
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n';
  return `${head}${"x".repeat(length)}\r\n--b--\r\n`;
};

function post(application: Application, body: string): Promise<Answer> {
  const headers = { "Content-Type": "multipart/form-data; boundary=b" };
  return ask(application, "POST /", { headers, body });
}

function counting(settings: Settings): Application {
  return new Application([["/", Count]], settings);
}

describe("settings for multipart forms", () => {
  // Each is also held while a form arrives: one byte of memory makes it a long one.
  test.each([
    { setting: { maxParts: 1 }, body: twoFields, status: 400 },
    { setting: { maxParts: 2 }, body: twoFields, status: 200 },
    { setting: { maxPartHeaderSize: 38 }, body: twoFields, status: 400 },
    { setting: { maxFieldsSize: 9 }, body: twoFields, status: 413 },
    { setting: { maxFieldsSize: 10 }, body: twoFields, status: 200 },
    { setting: { maxFileSize: 99 }, body: oneFile(100), status: 413 },
    { setting: { maxFileSize: 100 }, body: oneFile(100), status: 200 },
    { setting: { enabled: false }, body: twoFields, status: 415 },
  ])("$setting: $status", async ({ setting, body, status }) => {
    expect((await post(counting({ multipart: setting }), body)).status).toBe(status);
    const long = counting({ multipart: { ...setting, maxMemory: 1, directory: spool } });
    expect((await post(long, body)).status).toBe(status);
    await until(async () => (await readdir(spool)).length === 0);
  });

  test("what is beyond maxMemory goes to the folder that is named", async () => {
    const body = oneFile(100_000);
    const long = counting({ multipart: { maxMemory: 1000, directory: spool } });
    expect(JSON.parse((await post(long, body)).body)).toEqual({
      fields: 0,
      size: 100_000,
      folder: true,
    });
    const short = counting({ multipart: { maxMemory: 1_000_000, directory: spool } });
    expect(JSON.parse((await post(short, body)).body)).toEqual({ fields: 0, size: 100_000 });
  });

  test("go before the process's, one by one", async () => {
    setParseBodyConfig({ multipart: { maxParts: 1, maxFieldsSize: 9 } });
    expect((await post(counting({ multipart: { maxParts: 2 } }), twoFields)).status).toBe(413);
    const own = counting({ multipart: { maxParts: 2, maxFieldsSize: 10 } });
    expect((await post(own, twoFields)).status).toBe(200);
    expect((await post(counting({}), twoFields)).status).toBe(400);
  });

  test("are each application's own, also of one below another", async () => {
    const fallback = counting({ multipart: { maxParts: 1 } });
    const above = new Application([["/", FallbackHandler, { fallback }]], {
      multipart: { maxParts: 5 },
    });
    expect((await post(above, twoFields)).status).toBe(400);
    expect((await post(counting({ multipart: { maxParts: 5 } }), twoFields)).status).toBe(200);
  });

  test.each(["maxParts", "maxFieldsSize", "maxFileSize", "maxMemory"])(
    "%s that is no number from 0 up is refused when the application is made",
    (name) => {
      const making = (value: number) => () => counting({ multipart: { [name]: value } });
      expect(making(-1)).toThrow(`Cannot set ${name}: -1 is not a number from 0 up`);
      expect(making(Number.NaN)).toThrow(RangeError);
      expect(making(0)).not.toThrow();
    },
  );
});

describe("the setting maxArguments", () => {
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const request = (settings: Settings, line: string, body?: string): Promise<Answer> =>
    ask(counting(settings), line, { headers: form, body });

  test("holds for queries and forms", async () => {
    expect((await request({ maxArguments: 2 }, "GET /?a=1&b=2")).body).toBe('{"query":2}');
    expect((await request({ maxArguments: 2 }, "GET /?a=1&b=2&c=3")).status).toBe(400);
    expect((await request({ maxArguments: 2 }, "POST /", "a=1&b=2&c=3")).status).toBe(400);
    const many = Array.from({ length: 1500 }, (_, index) => `a${index}=1`).join("&");
    expect((await request({}, "POST /", many)).status).toBe(400);
    expect((await request({ maxArguments: 1500 }, "POST /", many)).body).toBe('{"fields":1500}');
  });

  test("goes before the process's", async () => {
    setParseBodyConfig({ maxArguments: 1 });
    expect((await request({}, "GET /?a=1&b=2")).status).toBe(400);
    expect((await request({ multipart: {} }, "GET /?a=1&b=2")).status).toBe(400);
    expect((await request({ maxArguments: 2 }, "GET /?a=1&b=2")).status).toBe(200);
  });

  test("is refused if it is no number from 0 up", () => {
    expect(() => counting({ maxArguments: -1 })).toThrow("Cannot set maxArguments: -1 is not");
    expect(() => setParseBodyConfig({ maxArguments: Number.NaN })).toThrow(RangeError);
  });
});
