import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import { type CookieAttributes, RequestHandler } from "../../src/web.ts";
import { ask } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

test("a cookie is set on the first visit and read on the second", async () => {
  class Visit extends RequestHandler {
    get(): void {
      if (this.getCookie("mycookie") === undefined) {
        this.setCookie("mycookie", "myvalue");
        this.write("Your cookie was not set yet!");
        return;
      }
      this.write("Your cookie was set!");
    }
  }
  const first = await ask([["/", Visit]], "GET /");
  expect(first.body).toBe("Your cookie was not set yet!");
  expect(first.header("Set-Cookie")).toEqual(["mycookie=myvalue; Path=/"]);
  const again = await ask([["/", Visit]], "GET /", { headers: { Cookie: "mycookie=myvalue" } });
  expect(again.body).toBe("Your cookie was set!");
  expect(again.header("Set-Cookie")).toEqual([]);
});

describe("setCookie", () => {
  const set = async (act: (handler: RequestHandler) => void, cookie?: string) => {
    class Sets extends RequestHandler {
      get(): void {
        act(this);
      }
    }
    return ask([["/", Sets]], "GET /", { headers: cookie ? { Cookie: cookie } : {} });
  };

  test("again replaces the first one wholly", async () => {
    const answer = await set((handler) => {
      handler.setCookie("a", "1", { domain: "example.org", secure: true });
      handler.setCookie("b", "2");
      handler.setCookie("a", "3", { path: "/x" });
    });
    expect(answer.header("Set-Cookie")).toEqual(["b=2; Path=/", "a=3; Path=/x"]);
  });

  test("has text for a default, not the options of arguments", async () => {
    let thrown: unknown;
    await set((handler) => {
      try {
        handler.getCookie("a", { default: "none" } as unknown as string);
      } catch (error) {
        thrown = error;
      }
    });
    expect(String(thrown)).toBe(
      'TypeError: Cannot read cookie "a": its default is an object, not text',
    );
  });

  test("does not show in the request's cookies", async () => {
    const answer = await set((handler) => {
      handler.setCookie("a", "1");
      handler.write(`${handler.getCookie("a", "none")} ${[...handler.cookies.keys()]}`);
    }, "b=2");
    expect(answer.body).toBe("none b");
  });

  test("keeps cookies for an error's page", async () => {
    const answer = await set((handler) => {
      handler.setCookie("a", "1");
      throw new Error("on purpose");
    });
    expect(answer.status).toBe(500);
    expect(answer.header("Set-Cookie")).toEqual(["a=1; Path=/"]);
  });

  test("goes with a redirect and with 304", async () => {
    const moved = await set((handler) => {
      handler.setCookie("a", "1");
      handler.redirect("/x");
    });
    expect(moved.header("Set-Cookie")).toEqual(["a=1; Path=/"]);
  });

  test("has a cookie forgotten, with its path and domain", async () => {
    const answer = await set((handler) => {
      handler.clearCookie("a", { path: "/x", domain: "example.org" });
    });
    const [text = ""] = answer.header("Set-Cookie");
    expect(text).toMatch(/^a=; Domain=example.org; expires=.* GMT; Path=\/x$/);
    expect(Date.parse(/expires=([^;]*)/.exec(text)?.[1] ?? "")).toBeLessThan(Date.now());
    const attributes = { maxAge: 3 } as CookieAttributes;
    expect((await set((handler) => handler.clearCookie("a", attributes))).status).toBe(500);
  });

  test("has every cookie forgotten that came", async () => {
    const answer = await set((handler) => handler.clearAllCookies(), "a=1; b=2; =3; c");
    expect(answer.header("Set-Cookie").map((text) => text[0])).toEqual(["a", "b"]);
  });

  const injections: [string, string, CookieAttributes][] = [
    ["a", "x\r\nSet-Cookie: b=1", {}],
    ["a\r\nb", "x", {}],
    ["a", "x", { path: "/; Secure" }],
    ["a", "x", { domain: "evil\r\n" }],
    ["a", "x", { Path: "/; Domain=evil" } as CookieAttributes],
  ];
  test.each(injections)("refuses %j = %j with %j", async (name, value, attributes) => {
    const answer = await set((handler) => handler.setCookie(name, value, attributes));
    expect(answer.status).toBe(500);
    expect(answer.header("Set-Cookie")).toEqual([]);
  });

  test("after the head has gone is an error, not a cookie that nobody gets", async () => {
    let thrown: unknown;
    await set((handler) => {
      handler.flush();
      try {
        handler.setCookie("a", "1");
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toMatchObject({ name: "HTTPOutputError" });
  });
});
