import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders } from "../../src/httputil.ts";
import { get as locale } from "../../src/locale.ts";
import { setLogLevel } from "../../src/log.ts";
import { DefaultHostMatches } from "../../src/routing.ts";
import {
  Application,
  asynchronous,
  ErrorHandler,
  FallbackHandler,
  HTTPError,
  RequestHandler,
  type RuleLike,
} from "../../src/web.ts";
import { ask, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello");
  }
  post = this.get;
}

describe("asynchronous", () => {
  class Later extends RequestHandler {
    static override guards = { get: asynchronous, post: asynchronous };
    get(): void {
      setTimeout(
        this.asyncCallback(() => {
          if (this.request.query === "fail") throw new HTTPError(418);
          this.finish("later");
        }),
        5,
      );
    }
    async post(): Promise<void> {
      await soon();
      setTimeout(() => this.finish("much later"), 5);
    }
  }

  test("keeps the response open until finish", async () => {
    expect((await ask([["/", Later]], "GET /")).body).toBe("later");
    expect((await ask([["/", Later]], "POST /")).body).toBe("much later");
  });

  test("asyncCallback makes an answer of what a callback throws", async () => {
    expect((await ask([["/", Later]], "GET /?fail")).status).toBe(418);
    class Rejects extends RequestHandler {
      static override guards = { get: asynchronous };
      get(): void {
        this.asyncCallback(async () => {
          await soon();
          throw new Error("on purpose");
        })();
      }
    }
    expect((await ask([["/", Rejects]], "GET /")).status).toBe(500);
  });
});

describe("handlers at the ends of routes", () => {
  test("ErrorHandler answers every verb with its status", async () => {
    for (const verb of ["GET", "POST", "DELETE"]) {
      const answer = await ask([["/", ErrorHandler, { statusCode: 410 }]], `${verb} /`);
      expect(answer.status).toBe(410);
    }
  });

  test("ErrorHandler without a status is an error", async () => {
    const rules = [["/", ErrorHandler, { status: 410 }]] as unknown as RuleLike[];
    expect((await ask(rules, "GET /")).status).toBe(500);
  });

  test("FallbackHandler leaves requests to a callback or an application", async () => {
    const lines: number[] = [];
    const inner = new Application([["/app/.*", Hello]], {
      logFunction: (handler) => lines.push(handler.getStatus()),
    });
    const outer = new Application(
      [
        ["/app/.*", FallbackHandler, { fallback: inner }],
        [
          "/callback",
          FallbackHandler,
          {
            fallback: (request: RequestHandler["request"]) => {
              const headers = new HTTPHeaders([["Content-Length", "2"]]);
              request.connection.writeHeaders({ code: 200, reason: "OK" }, headers, request.body);
              request.connection.finish();
            },
          },
        ],
      ],
      { xsrfCookies: true, logFunction: () => lines.push(0) },
    );
    expect((await ask(outer, "GET /app/x")).body).toBe("Hello");
    expect((await ask(outer, "POST /app/x", { body: "hi" })).body).toBe("Hello");
    expect((await ask(outer, "POST /callback", { body: "hi" })).body).toBe("hi");
    expect((await ask(outer, "GET /app")).status).toBe(404);
    expect(lines).toEqual([200, 200, 0]);
  });

  const fail = (): never => {
    throw new Error("as the test wants it");
  };
  test.each([
    { name: "nothing", options: {} },
    { name: "what is none", options: { fallback: {} } },
    { name: "a callback that throws", options: { fallback: fail } },
    { name: "a callback that rejects", options: { fallback: async () => fail() } },
  ])("FallbackHandler with $name is 500", async ({ options }) => {
    const application = new Application([["/", FallbackHandler, options as never]]);
    expect((await ask(application, "GET /")).status).toBe(500);
  });

  test("a callback that fails once it has begun breaks the connection off", async () => {
    const fallback = async ({ connection }: RequestHandler["request"]): Promise<never> => {
      const headers = new HTTPHeaders([["Content-Length", "9"]]);
      connection.writeHeaders({ code: 200, reason: "OK" }, headers, "part");
      return fail();
    };
    for (const served of [fallback, new Application([["/", FallbackHandler, { fallback }]])]) {
      const { connect } = await serve(served);
      const client = await connect();
      client.send(requestText("GET /"));
      await client.until(() => client.closed);
      expect(client.received).not.toContain(" 500 ");
    }
  });

  test("a callback that rejects is 500, and the connection goes on", async () => {
    const { exchange } = await serve(async () => fail());
    const received = await exchange(requestText("GET /").repeat(2));
    expect(received.match(/HTTP\/1\.1 500 /g)).toHaveLength(2);
  });

  test.each([
    ["text", () => "Hello"],
    ["a promise of text", async () => "Hello"],
    ["a Response", async () => new Response("Hello")],
  ])("a callback that returns %s in place of answering is 500", async (_what, callback) => {
    const { exchange } = await serve(callback);
    expect(await exchange(requestText("GET /"))).toMatch(/^HTTP\/1\.1 500 /);
  });
});

