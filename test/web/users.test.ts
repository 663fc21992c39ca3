import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { xhtmlEscape } from "../../src/escape.ts";
import { setLogLevel } from "../../src/log.ts";
import { authenticated, RequestHandler, type RuleLike } from "../../src/web.ts";
import { ask, textOf } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const settings = { cookieSecret: "secret", loginUrl: "/login" };

class Base extends RequestHandler {
  override getCurrentUser(): Uint8Array | undefined {
    return this.getSignedCookie("user");
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
    this.write('<form action="/login" method="post"><input type="text" name="name"></form>');
  }
  post(): void {
    this.setSignedCookie("user", this.getArgument("name"));
    this.redirect("/");
  }
}
const handlers: RuleLike[] = [
  ["/", Main],
  ["/.*main", Main],
  ["/login", Login],
];

describe("authenticated", () => {
  test("the seeds' example: sent to log in, logged in, greeted by an escaped name", async () => {
    const anonymous = await ask(handlers, "GET /", { settings });
    expect(anonymous.status).toBe(302);
    expect(anonymous.header("Location")).toEqual(["/login?next=%2F"]);
    const login = await ask(handlers, "POST /login", {
      settings,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "name=%3Cb%3EJ%C3%BCrgen",
    });
    expect(login.status).toBe(302);
    const Cookie = login.header("Set-Cookie")[0]?.split("; ")[0] ?? "";
    const greeted = await ask(handlers, "GET /", { settings, headers: { Cookie } });
    expect(textOf(greeted)).toBe("Hello, &lt;b&gt;Jürgen");
    expect((await ask(handlers, "POST /", { settings, headers: { Cookie } })).body).toBe("posted");
  });

  test("POST is 403, HEAD is sent to log in", async () => {
    expect((await ask(handlers, "POST /", { settings })).status).toBe(403);
    expect((await ask(handlers, "HEAD /", { settings })).status).toBe(302);
  });

  const targets = [
    { loginUrl: "/login", uri: "/?a=1&b=2", location: "/login?next=%2F%3Fa%3D1%26b%3D2" },
    { loginUrl: "/login?x=1", uri: "/", location: "/login?x=1" },
    {
      loginUrl: "http://sso.example/login",
      uri: "/?a",
      location: "http://sso.example/login?next=http%3A%2F%2Fexample.org%2F%3Fa",
    },
    { loginUrl: "/login", uri: "//evil.com/main", location: "/login?next=%2Fevil.com%2Fmain" },
  ];
  test.each(targets)("$uri leads to $location", async ({ loginUrl, uri, location }) => {
    const answer = await ask(handlers, `GET ${uri}`, { settings: { ...settings, loginUrl } });
    expect(answer.header("Location")).toEqual([location]);
  });

  test("without the setting it is an error, not an open door", async () => {
    const answer = await ask(handlers, "GET /", { settings: { cookieSecret: "secret" } });
    expect(answer.status).toBe(500);
  });

  test("wraps a method, and fits both kinds of decorators", async () => {
    class Wrapped extends Base {
      get(): void {
        this.write("secret");
      }
      static {
        Wrapped.prototype.get = authenticated(Wrapped.prototype.get);
      }
    }
    expect((await ask([["/", Wrapped]], "GET /", { settings })).status).toBe(302);
    class Legacy extends Base {
      get(): void {
        this.write("secret");
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Legacy.prototype, "get");
    const decorated = authenticated(Legacy.prototype, "get", descriptor as PropertyDescriptor);
    Object.defineProperty(Legacy.prototype, "get", decorated);
    expect((await ask([["/", Legacy]], "GET /", { settings })).status).toBe(302);
  });

  test("guards hold for methods of subclasses and of instances, and for HEAD by get", async () => {
    class Sub extends Main {
      override get(): void {
        this.write("secret");
      }
    }
    class Field extends Main {
      override get = (): void => this.write("secret");
    }
    for (const each of [Sub, Field]) {
      for (const verb of ["GET", "HEAD"]) {
        expect((await ask([["/", each]], `${verb} /`, { settings })).status).toBe(302);
      }
    }
  });
});

describe("currentUser", () => {
  test("is worked out once, when asked for", async () => {
    let calls = 0;
    class Counts extends RequestHandler {
      override getCurrentUser(): undefined {
        calls++;
      }
      get(): void {
        this.write("untouched");
      }
      post(): void {
        this.write(`${this.currentUser} ${this.currentUser}`);
      }
    }
    await ask([["/", Counts]], "GET /");
    expect(calls).toBe(0);
    expect((await ask([["/", Counts]], "POST /")).body).toBe("undefined undefined");
    expect(calls).toBe(1);
  });

  test("may be set, also by an async prepare", async () => {
    class Sets extends RequestHandler {
      static override guards = { get: authenticated };
      override async prepare(): Promise<void> {
        await Promise.resolve();
        this.currentUser = { name: "me" };
      }
      get(): void {
        this.write(this.currentUser as object);
      }
    }
    expect((await ask([["/", Sets]], "GET /", { settings })).body).toBe('{"name":"me"}');
  });

  class Async extends RequestHandler {
    static override guards = { get: authenticated };
    override async getCurrentUser(): Promise<{ name: string } | undefined> {
      await Promise.resolve();
      return this.request.query === "me" ? { name: "me" } : undefined;
    }
    get(): void {
      this.write(this.currentUser?.name ?? "");
    }
    post(): void {
      this.write(String(this.currentUser));
    }
  }

  test("may come from an async getCurrentUser, which authenticated awaits", async () => {
    expect((await ask([["/", Async]], "GET /?me", { settings })).body).toBe("me");
    expect((await ask([["/", Async]], "GET /?you", { settings })).status).toBe(302);
  });

  test("that nobody has awaited is an error, not a promise that counts as a user", async () => {
    expect((await ask([["/", Async]], "POST /", { settings })).status).toBe(500);
  });

  test("a getCurrentUser that throws is an error for everybody", async () => {
    class Fails extends Main {
      override getCurrentUser(): never {
        throw new Error("on purpose");
      }
    }
    expect((await ask([["/", Fails]], "GET /", { settings })).status).toBe(500);
  });
});
