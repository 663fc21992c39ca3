/** What Tornado's own introduction says of static files, languages and proxies, as tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getSupportedLocales, Locale, loadTranslations } from "../../src/locale.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler, StaticFileHandler } from "../../src/web.ts";
import { ask, parseAnswer, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-claims-"));

beforeAll(() => {
  setLogLevel("none");
  mkdirSync(join(folder, "images"));
  writeFileSync(join(folder, "images/logo.png"), "a logo");
  writeFileSync(join(folder, "robots.txt"), "User-agent: *");
  writeFileSync(join(folder, "favicon.ico"), "icon");
  mkdirSync(join(folder, "translations"));
  const spanish =
    '"I love you","Te amo"\n' +
    '"%(name)s liked this","A %(name)s le gustó esto"\n' +
    '"A person liked this","A una persona le gustó esto","singular"\n' +
    '"%(num)d people liked this","A %(num)d personas les gustó esto","plural"\n';
  writeFileSync(join(folder, "translations/es.csv"), spanish);
  writeFileSync(join(folder, "translations/fr_CA.csv"), '"I love you","Je t\'aime"\n');
});
afterAll(() => {
  setLogLevel("warning");
  rmSync(folder, { recursive: true, force: true });
});

describe("static files", () => {
  class Logo extends RequestHandler {
    get(): void {
      this.write(this.staticUrl("images/logo.png"));
    }
  }
  const application = (): Application =>
    new Application([["/", Logo]], { staticPath: folder }) as Application;

  test("C38: are served below /static/, robots.txt and favicon.ico from the top", async () => {
    expect((await ask(application(), "GET /static/images/logo.png")).body).toBe("a logo");
    expect((await ask(application(), "GET /robots.txt")).body).toBe("User-agent: *");
    expect((await ask(application(), "GET /favicon.ico")).body).toBe("icon");
  });

  test("C39: have URLs with a hash of their content, which may be kept for good", async () => {
    const url = async (): Promise<string> => (await ask(application(), "GET /")).body;
    const first = await url();
    expect(first).toMatch(/^\/static\/images\/logo\.png\?v=[0-9a-f]+$/);
    const answer = await ask(application(), `GET ${first}`);
    expect(answer.header("Cache-Control")).toEqual(["public, max-age=31536000, immutable"]);

    // As after a new start of the program.
    StaticFileHandler.reset();
    expect(await url()).toBe(first);
    writeFileSync(join(folder, "images/logo.png"), "another");
    StaticFileHandler.reset();
    expect(await url()).not.toBe(first);
  });

  test("C40: have a query exactly when a proxy may keep them for good", async () => {
    const versioned = (await ask(application(), "GET /")).body;
    const keeps = async (url: string): Promise<boolean> =>
      /max-age=[1-9]/.test((await ask(application(), `GET ${url}`)).header("Cache-Control").join());
    expect(await keeps(versioned)).toBe(true);
    expect(await keeps("/static/images/logo.png")).toBe(false);
  });
});

describe("languages", () => {
  class Greeting extends RequestHandler {
    get(): void {
      const n = Number(this.getQueryArgument("n", { default: "2" }));
      const people = this._("A person liked this", "%(num)d people liked this", n, { num: n });
      this.write(`${this.locale.code}|${this._("I love you")}|${people}`);
    }
    override getUserLocale(): Locale | undefined {
      const chosen = this.getQueryArgument("locale", { default: undefined });
      return chosen === undefined ? undefined : Locale.getClosest(chosen);
    }
  }
  async function greeted(query: string, accept?: string): Promise<string> {
    loadTranslations(join(folder, "translations"));
    const headers = accept === undefined ? {} : { "Accept-Language": accept };
    const answer = await new Application([["/", Greeting]]).request(`/?${query}`, { headers });
    return answer.text();
  }

  test("C41: a plural is the singular for 1 alone", async () => {
    expect(await greeted("n=1&locale=es")).toBe("es|Te amo|A una persona le gustó esto");
    for (const n of [0, 2, 21]) {
      expect(await greeted(`n=${n}&locale=es`)).toBe(`es|Te amo|A ${n} personas les gustó esto`);
    }
    expect(Locale.get("fr_CA").name).toBe("Français (Canada)");
  });

  test("C42: the browser's comes if the user has chosen none, en_US without either", async () => {
    expect(await greeted("", "fr-CA,fr;q=0.8")).toMatch(/^fr_CA\|Je t'aime\|/);
    expect(await greeted("locale=es", "fr-CA")).toMatch(/^es\|/);
    expect(await greeted("")).toBe("en_US|I love you|2 people liked this");
  });

  test("C43: the closest is taken: es for es_GT; en_US for what there is not", async () => {
    expect(await greeted("locale=es_GT")).toMatch(/^es\|Te amo/);
    expect(await greeted("locale=de_DE")).toMatch(/^en_US\|I love you/);
    expect([...getSupportedLocales()].sort()).toEqual(["en_US", "es", "fr_CA"]);
  });
});

describe("behind a proxy", () => {
  class Who extends RequestHandler {
    get(): void {
      this.write(`${this.request.remoteIp} ${this.request.protocol}`);
    }
  }
  const application = new Application([["/", Who]]);
  const headers = { "X-Real-IP": "203.0.113.7", "X-Scheme": "https" };

  test("C45: with xheaders the client is who the proxy says it is", async () => {
    const { exchange } = await serve(application, { xheaders: true });
    expect(parseAnswer(await exchange(requestText("GET /", { headers }))).body).toBe(
      "203.0.113.7 https",
    );
  });

  test("C45: without it anybody could say so, and is not heard", async () => {
    expect((await ask(application, "GET /", { headers })).body).toBe("127.0.0.1 http");
  });
});

const malformed = [
  { name: "no request at all", wire: "hello\r\n\r\n" },
  { name: "a header of several lines", wire: "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n" },
  { name: "a header without a colon", wire: "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n" },
  { name: "no Host", wire: "GET / HTTP/1.1\r\n\r\n" },
  {
    name: "a length that is none",
    wire: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
  },
];
test.each(malformed)("C46: $name is answered 400, never with silence", async ({ wire }) => {
  const { exchange } = await serve(new Application());
  expect(parseAnswer(await exchange(wire)).status).toBe(400);
});