describe("hosts", () => {
  class Where extends RequestHandler {
    override initialize({ name }: { name: string }): void {
      this.#name = name;
    }
    #name = "";
    get(): void {
      this.write(this.#name);
    }
  }
  const make = (defaultHost?: string): Application => {
    const settings = defaultHost === undefined ? {} : { defaultHost };
    const application = new Application([["/any", Where, { name: "any" }]], settings);
    application.addHandlers("www\\.example\\.org", [["/", Where, { name: "www" }]]);
    return application;
  };
  const at = (application: Application, Host: string, more = {}) =>
    ask(application, "GET /", { headers: { Host, ...more } });

  test("a host that nobody knows is 404, unless there is a default host", async () => {
    expect((await at(make(), "www.example.org")).body).toBe("www");
    expect((await at(make(), "rebound.evil.org")).status).toBe(404);
    const withDefault = make("www.example.org");
    expect((await at(withDefault, "10.0.0.1:8888")).body).toBe("www");
    expect((await at(withDefault, "10.0.0.1", { "X-Real-Ip": "4.4.4.4" })).status).toBe(404);
  });

  test("DefaultHostMatches is that as a matcher", async () => {
    const rules = (defaultHost?: string): Application => {
      const settings = defaultHost === undefined ? {} : { defaultHost };
      const matcher = new DefaultHostMatches({ settings }, "www\\.example\\.org");
      return new Application([[matcher, [["/", Where, { name: "default" }]]]]);
    };
    expect((await at(rules("www.example.org"), "10.0.0.1")).body).toBe("default");
    expect((await at(rules("example.com"), "10.0.0.1")).status).toBe(404);
    expect((await at(rules(), "www.example.org")).status).toBe(404);
    const proxied = { "X-Real-Ip": "4.4.4.4" };
    expect((await at(rules("www.example.org"), "10.0.0.1", proxied)).status).toBe(404);
  });
});

describe("locales", () => {
  class Speaks extends RequestHandler {
    override getUserLocale() {
      return this.request.query === "user" ? locale("fr") : undefined;
    }
    get(): void {
      this.write(`${this.locale.code} ${this._("hello")}`);
    }
    post(): void {
      this.locale = locale("en_US");
      this.write(this.locale.name);
    }
  }
  const speak = async (language: string | undefined, query = "") =>
    (
      await ask([["/", Speaks]], `GET /?${query}`, {
        headers: language === undefined ? {} : { "Accept-Language": language },
      })
    ).body;

  test("without translations there is one, whatever is asked for", async () => {
    for (const language of [undefined, "de", "*", ";q=x", "en-gb;q=0.8, en;q=0.7"]) {
      expect(await speak(language)).toBe("en_US hello");
    }
    expect(await speak("de", "user")).toBe("en_US hello");
    expect((await ask([["/", Speaks]], "POST /")).body).toBe("English (US)");
  });
});

describe("requestId", () => {
  class Named extends RequestHandler {
    get(): void {
      this.write(`${this.requestId} ${this.requestId}`);
    }
  }
  const idOf = async (headers: Record<string, string>) =>
    (await ask([["/", Named]], "GET /", { headers })).body.split(" ");

  test("is the proxy's, or a new one", async () => {
    expect(await idOf({ "X-Request-Id": "ab-1:2" })).toEqual(["ab-1:2", "ab-1:2"]);
    const [first, again] = await idOf({});
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(again).toBe(first);
    for (const given of ["x<script>", "x".repeat(129), "a b"]) {
      expect((await idOf({ "X-Request-Id": given }))[0]).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe("entity tags by hand", () => {
  test("setEtagHeader and checkEtagHeader", async () => {
    class Own extends RequestHandler {
      get(): void {
        this.write("body");
        this.setEtagHeader();
        this.setHeader("X-Same", String(this.checkEtagHeader()));
      }
    }
    const first = await ask([["/", Own]], "POST /");
    expect(first.status).toBe(405);
    const answer = await ask([["/", Own]], "GET /", { headers: { "If-None-Match": '"x", W/"y"' } });
    expect(answer.header("X-Same")).toEqual(["false"]);
    const [etag = ""] = answer.header("Etag");
    const again = await ask([["/", Own]], "GET /", { headers: { "If-None-Match": etag } });
    expect(again.header("X-Same")).toEqual(["true"]);
    expect(again.status).toBe(304);
  });
});
