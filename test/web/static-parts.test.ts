/** What a client gets of a static file when it has one already, or wants a part. */
import { beforeAll, describe, expect, test } from "vitest";
import { ask } from "../support/ask.ts";
import { bytesOf } from "../support/server.ts";
import { DIGITS, LARGE, MODIFIED_DATE, staticRoot } from "../support/static-root.ts";

const { put, app, get } = staticRoot();

beforeAll(() => {
  put("digits.txt", DIGITS);
  put("empty.txt", "");
  put("large.bin", LARGE);
});

describe("conditional requests", () => {
  const status = async (headers: Record<string, string>) =>
    (await get("/static/digits.txt", headers)).status;

  test("If-None-Match", async () => {
    const [etag = ""] = (await get("/static/digits.txt")).header("Etag");
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const answer = await get("/static/digits.txt", { "If-None-Match": tags });
      expect(answer).toMatchObject({ status: 304, body: "" });
      expect(answer.head).not.toMatch(/Content-(Type|Length|Encoding)/);
      expect(answer.header("Etag")).toEqual([etag]);
      expect(answer.header("Cache-Control")).toEqual(["public, no-cache"]);
    }
    expect(await status({ "If-None-Match": '"x"' })).toBe(200);
    const later = { "If-None-Match": '"x"', "If-Modified-Since": MODIFIED_DATE };
    expect(await status(later)).toBe(200);
  });

  test.each([
    [MODIFIED_DATE, 304],
    ["Friday, 02-Jan-26 03:04:05 GMT", 304],
    ["Fri Jan  2 03:04:05 2026", 304],
    ["Sat, 03 Jan 2026 03:04:05 GMT", 304],
    ["Fri, 02 Jan 2026 03:04:04 GMT", 200],
    ["Wed, 31 Dec 1969 23:59:59 GMT", 200],
    ["2030-01-01", 200],
    ["1893456000", 200],
    ["nonsense", 200],
    ["", 200],
    ["Fri, 99 Jan 2030 03:04:05 GMT", 200],
  ])("If-Modified-Since: %s is %d", async (date, expected) => {
    expect(await status({ "If-Modified-Since": date })).toBe(expected);
  });

  test("If-Match and If-Unmodified-Since", async () => {
    const [etag = ""] = (await get("/static/digits.txt")).header("Etag");
    expect(await status({ "If-Match": `"x", ${etag}` })).toBe(200);
    expect(await status({ "If-Match": "*" })).toBe(200);
    expect(await status({ "If-Match": '"x"' })).toBe(412);
    expect(await status({ "If-Match": `W/${etag}` })).toBe(412);
    expect(await status({ "If-Unmodified-Since": MODIFIED_DATE })).toBe(200);
    expect(await status({ "If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:04 GMT" })).toBe(412);
    expect(await status({ "If-Unmodified-Since": "nonsense" })).toBe(200);
  });
});

describe("ranges", () => {
  const range = (value: string, more: Record<string, string> = {}, path = "/static/digits.txt") =>
    get(path, { Range: value, ...more });

  const served = [
    { value: "bytes=0-9", start: 0, end: 10 },
    { value: "bytes=10-", start: 10, end: 100 },
    { value: "bytes=-4", start: 96, end: 100 },
    { value: "bytes=99-99", start: 99, end: 100 },
    { value: "bytes=90-2000", start: 90, end: 100 },
    { value: `bytes=1-${"9".repeat(30)}`, start: 1, end: 100 },
  ];
  test.each(served)("$value", async ({ value, start, end }) => {
    const answer = await range(value);
    expect(answer.status).toBe(206);
    expect(answer.body).toBe(DIGITS.slice(start, end));
    expect(answer.header("Content-Range")).toEqual([`bytes ${start}-${end - 1}/100`]);
    expect(answer.header("Content-Length")).toEqual([String(end - start)]);
    const whole = await get("/static/digits.txt");
    expect(answer.header("Etag")).toEqual(whole.header("Etag"));
  });

  const whole = [
    "bytes=0-",
    "bytes=0-99",
    "bytes=-100",
    "bytes=-1000",
    "bytes=1-2,5-6",
    "bytes=1_0-20",
    "bytes=+1-2",
    "bytes=0x1-2",
    "chunks=1-2",
    "nonsense",
    `bytes=${"0-1,".repeat(2000)}5-6`,
  ];
  test.each(whole)("%s gives all of it", async (value) => {
    const answer = await range(value);
    expect(answer).toMatchObject({ status: 200, body: DIGITS });
    expect(answer.header("Content-Range")).toEqual([]);
  });

  test.each(["bytes=100-", "bytes=200-300", "bytes=-0", "bytes=5-3", "bytes=0-0"])(
    "%s cannot be satisfied",
    async (value) => {
      const path = value === "bytes=0-0" ? "/static/empty.txt" : "/static/digits.txt";
      const answer = await range(value, {}, path);
      expect(answer).toMatchObject({ status: 416, body: "" });
      const size = path === "/static/empty.txt" ? 0 : 100;
      expect(answer.header("Content-Range")).toEqual([`bytes */${size}`]);
      expect(answer.header("Content-Length")).toEqual(["0"]);
    },
  );

  test("of a large file", async () => {
    const answer = await range("bytes=1000000-1999999", {}, "/static/large.bin");
    expect(answer.status).toBe(206);
    expect(Buffer.from(bytesOf(answer.body)).equals(LARGE.subarray(1_000_000, 2_000_000))).toBe(
      true,
    );
  });

  test("HEAD has the same head", async () => {
    const head = await get("/static/digits.txt", { Range: "bytes=0-9" }, "HEAD");
    expect(head).toMatchObject({ status: 206, body: "" });
    expect(head.header("Content-Length")).toEqual(["10"]);
  });

  test("hold only for what If-Range names, exactly", async () => {
    const [etag = ""] = (await get("/static/digits.txt")).header("Etag");
    const statusFor = async (condition: string) =>
      (await range("bytes=0-9", { "If-Range": condition })).status;
    expect(await statusFor(etag)).toBe(206);
    expect(await statusFor(MODIFIED_DATE)).toBe(206);
    expect(await statusFor('"x"')).toBe(200);
    expect(await statusFor(`W/${etag}`)).toBe(200);
    expect(await statusFor("Sat, 03 Jan 2026 03:04:05 GMT")).toBe(200);
    expect(await statusFor("nonsense")).toBe(200);
  });

  test("a matching If-None-Match comes first", async () => {
    const [etag = ""] = (await get("/static/digits.txt")).header("Etag");
    expect((await range("bytes=0-9", { "If-None-Match": etag })).status).toBe(304);
  });

  test("are never compressed on the way", async () => {
    const application = app({ compressResponse: true });
    const headers = { "Accept-Encoding": "gzip", Range: "bytes=0-1499" };
    const answer = await ask(application, "GET /static/app.css", { headers });
    expect(answer.status).toBe(404);
    put("app.css", "a { color: red }".repeat(200));
    const part = await ask(application, "GET /static/app.css", { headers });
    expect(part.status).toBe(206);
    expect(part.header("Content-Encoding")).toEqual([]);
    expect(part.body).toHaveLength(1500);
  });
});
