/** What an application does besides routing: its log, its settings, and sockets that leave it. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { genLog, type LogRecord, type Sink, setLogLevel, setSinks } from "../../src/log.ts";
import { PathMatches, Rule } from "../../src/routing.ts";
import { ExpectLog } from "../../src/testing.ts";
import { SETTING_NAMES } from "../../src/web/settings-check.ts";
import {
  Application,
  HTTPError,
  RequestHandler,
  type Settings,
  URLSpec,
  url,
} from "../../src/web.ts";
import { ask } from "../support/ask.ts";
import { bytesOf, serve } from "../support/server.ts";
import { until } from "../support/until.ts";

class Status extends RequestHandler {
  get(status: string): void {
    if (status === "throw") throw new Error("on purpose");
    if (status === "quiet") throw new HTTPError(404);
    if (status === "loud") throw new HTTPError(404, "nothing there");
    if (status === "json") this.request.json();
    this.setStatus(Number(status));
  }
}

describe("the access log", () => {
  let earlier: readonly Sink[];
  let records: LogRecord[] = [];

  beforeAll(() => {
    setLogLevel("info");
    earlier = setSinks({ write: (record) => records.push(record) });
  });
  afterAll(() => {
    setSinks(...earlier);
    setLogLevel("warning");
  });
  afterEach(() => {
    records = [];
  });

  const lines = (): string[] =>
    records.map(({ level, logger, message }) => `${level} ${logger.split(".").at(-1)} ${message}`);

  const cases = [
    { path: "200", logged: [/^info access 200 GET \/200\?a=1 \(127\.0\.0\.1\) \d+\.\d\dms$/] },
    { path: "302", logged: [/^info access 302 /] },
    { path: "404", logged: [/^warning access 404 /] },
    { path: "503", logged: [/^error access 503 /] },
    { path: "quiet", logged: [/^warning access 404 /] },
    {
      path: "loud",
      logged: [/^warning general 404 GET \/loud\?a=1 \(127\.0\.0\.1\): nothing there$/, /^warning/],
    },
    {
      path: "json",
      logged: [
        /^warning general 400 GET \/json\?a=1 \(127\.0\.0\.1\): Cannot read JSON: the body is not well-formed$/,
        /^warning access 400/,
      ],
    },
    {
      path: "throw",
      logged: [/^error application Uncaught exception GET \/throw/, /^error access/],
    },
  ];
  test.each(cases)("of $path", async ({ path, logged }) => {
    await ask([["/(.*)", Status]], `GET /${path}?a=1`);
    expect(lines()).toEqual(logged.map((pattern) => expect.stringMatching(pattern)));
  });

  test("of a client that has gone", async () => {
    class Wait extends RequestHandler {
      async get(): Promise<void> {
        const gone = new Promise((resolve) => this.closeSignal.addEventListener("abort", resolve));
        client.abort();
        await gone;
      }
    }
    const client = new AbortController();
    const request = new Request("http://localhost/wait", { signal: client.signal });
    await expect(new Application([["/wait", Wait]]).fetch(request)).rejects.toThrow();
    await until(() => records.length > 0);
    expect(lines()).toEqual([
      expect.stringMatching(/^info access 200 GET \/wait \(\) .*ms, client gone$/),
    ]);
  });

  test("may be written by a function", async () => {
    const seen: unknown[] = [];
    const settings = {
      logFunction: (handler: RequestHandler) =>
        seen.push([handler.getStatus(), handler.request.path, handler.requestId]),
    };
    await ask([["/(.*)", Status]], "GET /201", { settings, headers: { "X-Request-Id": "r1" } });
    expect([seen, lines()]).toEqual([[[201, "/201", "r1"]], []]);
  });
});

describe("settings", () => {
  beforeAll(() => setLogLevel("none"));
  afterAll(() => setLogLevel("warning"));

  test("defaultHandlerClass answers what no rule fits, with its options", async () => {
    class Fallback extends RequestHandler {
      #text = "";
      override initialize(options: { text: string }): void {
        this.#text = options.text;
      }
      get(): void {
        this.write(this.#text);
      }
    }
    const settings = { defaultHandlerClass: Fallback, defaultHandlerOptions: { text: "lost?" } };
    expect((await ask([["/known", Status]], "GET /x", { settings })).body).toBe("lost?");
  });

  test.each([
    { name: "xsrf_cookies", ours: "xsrfCookies" },
    { name: "cookie_secret", ours: "cookieSecret" },
    { name: "static_path", ours: "staticPath" },
    { name: "websocket_max_message_size", ours: "websocketMaxMessageSize" },
    { name: "static_handler_args", ours: "staticHandlerOptions" },
    { name: "default_handler_args", ours: "defaultHandlerOptions" },
    { name: "xsrf_cookie_kwargs", ours: "xsrfCookieOptions" },
  ])("under Tornado's name $name are refused: nobody would read them", ({ name, ours }) => {
    expect(() => new Application([], { [name]: true })).toThrow(
      `Cannot use the setting "${name}": here it is called "${ours}"`,
    );
  });

  test.each([
    { name: "xsrfCookie", meant: "xsrfCookies" },
    { name: "xsrfcookies", meant: "xsrfCookies" },
    { name: "cookieSecrets", meant: "cookieSecret" },
    { name: "staticPadh", meant: "staticPath" },
    { name: "oginUrl", meant: "loginUrl" },
    { name: "templatepath", meant: "templatePath" },
  ])("under a name that is nearly ours are warned of: $name", async ({ name, meant }) => {
    const expected = `Setting "${name}" is unknown: is "${meant}" meant?`;
    await new ExpectLog(genLog, expected, { level: "warning" }).run(() => {
      new Application([], { [name]: true });
    });
  });

  test.each([
    { xsrfPolicy: "fetch_metadata" },
    { xsrfPolicy: true },
    { xsrfCookieVersion: 3 },
    { xsrfCookieVersion: "2" },
  ])("%j is none", (settings) => {
    expect(() => new Application([], settings as unknown as Settings)).toThrow(RangeError);
  });

  test("of the interface are those that are known by name", () => {
    const source = readFileSync(new URL("../../src/web/settings.ts", import.meta.url), "utf8");
    const names = Array.from(source.matchAll(/^ {2}readonly (\w+)\?:/gm), ([, name]) => name);
    expect([...SETTING_NAMES]).toEqual(names);
    const guide = readFileSync(new URL("../../docs/guide/web.md", import.meta.url), "utf8");
    const limits = readFileSync(new URL("../../docs/guide/limits.md", import.meta.url), "utf8");
    const told = guide + limits;
    expect(names.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
  });

  test("an application's own are there for every handler", async () => {
    class Own extends RequestHandler {
      get(): void {
        this.write(`${this.settings.database} ${this.requireSetting("database")}`);
      }
      post(): void {
        this.requireSetting("mail", "the newsletter");
      }
      override writeError(_status: number, { error }: { error?: unknown }): void {
        this.finish(String(error));
      }
    }
    const settings = { database: "db", my_own: 1 };
    expect((await ask([["/", Own]], "GET /", { settings })).body).toBe("db db");
    expect((await ask([["/", Own]], "POST /", { settings, body: "" })).body).toBe(
      'Error: Cannot use the newsletter: the application has no setting "mail"',
    );
  });
});

test("rules may be objects as well as lists", async () => {
  class Where extends RequestHandler {
    get(): void {
      this.write(String(this.pathArgs[0] ?? this.request.path));
    }
  }
  const application = new Application([
    new URLSpec("/spec/(.*)", Where),
    url("/url", Where, {}, "named"),
    new Rule(new PathMatches("/rule"), Where),
    [new PathMatches("/in/.*"), [["/in/(.*)", Where]]],
    ["/app/.*", new Application([["/app/(.*)", Where]])],
  ]);
  const body = async (path: string): Promise<string> => (await application.request(path)).text();
  expect(await body("/spec/a")).toBe("a");
  expect(await body("/url")).toBe("/url");
  expect(await body("/rule")).toBe("/rule");
  expect(await body("/in/b")).toBe("b");
  expect(await body("/app/c")).toBe("c");
  expect(application.reverseUrl("named")).toBe("/url");
});

test("detach hands over the socket, and the handler says nothing more", async () => {
  const trace: string[] = [];
  class Raw extends RequestHandler {
    get(): void {
      const socket = this.detach();
      socket.write(bytesOf("SQUALL/1 hello\r\n"));
      socket.shutdown();
    }
    override onFinish(): void {
      trace.push("onFinish");
    }
  }
  const { exchange } = await serve(new Application([["/", Raw]]));
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  expect(await exchange(request)).toBe("SQUALL/1 hello\r\n");
  // What follows the request is for nobody.
  expect(await exchange(request + request)).toBe("SQUALL/1 hello\r\n");
  expect(trace).toEqual([]);
});
