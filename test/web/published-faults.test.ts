/**
 * Faults that other servers and frameworks have been told of, each by its number or in words, as a
 * request to an application: what it sends, cookies, headers, arguments. Those of forms and files are
 * in `published-faults-files.test.ts`, of heads and chunks in `test/core/`, of WebSockets in
 * `test/websocket/`, of clients in `test/httpclient/`; the files beside this one try more forms.
 */

import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders, parseCookie } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, HTTPError, RequestHandler } from "../../src/web.ts";
import { askHandler, ask as askOnce, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

type Act = (handler: RequestHandler) => unknown;

const ask = askHandler;
const files = new Application([]);

describe("what is sent", () => {
  const controls = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9);

  test.each([...controls, 127])("CVE-2012-2374: header with the control byte %d", async (code) => {
    const sign = String.fromCharCode(code);
    for (const [name, value] of [
      ["X", `a${sign}Set-Cookie: b=1`],
      [`X${sign}Set-Cookie`, "b"],
    ] as const) {
      const answer = await ask((handler) => handler.setHeader(name, value));
      expect(answer.status).toBe(500);
      expect(answer.head).not.toMatch(/set-cookie/i);
    }
  });

  test.each(["OK\r\nX: y", "OK\nX: y", "<script>alert(1)</script>\0", "\u{1f600}"])(
    "CVE-2025-67724: the reason %j",
    async (reason) => {
      const set = await ask((handler) => handler.setStatus(200, reason));
      const sent = await ask((handler) => handler.sendError(400, { reason }));
      const thrown = await ask(() => {
        throw new HTTPError(400, "", { reason });
      });
      for (const answer of [set, sent, thrown]) {
        expect(answer.head).toMatch(/^HTTP\/1.1 (200|400) [\x20-\x7e]+\r\n/);
        expect(answer.header("X")).toEqual([]);
        expect(answer.body).not.toContain("<script>");
      }
    },
  );

  test("a reason with markup is no markup on the page", async () => {
    const answer = await ask((handler) => handler.sendError(400, { reason: "<b>bad</b>" }));
    expect(answer.body).not.toContain("<b>");
  });

  const attributes = [
    { path: "/; Secure" },
    { path: "/; Domain=evil.com" },
    { domain: "x;y" },
    { domain: "a\r\nb" },
    { sameSite: "a\r" },
    { sameSite: "Sideways" },
    { priority: "x; y" },
    { Path: "/; Domain=evil.com" },
    { DOMAIN: "a; b" },
    { "x; y": "z" },
  ];
  test.each(attributes)("CVE-2026-35536, CVE-2026-47675: a cookie with %j", async (more) => {
    const answer = await ask((handler) => handler.setCookie("a", "b", more as object));
    expect(answer.status).toBe(500);
    expect(answer.header("Set-Cookie")).toEqual([]);
  });

  test.each(["a\r", "a=b", "a;b", ""])("CVE-2026-56762: the cookie name %j", async (name) => {
    for (const act of ["setCookie", "setSignedCookie"] as const) {
      const answer = await ask((handler) => handler[act](name, "value"));
      expect([answer.status, answer.header("Set-Cookie")]).toEqual([500, []]);
    }
  });

  test("a signed cookie whose name is not ASCII is refused when it is set", async () => {
    expect((await ask((handler) => handler.setSignedCookie("ü", "v"))).status).toBe(500);
  });

  test.each([
    "//evil.com",
    "///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "http://evil.com",
    "https:evil.com",
    "javascript:alert(1)",
    "/\tevil",
    "\u0001//evil.com",
    "/ok\r\nSet-Cookie: a=b",
  ])("an open redirect: next=%j", async (next) => {
    const answer = await ask(
      (handler) => {
        handler.redirect(handler.getArgument("next", { strip: false }), { local: true });
      },
      `GET /login?next=${encodeURIComponent(next)}`,
    );
    expect(answer.status).toBe(400);
    expect(answer.header("Location")).toEqual([]);
  });

  test("CVE-2024-43796: a redirect's URL is not in its body", async () => {
    const answer = await ask((handler) => handler.redirect('/"><script>'));
    expect([answer.status, answer.body]).toEqual([302, ""]);
  });

  test("an error after a part of the body breaks the connection off", async () => {
    let goOn: () => void = () => undefined;
    class Broken extends RequestHandler {
      async get(): Promise<void> {
        this.write("part");
        await this.flush();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        throw new Error("as the test wants it");
      }
    }
    const { connect } = await serve(new Application([["/", Broken]]));
    const client = await connect();
    client.send(requestText("GET /"));
    await client.until(() => client.received.includes("part"));
    goOn();
    await client.until(() => client.closed);
    expect(client.received).not.toContain("0\r\n\r\n");
    expect((client.error as NodeJS.ErrnoException | undefined)?.code).toBe("ECONNRESET");
  });

  test("an exception in initialize is 500, not a dropped connection", async () => {
    class Broken extends RequestHandler {
      override initialize(): void {
        throw new Error("as the test wants it");
      }
    }
    expect((await askOnce([["/", Broken]], "GET /")).status).toBe(500);
  });

  test("405 names what is allowed", async () => {
    class Gets extends RequestHandler {
      get(): void {}
    }
    const answer = await askOnce([["/", Gets]], "POST /", { body: "" });
    expect(answer.status).toBe(405);
    expect(answer.header("Allow").join()).toMatch(/\bGET\b/);
  });
});

