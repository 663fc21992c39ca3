/** What Tornado's own introduction says of cookies, users and forged requests, as tests. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { xhtmlEscape } from "../../src/escape.ts";
import { setLogLevel } from "../../src/log.ts";
import { DictLoader } from "../../src/template.ts";
import {
  Application,
  authenticated,
  createSignedValue,
  RequestHandler,
  type RuleLike,
} from "../../src/web.ts";
import { type Answer, type AskOptions, ask } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const secret = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=";
const settings = { cookieSecret: secret, loginUrl: "/login" };
const form = { "Content-Type": "application/x-www-form-urlencoded" };

/** A browser: keeps the cookies that it is given. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly #rules: readonly RuleLike[];
  readonly #settings: NonNullable<AskOptions["settings"]>;

  constructor(rules: readonly RuleLike[], more: AskOptions["settings"] = {}) {
    this.#rules = rules;
    this.#settings = { ...settings, ...more };
  }

  async ask(request: string, options: AskOptions = {}): Promise<Answer> {
    const Cookie = Array.from(this.cookies, (pair) => pair.join("=")).join("; ");
    const headers = { ...(Cookie === "" ? {} : { Cookie }), ...options.headers };
    const application = new Application(this.#rules, this.#settings);
    const answer = await ask(application, request, { ...options, headers });
    for (const text of answer.header("Set-Cookie")) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      this.cookies.set(name, value);
    }
    return answer;
  }
}

const said = ["Your cookie was not set yet!", "Your cookie was set!"];

test("C32: a cookie is set by the first request, and there in the second", async () => {
  class Plain extends RequestHandler {
    get(): void {
      if (this.getCookie("mycookie") === undefined) {
        this.setCookie("mycookie", "myvalue");
        this.write("Your cookie was not set yet!");
      } else this.write("Your cookie was set!");
    }
  }
  class Secure extends RequestHandler {
    get(): void {
      if (this.getSecureCookie("mycookie") === undefined) {
        this.setSecureCookie("mycookie", "myvalue");
        this.write("Your cookie was not set yet!");
      } else this.write("Your cookie was set!");
    }
  }
  for (const Handler of [Plain, Secure]) {
    const browser = new Browser([["/", Handler]]);
    expect([(await browser.ask("GET /")).body, (await browser.ask("GET /")).body]).toEqual(said);
  }
});

describe("C33: a secure cookie", () => {
  class Reading extends RequestHandler {
    get(): void {
      this.write(String(this.getSecureCookie("mycookie")));
    }
  }
  const day = 24 * 60 * 60;
  const signed = (age: number): string =>
    createSignedValue(secret, "mycookie", "myvalue", { clock: () => Date.now() / 1000 - age });
  const cases = [
    { name: "is read", cookie: signed(0), value: "myvalue" },
    { name: "of 30 days is read", cookie: signed(30 * day), value: "myvalue" },
    { name: "of 32 days is as if not set", cookie: signed(32 * day), value: "undefined" },
    {
      name: "that was changed is as if not set",
      cookie: signed(0).replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      value: "undefined",
    },
    { name: "without a signature is as if not set", cookie: "myvalue", value: "undefined" },
  ];
  test.each(cases)("$name", async ({ cookie, value }) => {
    const headers = { Cookie: `mycookie=${cookie}` };
    expect((await ask([["/", Reading]], "GET /", { settings, headers })).body).toBe(value);
  });
});

class Base extends RequestHandler {
  override getCurrentUser(): string | undefined {
    return this.getSecureCookie("user")?.toString();
  }
}
class Main extends Base {
  static override guards = { get: authenticated, post: authenticated };
  get(): void {
    this.write(`Hello, ${xhtmlEscape(this.currentUser ?? "")}`);
  }
  post(): void {
    this.write("posted");
  }
}
class Login extends Base {
  get(): void {
    this.write("who are you?");
  }
  post(): void {
    this.setSecureCookie("user", this.getArgument("name"));
    this.redirect("/");
  }
}
const rules: RuleLike[] = [
  ["/", Main],
  ["/login", Login],
];

test("C34: who logs in is greeted, by a name that is escaped", async () => {
  const browser = new Browser(rules);
  const first = await browser.ask("GET /");
  expect([first.status, first.header("Location")]).toEqual([302, ["/login?next=%2F"]]);
  const body = "name=%3Cscript%3E";
  expect((await browser.ask("POST /login", { headers: form, body })).status).toBe(302);
  expect((await browser.ask("GET /")).body).toBe("Hello, &lt;script&gt;");
});

test("C35: authenticated sends GET to log in, and refuses POST with 403", async () => {
  const browser = new Browser(rules);
  expect((await browser.ask("GET /")).header("Location")).toEqual(["/login?next=%2F"]);
  expect((await browser.ask("POST /", { headers: form, body: "" })).status).toBe(403);
});

test("C36: xsrfCookies asks every POST for the token of the cookie", async () => {
  class Message extends RequestHandler {
    get(): void {
      this.render("form.html");
    }
    post(): void {
      this.write(this.getArgument("message"));
    }
  }
  const templateLoader = new DictLoader({
    "form.html":
      '<form action="/new_message" method="post">{{ xsrf_form_html() }}<input name="message"></form>',
  });
  const browser = new Browser([["/", Message]], { xsrfCookies: true, templateLoader });
  const page = (await browser.ask("GET /")).body;
  const field = /name="_xsrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const send = (body: string): Promise<Answer> => browser.ask("POST /", { headers: form, body });
  expect((await send("message=none")).status).toBe(403);
  expect((await send(`message=hi&_xsrf=${encodeURIComponent(field)}`)).body).toBe("hi");

  // As the jQuery example reads it from document.cookie.
  const cookies = Array.from(browser.cookies, (pair) => pair.join("=")).join("; ");
  const read = cookies.match("\\b_xsrf=([^;]*)\\b")?.[1] ?? "";
  expect((await send(`message=ajax&_xsrf=${encodeURIComponent(read)}`)).body).toBe("ajax");
});
