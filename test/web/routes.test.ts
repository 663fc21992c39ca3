/** Which handler and which method a request gets. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  authenticated,
  RedirectHandler,
  RequestHandler,
  type RuleLike,
  StaticFileHandler,
  streamRequestBody,
  UIModule,
  URLSpec,
} from "../../src/web.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { ask, jsonOf, parseAnswer, undatedHead } from "../support/ask.ts";
import { serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

describe("hooks under Tornado's names", () => {
  /** A class with members under these names. */
  function withMembers(Base: typeof RequestHandler, ...names: string[]): typeof RequestHandler {
    class Ported extends Base {}
    for (const name of names) Object.defineProperty(Ported.prototype, name, { value: () => true });
    return Ported;
  }
  const add = (Handler: typeof RequestHandler): Application => new Application([["/", Handler]]);

  test.each([
    ["get_current_user", "getCurrentUser"],
    ["check_xsrf_cookie", "checkXsrfCookie"],
    ["get_error_html", "getErrorHtml"],
  ])("%s is refused: nobody would call it", (name, ours) => {
    const message = `Cannot use Ported: its ${name} is called ${ours} here`;
    const Ported = withMembers(RequestHandler, name);
    expect(() => add(Ported)).toThrow(message);
    expect(() => add(withMembers(Ported))).toThrow(message);
    expect(() => new Application([], { defaultHandlerClass: Ported })).toThrow(message);
  });

  test("those of WebSockets, static files and UI modules as well", () => {
    const ofSockets = withMembers(WebSocketHandler as never, "check_origin");
    expect(() => add(ofSockets)).toThrow("its check_origin is called checkOrigin here");
    const ofFiles = withMembers(StaticFileHandler as never, "set_extra_headers");
    expect(() => add(ofFiles)).toThrow("its set_extra_headers is called setExtraHeaders here");
    class Entry extends UIModule {
      embedded_css(): string {
        return "";
      }
      render(): void {}
    }
    const make = (): Application => new Application([], { uiModules: { Entry } });
    expect(make).toThrow("Cannot use Entry: its embedded_css is called embeddedCss here");
  });

  test("a class that has both names, and names of its own, is taken", () => {
    const Both = withMembers(RequestHandler, "on_finish", "onFinish", "get_argument", "my_own");
    expect(add(Both)).toBeInstanceOf(Application);
    expect(add(withMembers(withMembers(RequestHandler, "on_finish"), "onFinish"))).toBeDefined();
  });
});

describe("what cannot be meant is refused when it is given", () => {
  const make = (...args: unknown[]): Application =>
    new (Application as unknown as new (...args: unknown[]) => Application)(...args);
  class Plain {}

  test.each([
    { args: [{ "/": Hello }], message: "Cannot make an application: expected a list of rules" },
    { args: [[["/", Plain]]], message: 'rule "/": Plain does not extend RequestHandler' },
    { args: [[["/", Hello, "home"]]], message: "its options are home; a name is the fourth" },
    { args: [[], { cookieSecret: 5 }], message: "cookieSecret: it is number, not text" },
  ])("$message", ({ args, message }) => {
    expect(() => make(...args)).toThrow(message);
    expect(() => make(...args)).toThrow(TypeError);
  });

  test.each([
    [{ gett: () => undefined }, 'no verb is called "gett"'],
    [{ GET: () => undefined }, 'no verb is called "GET"'],
    [{ get: true }, 'that of "get" is no function'],
    [{ get: [authenticated, "authenticated"] }, 'that of "get" is no function'],
    [["authenticated"], "expected { get: guard } or the like"],
    ["authenticated", "expected { get: guard } or the like"],
  ])("guards %j: %s", (guards, message) => {
    class Guarded extends Hello {
      static override guards = guards as never;
    }
    expect(() => make([["/", Guarded]])).toThrow(`Cannot use the guards of Guarded: ${message}`);
  });

  test("guards that are not static answer 500: they would guard nothing", async () => {
    class Misplaced extends Hello {
      guards = { get: authenticated };
    }
    class OfItsOwn extends Hello {
      guards = ["Ben"];
    }
    expect((await ask([["/", Misplaced]], "GET /")).status).toBe(500);
    expect((await ask([["/", Misplaced]], "HEAD /")).status).toBe(500);
    expect((await ask([["/", OfItsOwn]], "GET /")).status).toBe(200);
  });

  test("handlers without the option that they need answer 500", async () => {
    const rules = [
      ["/files/(.*)", StaticFileHandler],
      ["/away", RedirectHandler, {}],
    ] as unknown as RuleLike[];
    expect((await ask(rules, "GET /files/a")).status).toBe(500);
    expect((await ask(rules, "GET /away")).status).toBe(500);
  });

  test("streamRequestBody is for classes", () => {
    expect(() => streamRequestBody({})).toThrow(TypeError);
  });
});