describe("cookies and tokens", () => {
  const read: Act = (handler) => handler.write([...handler.request.cookies.keys()].join("|"));
  const cookie = (line: string) => ({ headers: { Cookie: line } });

  test("a POST without a token, from a script", async () => {
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    const options = { body: "", headers, settings: { xsrfCookies: true } };
    expect((await ask(() => "done", "POST /", options)).status).toBe(403);
  });

  test("digits moved from a signed value into its time", async () => {
    const get: Act = (handler) => handler.write(String(handler.getSignedCookie("a")));
    for (const value of ["1234|56781300000000|sig", "2|1:0|10:1300000000|1:a|4:1234|00"]) {
      expect((await ask(get, "GET /", cookie(`a="${value}"`))).body).toBe("undefined");
    }
  });

  test.each(['a="x; _xsrf=1"', "a=b; [x]=.; _xsrf=1", 'a="; _xsrf=1', "a=b;; ;_xsrf=1"])(
    "a cookie that hides the next one: %j",
    async (line) => {
      expect((await ask(read, "GET /", cookie(line))).body).toContain("_xsrf");
    },
  );

  test("CVE-2023-23934: a cookie without a name is not the one in its value", async () => {
    expect((await ask(read, "GET /", cookie("=__Host-a=b"))).body).not.toBe("__Host-a");
  });

  test("CVE-2026-31865: the cookie __proto__", async () => {
    expect((await ask(read, "GET /", cookie("__proto__=1; a=2"))).body).toBe("__proto__|a");
    expect(({} as { a?: string }).a).toBeUndefined();
  });

  test.each(["\\\\", "\\134", '\\"'])("CVE-2024-52804: a megabyte of %j", (piece) => {
    // With quadratic work this would take hours.
    const cookies = parseCookie(`a="b=${piece.repeat(2 ** 20 / piece.length)}"; z=1`);
    expect(cookies.get("z")).toBe("1");
  });
});

describe("headers and arguments", () => {
  test("CVE-2025-67725: one header 100,000 times", () => {
    const headers = new HTTPHeaders();
    for (let count = 0; count < 100_000; count++) headers.add("X-A", "b");
    expect(headers.get("x-a")?.length).toBe(2 * 100_000 - 1);
    expect(headers.getList("X-A")).toHaveLength(100_000);
  });

  test("100,000 headers of one name in a request are 431", async () => {
    const { exchange } = await serve(files);
    const wire = `GET / HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(100_000)}\r\n`;
    expect(await exchange(wire)).toMatch(/^HTTP\/1.1 431 /);
  });

  test("a header's name is found in any case", async () => {
    const act: Act = ({ request }) => `${request.headers.has("CONTENT-type")}`;
    const answer = await ask(act, "GET /", { headers: { "content-TYPE": "text/x" } });
    expect(answer.body).toBe("true");
  });

  test("CVE-2026-21717: keys that collide are too many before they are slow", async () => {
    const query = Array.from({ length: 1001 }, (_, index) => `${index * 65536}=`).join("&");
    const act: Act = (handler) => handler.getArgument("0");
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await ask(act, "POST /", { body: query, headers })).status).toBe(400);
  });

  test.each([
    { path: "/%ff", status: 400 },
    { path: "/?a=%ff", status: 400 },
    { path: "/?a=%c0%af", status: 400 },
    { path: "/?%ff=x&a=1", status: 200 },
  ])("bytes that are not UTF-8: $path is $status", async ({ path, status }) => {
    class Handler extends RequestHandler {
      get(_part: string): string {
        return this.getArgument("a", { default: "" });
      }
    }
    expect((await askOnce([["/(.*)", Handler]], `GET ${path}`)).status).toBe(status);
  });

  test.each(["%", "%z", "%2", "%zz%41"])("a percent sign without digits: %s", async (text) => {
    const answer = await ask((handler) => handler.getArgument("a"), `GET /?a=${text}`);
    expect([answer.status, answer.body]).toEqual([200, text.replace("%41", "A")]);
  });

  test.each(["application/json garbage", "application/jsonp", "text/plain; application/json"])(
    "CVE-2026-3419: JSON of the type %s",
    async (type) => {
      const options = { body: "{}", headers: { "Content-Type": type } };
      const answer = await ask(
        (handler) => handler.write({ is: handler.request.json() }),
        "POST /",
        options,
      );
      expect(answer.status).toBe(415);
    },
  );

  test("a compressed form is refused, not unpacked", async () => {
    const body = gzipSync(`a=${"x".repeat(1_000_000)}`).toString("latin1");
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded",
      "Content-Encoding": "gzip",
    };
    const answer = await ask((handler) => handler.getArgument("a"), "POST /", { body, headers });
    expect(answer.status).toBe(415);
  });

  test("CVE-2026-44456: a chunked body passes no limit", async () => {
    const { exchange } = await serve(files, { maxBodySize: 10 });
    const head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(await exchange(`${head}5\r\n12345\r\n6\r\n678901\r\n`)).toMatch(/^HTTP\/1.1 413 /);
  });

  test("a host that nobody has rules for is 404, as in DNS rebinding", async () => {
    class Handler extends RequestHandler {
      get(): void {}
    }
    const application = new Application();
    application.addHandlers("localhost", [["/", Handler]]);
    const status = async (host: string) =>
      (await askOnce(application, "GET /", { headers: { Host: host } })).status;
    expect(await status("localhost:8888")).toBe(200);
    expect(await status("evil.com")).toBe(404);
    expect(await status("localhost.evil.com")).toBe(404);
    expect(await status("http//1.1.1.1:80")).toBe(400);
  });
});
