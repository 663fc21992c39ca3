import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import { Application, ErrorHandler, RequestHandler, type Settings } from "../../src/web.ts";
import { type Answer, ask } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const messages: string[] = [];
class Form extends RequestHandler {
  get(): void {
    this.write(this.xsrfToken);
  }
  post(): void {
    this.write("done");
  }
  put = this.post;
  delete = this.post;
  override logException(error: unknown): void {
    messages.push(String(error));
  }
}
class Html extends RequestHandler {
  get(): void {
    this.write(String(this.xsrfFormHtml()));
  }
}
class LoggedIn extends Form {
  override getCurrentUser(): string {
    return "me";
  }
}

function app(settings: Settings = {}): Application {
  return new Application(
    [
      ["/", Form],
      ["/html", Html],
      ["/user", LoggedIn],
      ["/error", ErrorHandler, { statusCode: 410 }],
    ],
    { xsrfCookies: true, ...settings },
  );
}

const form = { "Content-Type": "application/x-www-form-urlencoded" };

async function tokenOf(application = app()): Promise<string> {
  return (await ask(application, "GET /")).body;
}

/** Posts with a token in the form and one in the cookie. */
function post(
  body: string,
  cookie?: string,
  headers: Record<string, string> = {},
  application = app(),
): Promise<Answer> {
  const all = {
    ...form,
    ...headers,
    ...(cookie === undefined ? {} : { Cookie: `_xsrf=${cookie}` }),
  };
  return ask(application, "POST /", { headers: all, body });
}

