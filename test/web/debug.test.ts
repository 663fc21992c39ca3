/** What a developer is shown of an error in debug mode, and what nobody is shown. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DictLoader } from "../../src/template.ts";
import { framesOf } from "../../src/web/error-stack.ts";
import { Application, HTTPError, RequestHandler, type Settings } from "../../src/web.ts";

const secret = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2";

class Failing extends RequestHandler {
  get(): void {
    throw new Error(`<script>alert("${this.getQueryArgument("q", { default: "" })}")</script>`);
  }
  post(): void {
    const { cookieSecret } = this.settings;
    const password = this.getArgument("password");
    const cause = new TypeError(`wrong: ${password}, ${this.getCookie("session")}`);
    throw new Error(`signed with ${cookieSecret}`, { cause });
  }
  override logException(): void {}
}

class Missing extends RequestHandler {
  get(): void {
    throw new HTTPError(404, "no such <fish>");
  }
}

class Rendering extends RequestHandler {
  get(): void {
    this.render(this.getQueryArgument("name"), { items: [{}] });
  }
  override logException(): void {}
}

const files = {
  "page.html": "<body>\n{% include part.html %}\n</body>",
  "part.html": "<ul>\n{% for item in items %}\n<li>{{ item.name.first }}</li>\n{% end %}</ul>\n",
  "wrong.html": "<p>\n{% endfor %}\n</p>",
};

function application(settings: Settings = {}): Application {
  const rules = [
    ["/", Failing],
    ["/missing", Missing],
    ["/render", Rendering],
    ["/story/:id", Failing],
  ] as const;
  const all = { debug: true, cookieSecret: secret, templateLoader: new DictLoader(files) };
  return new Application(rules, { ...all, logFunction: () => undefined, ...settings });
}

const asPage = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };

async function pageOf(path: string, init: RequestInit = {}, settings?: Settings): Promise<string> {
  const headers = { ...asPage, ...(init.headers as Record<string, string>) };
  const answer = await application(settings).request(path, { ...init, headers });
  return answer.text();
}

describe("the page", () => {
  test("has the exception, its place and the source around it", async () => {
    const page = await pageOf("/");
    expect(page).toContain("<h1><span>Error</span>&lt;script&gt;alert");
    expect(page).toContain("debug.test.ts:14");
    expect(page).toMatch(/<span class="culprit"><i>14<\/i>.*throw/);
    expect(page).toContain("<b>500</b> Internal Server Error <code>GET /</code>");
  });

  test("has the template's line, and the lines that brought it in", async () => {
    const page = await pageOf("/render?name=page.html");
    expect(page).toContain("<span></span>part.html:3</span>");
    expect(page).toContain("via page.html:2");
    expect(page).toMatch(/<span class="culprit"><i>3<\/i>.*item\.name\.first/);
  });

  test("has the line of a template that cannot be parsed", async () => {
    const page = await pageOf("/render?name=wrong.html");
    expect(page).toContain("<h1><span>ParseError</span>");
    expect(page).toMatch(/<span class="culprit"><i>2<\/i>.*endfor/);
  });

  test("has the request, and what an HTTPError is about", async () => {
    expect(await pageOf("/missing", { headers: { "X-Seen": "<b>" } })).toContain("&lt;b&gt;");
    const page = await pageOf("/missing?a=1&a=2");
    expect(page).toContain("<title>404: HTTPError</title>");
    expect(page).toContain("(no such &lt;fish&gt;)");
    expect(page.match(/<th scope="row">a<\/th>/g)).toHaveLength(2);
    expect(await pageOf("/story/17")).toContain('<th scope="row">0</th><td>17</td>');
  });

  test("has the rules, for 404", async () => {
    const app = application();
    app.addHandlers("a\\.example", [["/inner/.*", [["/inner/:id", Missing, {}, "inner"]]]]);
    const page = await (await app.request("/nowhere", { headers: asPage })).text();
    const rows = Array.from(
      page.matchAll(/<tr><th scope="row">([^<]*)<\/th><td>([^<]*)<\/td>/g),
      ([, rule, target]) => `${rule} ${target}`,
    );
    expect(rows.slice(0, 3)).toEqual([
      "host a\\.example › /inner/.* › /inner/:id Missing, named &quot;inner&quot;",
      "/ Failing",
      "/missing Missing",
    ]);
    expect(await pageOf("/")).not.toContain("Rules, in the order");
  });

  test("has no more of a long value than can be read", async () => {
    const body = new URLSearchParams({ text: "x".repeat(100_000), password: "p" });
    const page = await pageOf("/", { method: "POST", body });
    expect(page).toContain("x… (100000 characters)");
    expect(page.length).toBeLessThan(40_000);
  });

  test("has the chain of causes, also a chain that leads back to itself", async () => {
    class Circular extends RequestHandler {
      get(): void {
        const error = new Error("outer");
        error.cause = new Error("inner", { cause: error });
        throw error;
      }
      override logException(): void {}
    }
    const circular = new Application([["/", Circular]], { debug: true });
    const answer = await circular.request("/", { headers: asPage });
    expect((await answer.text()).match(/Caused by/g)?.length).toBeGreaterThan(1);
  });

  test("is escaped everywhere, and may not run anything", async () => {
    const evil = '"><script>alert(1)</script>';
    const answer = await application().request(`/?q=${encodeURIComponent(evil)}&${evil}=1`, {
      headers: { ...asPage, "X-Evil": evil, Cookie: `${evil}=1; a=${evil}` },
    });
    expect(answer.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(await answer.text()).not.toContain("<script");
  });
});

describe("secrets", () => {
  const form = new URLSearchParams({ password: "hunter2!", card_number: "4111", name: "Ben" });
  const post = {
    method: "POST",
    body: form.toString(),
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      Cookie: "session=s3ss10n-of-ben; theme=dark",
      Authorization: "Bearer t0ken-of-ben",
      Referer: "http://localhost/?reset_token=fr0m-mail&page=2",
      "X-Api-Key": "k3y-of-ben",
    },
  };
  const all = [
    "hunter2!",
    "4111",
    "s3ss10n-of-ben",
    "dark",
    "t0ken-of-ben",
    "fr0m-mail",
    "k3y-of-ben",
  ];

  test.each(["text/html", "application/json", "text/plain"])("are not in %s", async (accept) => {
    const headers = { ...post.headers, Accept: accept };
    const answer = await application().request("/?api_key=fr0m-query", { ...post, headers });
    const text = await answer.text();
    const style = text.slice(text.indexOf("<style>"), text.indexOf("</style>") + 1);
    const shown = text.replace(style, "");
    for (const value of [...all, secret, "fr0m-query"]) expect(shown).not.toContain(value);
    expect(shown).toContain("•••••");
  });

  test("leave the rest alone", async () => {
    const page = await pageOf("/", post);
    expect(page).toContain('<th scope="row">name</th><td>Ben</td>');
    expect(page).toContain("reset_token=•••••&amp;page=2");
    expect(page).toContain('<th scope="row">theme</th><td>•••••</td>');
  });
});

describe("other clients", () => {
  test("that ask for JSON get JSON", async () => {
    const headers = { Accept: "application/json, text/plain, */*" };
    const answer = await application().request("/render?name=page.html", { headers });
    expect(answer.headers.get("Content-Type")).toBe("application/json; charset=UTF-8");
    const report = (await answer.json()) as Record<string, unknown>;
    expect(report).toMatchObject({
      status: 500,
      reason: "Internal Server Error",
      error: { name: "TypeError" },
      request: { method: "GET", handler: "Rendering" },
    });
    const { frames } = report.error as { frames: object[] };
    expect(frames).toContainEqual({
      file: "part.html",
      line: 3,
      owner: "template",
      via: ["page.html:2"],
    });
  });

  test("that ask for nothing get text", async () => {
    const answer = await application().request("/?q=1");
    expect(answer.headers.get("Content-Type")).toBe("text/plain; charset=UTF-8");
    expect(await answer.text()).toMatch(/^500 Internal Server Error: GET \/\?q=1\n\nError: /);
  });
});