describe("verbs", () => {
  class Verbs extends RequestHandler {
    get = (): void => this.write(this.request.method);
    post = this.get;
    put = this.get;
    patch = this.get;
    delete = this.get;
    options = this.get;
  }

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s is answered",
    async (verb) => {
      expect(await ask([["/", Verbs]], `${verb} /`)).toMatchObject({ status: 200, body: verb });
    },
  );

  test("HEAD is answered as GET, without the body", async () => {
    const get = await ask([["/", Hello]], "GET /");
    const head = await ask([["/", Hello]], "HEAD /");
    expect(head.body).toBe("");
    expect(undatedHead(head)).toBe(undatedHead(get));
    expect(head.head).toContain("Content-Length: 12");
  });

  test("a verb that the handler lacks is 405 and says which it has", async () => {
    const answer = await ask([["/", Hello]], "DELETE /");
    expect(answer.status).toBe(405);
    expect(answer.head).toContain("Allow: GET, HEAD\r\n");
  });

  test("a verb that nobody supports is 405, also if a method has its name", async () => {
    class Odd extends Hello {
      brew(): void {
        this.write("coffee");
      }
    }
    expect((await ask([["/", Odd]], "BREW /")).status).toBe(405);
    class Pot extends Odd {
      static override supportedMethods = [...RequestHandler.supportedMethods, "BREW"];
    }
    expect(await ask([["/", Pot]], "BREW /")).toMatchObject({ status: 200, body: "coffee" });
  });

  test("members of the framework are no verbs", async () => {
    for (const verb of ["WRITE", "FINISH", "CONSTRUCTOR", "__PROTO__"]) {
      expect((await ask([["/", Hello]], `${verb} /`)).status).toBe(405);
    }
  });
});