describe("XSRF tokens", () => {
  test("come with a cookie, once", async () => {
    const first = await ask(app(), "GET /");
    expect(first.body).toMatch(/^2\|[0-9a-f]{8}\|[0-9a-f]{32}\|\d{10}$/);
    expect(first.header("Set-Cookie")).toEqual([`_xsrf=${first.body}; Path=/`]);
    const again = await ask(app(), "GET /", { headers: { Cookie: `_xsrf=${first.body}` } });
    expect(again.header("Set-Cookie")).toEqual([]);
    expect(again.body).not.toBe(first.body);
  });

  test("are other text in each of ten pages, and all of them valid (BREACH)", async () => {
    const cookie = await tokenOf();
    const tokens = new Set<string>();
    for (let page = 0; page < 10; page++) {
      tokens.add((await ask(app(), "GET /", { headers: { Cookie: `_xsrf=${cookie}` } })).body);
    }
    expect(tokens.size).toBe(10);
    for (const token of tokens) expect((await post(`_xsrf=${token}`, cookie)).status).toBe(200);
  });

  test("may come as argument of the query, of the form, or as a header", async () => {
    const token = await tokenOf();
    const cookie = { Cookie: `_xsrf=${token}` };
    const query = `POST /?_xsrf=${encodeURIComponent(token)}`;
    expect((await ask(app(), query, { headers: cookie, body: "" })).status).toBe(200);
    expect((await post(`_xsrf=${token}`, token)).status).toBe(200);
    for (const name of ["X-XSRFToken", "X-CSRFToken"]) {
      expect((await post("", token, { [name]: token })).status).toBe(200);
    }
  });

  test("what a script reads from the cookie is accepted, as the jQuery example does", async () => {
    const cookie = `a=b; _xsrf=${await tokenOf()}`;
    const read = /\b_xsrf=([^;]*)\b/.exec(cookie)?.[1] ?? "";
    expect((await post(`_xsrf=${encodeURIComponent(read)}`, cookie.slice(11))).status).toBe(200);
  });

  test("of version 1 and other text are accepted as they are", async () => {
    expect((await post("_xsrf=xoxo", "xoxo")).status).toBe(200);
    const settings: Settings = { xsrfCookieVersion: 1 };
    const v1 = await tokenOf(app(settings));
    expect(v1).toMatch(/^[0-9a-f]{32}$/);
    expect((await post(`_xsrf=${v1}`, v1)).status).toBe(200);
    const v2 = (await ask(app(), "GET /", { headers: { Cookie: `_xsrf=${v1}` } })).body;
    expect((await post(`_xsrf=${v2}`, v1)).status).toBe(200);
    expect((await post(`_xsrf=${v1}`, v2)).status).toBe(200);
  });

  const forgeries = [
    { name: "no token", body: "", why: "'_xsrf' argument missing from POST" },
    { name: "an empty token", body: "_xsrf=", why: "'_xsrf' argument missing from POST" },
    { name: "blanks", body: "_xsrf=++", why: "'_xsrf' argument missing from POST" },
    {
      name: "an unknown version",
      body: "_xsrf=3|x|y|z",
      why: "'_xsrf' argument has invalid format",
    },
    { name: "a cut token", body: "_xsrf=2|17c7", why: "'_xsrf' argument has invalid format" },
    {
      name: "a bad mask",
      body: "_xsrf=2|xxxxxxxx|00|1",
      why: "'_xsrf' argument has invalid format",
    },
    {
      name: "an empty inner token",
      body: "_xsrf=2|00000000||1",
      why: "'_xsrf' argument has invalid format",
    },
    { name: "another token", body: "_xsrf=0123", why: "XSRF cookie does not match POST argument" },
    {
      name: "a long token",
      body: `_xsrf=${"0".repeat(500_000)}`,
      why: "'_xsrf' argument has invalid format",
    },
  ];
  test.each(forgeries)("$name: 403, $why", async ({ body, why }) => {
    messages.length = 0;
    expect((await post(body, await tokenOf())).status).toBe(403);
    expect(messages.join()).toContain(why);
  });

  test("no cookie, or a cookie that is none, never matches", async () => {
    const token = await tokenOf();
    expect((await post(`_xsrf=${token}`)).status).toBe(403);
    expect((await post(`_xsrf=${token}`, "")).status).toBe(403);
    expect((await post("_xsrf=2|00000000||1", "2|00000000||1")).status).toBe(403);
    expect((await post("_xsrf=3|x", "3|x")).status).toBe(403);
  });

  test("X-Requested-With is no token", async () => {
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    expect((await post("", await tokenOf(), headers)).status).toBe(403);
  });

  test("are not hidden by other cookies", async () => {
    const token = await tokenOf();
    const headers = { ...form, Cookie: `a="x; _xsrf=${token}; b=y"` };
    expect((await ask(app(), "POST /", { headers, body: `_xsrf=${token}` })).status).toBe(200);
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("are asked for by %s", async (verb) => {
    expect((await ask(app(), `${verb} /`, { body: "" })).status).toBe(403);
  });

  test("are not asked for where nothing is changed, nor where nothing is", async () => {
    expect((await ask(app(), "HEAD /")).status).toBe(200);
    expect((await ask(app(), "OPTIONS /")).status).toBe(405);
    expect((await ask(app(), "POST /nowhere", { body: "" })).status).toBe(404);
    expect((await ask(app(), "POST /error", { body: "" })).status).toBe(410);
    expect((await ask(app({ xsrfCookies: false }), "POST /", { body: "" })).status).toBe(200);
  });

  test("stay 30 days with a user, and take options and another cookie's name", async () => {
    const user = await ask(app(), "GET /user");
    expect(user.header("Set-Cookie")[0]).toMatch(/expires=/);
    const settings: Settings = {
      xsrfCookieName: "__Host-x",
      xsrfCookieOptions: { httpOnly: true, secure: true, sameSite: "Strict" },
    };
    const first = await ask(app(settings), "GET /");
    expect(first.header("Set-Cookie")).toEqual([
      `__Host-x=${first.body}; HttpOnly; Path=/; SameSite=Strict; Secure`,
    ]);
    const headers = { ...form, Cookie: `__Host-x=${first.body}` };
    const posted = await ask(app(settings), "POST /", { headers, body: `_xsrf=${first.body}` });
    expect(posted.status).toBe(200);
  });

  test("stand in a form as a hidden field", async () => {
    const { body } = await ask(app(), "GET /html");
    expect(body).toMatch(/^<input type="hidden" name="_xsrf" value="2\|[0-9a-f|]+"\/>$/);
  });
});

describe("by fetch metadata", () => {
  const settings: Settings = { xsrfCookies: false, xsrfPolicy: "fetch-metadata" };
  const cases = [
    { headers: { "Sec-Fetch-Site": "same-origin" }, status: 200 },
    { headers: { "Sec-Fetch-Site": "none" }, status: 200 },
    { headers: { "Sec-Fetch-Site": "cross-site" }, status: 403 },
    { headers: { "Sec-Fetch-Site": "same-site" }, status: 403 },
    { headers: { "Sec-Fetch-Site": "" }, status: 403 },
    { headers: { "Sec-Fetch-Site": "cross-site", Origin: "http://example.org" }, status: 403 },
    { headers: { Origin: "http://example.org" }, status: 200 },
    { headers: { Origin: "HTTP://EXAMPLE.ORG" }, status: 200 },
    { headers: { Origin: "http://evil.example.org" }, status: 403 },
    { headers: { Origin: "http://example.org.evil" }, status: 403 },
    { headers: { Origin: "http://example.org:81" }, status: 403 },
    { headers: { Origin: "null" }, status: 403 },
    { headers: { Origin: "example.org" }, status: 403 },
    { headers: {}, status: 200 },
  ];
  test.each(cases)("$headers is $status", async ({ headers, status }) => {
    const answer = await ask(app(settings), "POST /", { headers, body: "" });
    expect(answer.status).toBe(status);
    expect((await ask(app(settings), "GET /", { headers })).status).toBe(200);
  });
});