describe("outside of debug", () => {
  test.each([{}, { debug: false }, { debug: true, serveTraceback: false }])(
    "%j shows nothing",
    async (settings) => {
      const title = "500: Internal Server Error";
      expect(await pageOf("/", {}, { debug: false, ...settings })).toBe(
        `<html><title>${title}</title><body>${title}</body></html>`,
      );
    },
  );

  test("serveTraceback alone is the stack as text, as in Tornado", async () => {
    const page = await pageOf("/", {}, { debug: false, serveTraceback: true });
    expect(page).toMatch(/^Error: <script>[\s\S]*\n\s+at /);
  });
});

describe("a message that looks like a stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-debug-"));
  const file = join(folder, "private.js");
  writeFileSync(file, "const password = 'private';\n");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("opens no file", () => {
    const error = new Error(`bad input\n    at read (${file}:1:1)\n    at ${file}:1:1`);
    const frames = framesOf(error, () => undefined);
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.map((frame) => frame.file)).not.toContain(file);
  });

  test("opens none either once it has been changed", () => {
    const error = new Error(`bad input\n    at read (${file}:1:1)`);
    void error.stack;
    error.message = "something else";
    expect(framesOf(error, () => undefined)).toEqual([]);
  });

  test("what was thrown may be anything", async () => {
    class Throwing extends RequestHandler {
      get(): void {
        throw "a string";
      }
      override logException(): void {}
    }
    const answer = await new Application([["/", Throwing]], { debug: true }).request("/");
    expect(await answer.text()).toContain("a string (thrown, and no Error)");
  });
});