describe("routes", () => {
  class Story extends RequestHandler {
    get(...ids: unknown[]): void {
      this.write({ ids });
    }
  }
  const handlers: RuleLike[] = [
    ["/", Hello],
    ["/story/([0-9]+)", Story],
    ["/user/(?P<name>[^/]+)/(?<tab>\\w+)?", Story],
    ["/post/:year/:slug", Story, {}, "post"],
    new URLSpec("/optional/(\\d+)?", Story, {}, "optional"),
    ["/dots.txt", Hello, {}, "dots"],
  ];

  const cases = [
    { path: "/story/42", ids: ["42"] },
    { path: "/user/J%C3%BCrgen%2Fx/tab", ids: [{ name: "Jürgen/x", tab: "tab" }] },
    { path: "/post/2026/a+b%20c", ids: ["2026", "a+b c"] },
    { path: "/post/2026/x?y=z", ids: ["2026", "x"] },
    { path: "/optional/", ids: [null] },
  ];
  test.each(cases)("$path", async ({ path, ids }) => {
    expect(jsonOf(await ask(handlers, `GET ${path}`))).toEqual({ ids });
  });

  test.each(["/story/x", "/story/42/", "/Story/42", "//", "/post/a/b/c"])("no %s", async (path) => {
    expect((await ask(handlers, `GET ${path}`)).status).toBe(404);
  });

  test("a group that is no UTF-8 is 400", async () => {
    expect((await ask(handlers, "GET /post/2026/%ff")).status).toBe(400);
  });

  test("an absolute target is routed by its path, and names the host", async () => {
    class Where extends RequestHandler {
      get(): void {
        this.write(`${this.request.host} ${this.request.hostName} ${this.request.fullUrl()}`);
      }
    }
    const answer = await ask([["/a", Where]], "GET http://Other.org:81/a?b=c");
    expect(answer.body).toBe("Other.org:81 other.org http://Other.org:81/a?b=c");
  });

  test("OPTIONS * says what the server knows", async () => {
    const answer = await ask(handlers, "OPTIONS *");
    expect(answer.status).toBe(204);
    expect(answer.head).toContain("Allow: GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS");
  });

  test("rules for a host come first", async () => {
    class Other extends RequestHandler {
      get(): void {
        this.write("other host");
      }
    }
    const application = new Application([["/", Hello]]);
    application.addHandlers("(www\\.)?other\\.org", [["/", Other]]);
    const { exchange } = await serve(application);
    const at = async (host: string): Promise<string> =>
      parseAnswer(await exchange(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).body;
    expect(await at("WWW.other.org:8888")).toBe("other host");
    expect(await at("notother.org")).toBe("Hello, world");
  });

  test("rules nest, and lead to callbacks too", async () => {
    const nested: RuleLike[] = [["/in/.*", [["/in/deep", Hello]]]];
    expect((await ask(nested, "GET /in/deep")).body).toBe("Hello, world");
    expect((await ask(nested, "GET /in/other")).status).toBe(404);
  });

  test.each(["/(?!x)([a-z]+)", "/(?<=/)([a-z]+)", "/(?:x)([a-z]+)"])(
    "a group that captures nothing, in %s, takes no argument",
    (pattern) => {
      const application = new Application([[pattern, Hello, {}, "name"]]);
      expect(() => application.reverseUrl("name", "a")).toThrow(/more than text and groups/);
    },
  );

  test("reverseUrl fills a named rule's groups", () => {
    const application = new Application(handlers);
    expect(application.reverseUrl("post", 2026, "a b ü")).toBe("/post/2026/a%20b%20%C3%BC");
    expect(application.reverseUrl("dots")).toBe("/dots.txt");
    expect(() => application.reverseUrl("post", 1)).toThrow(/2 groups, got 1/);
    expect(() => application.reverseUrl("nobody")).toThrow(/nobody/);
    expect(() => application.reverseUrl("optional", 1)).toThrow(/more than text and groups/);
    for (const nothing of [undefined, null]) {
      expect(() => application.reverseUrl("post", 2026, nothing)).toThrow(
        `Cannot reverse "/post/:year/:slug": argument 2 is ${nothing}`,
      );
    }
  });

  test.each([
    { pattern: "/a/:id", value: "x/y", url: "/a/x%2Fy" },
    { pattern: "/a/([^/]+)", value: "x/y", url: "/a/x%2Fy" },
    { pattern: "/a/(.*)", value: "x/y", url: "/a/x/y" },
    { pattern: "/a/(.*)", value: "100%", url: "/a/100%25" },
    { pattern: "/a/:id", value: "?#&", url: "/a/%3F%23%26" },
    { pattern: "/a/(\\d+)", value: "x/y", url: "/a/x%2Fy" },
  ])("reverseUrl of $pattern with $value leads back", async ({ pattern, value, url }) => {
    const application = new Application([[pattern, Story, {}, "a"] as RuleLike]);
    expect(application.reverseUrl("a", value)).toBe(url);
    if (!pattern.includes("\\d"))
      expect(jsonOf(await ask(application, `GET ${url}`))).toEqual({ ids: [value] });
  });
});

describe("a rule is refused when it is added", () => {
  const wrong: { rule: unknown; message: string }[] = [
    { rule: ["/a", undefined], message: 'Cannot add the rule "/a": its target is undefined' },
    { rule: ["/a", "Handler"], message: 'Cannot add the rule "/a": its target is Handler' },
    { rule: ["/a"], message: 'Cannot add the rule "/a": its target is undefined' },
    { rule: [5, Hello], message: "5 is no pattern and no matcher" },
    { rule: [undefined, Hello], message: "undefined is no pattern and no matcher" },
    { rule: "/a", message: "Cannot add the rule /a: expected [pattern, target]" },
    { rule: undefined, message: "Cannot add the rule undefined: expected [pattern, target]" },
    { rule: ["/(", Hello], message: 'Cannot use pattern "/(": Invalid regular expression' },
    {
      rule: ["/(?<year>\\d+)/(\\d+)", Hello],
      message: 'Cannot use pattern "/(?<year>\\d+)/(\\d+)": it has named and unnamed groups',
    },
    { rule: ["/:id/(?<n>.)", Hello], message: "it has named and unnamed groups" },
  ];
  test.each(wrong)("$rule", ({ rule, message }) => {
    expect(() => new Application([rule as RuleLike])).toThrow(message);
    const application = new Application();
    expect(() => application.addHandlers(".*", [rule as RuleLike])).toThrow(message);
  });

  test("with a URLSpec too", () => {
    const target = undefined as unknown as typeof Hello;
    expect(() => new URLSpec("/a", target)).toThrow("its target is undefined");
  });
});
