import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  addSlash,
  isLocalUrl,
  RedirectHandler,
  RequestHandler,
  type RuleLike,
  removeSlash,
} from "../../src/web.ts";
import { ask } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class Goes extends RequestHandler {
  override initialize({ url, local = false }: { url: string; local?: boolean }): void {
    this.#url = url;
    this.#local = local;
  }
  #url = "";
  #local = false;
  get(): void {
    this.redirect(this.#url, { local: this.#local });
  }
}

const go = (url: string, local = false) => ask([["/", Goes, { url, local }]], "GET /");

describe("redirect", () => {
  test.each([
    ["/there", "/there"],
    ["there?a=b c", "there?a=b%20c"],
    ["/ü?%C3%BC", "/%C3%BC?%C3%BC"],
    ["/\ud800", "/%EF%BF%BD"],
    ["https://elsewhere.org/", "https://elsewhere.org/"],
    ["", ""],
  ])("%j leads to %j", async (url, location) => {
    const answer = await go(url);
    expect(answer.status).toBe(302);
    expect(answer.head).toContain(`\r\nLocation: ${location}`);
  });

  test.each([
    "//evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "\\/evil.com",
    "///evil.com",
    " //evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "\t//evil.com",
    "/x\r\nSet-Cookie: a=b",
    "/x\0",
    "/x\x7f",
    "/x\x85",
  ])("%j is refused", async (url) => {
    const answer = await go(url);
    expect(answer.status).toBe(500);
    expect(answer.head).not.toMatch(/Location|Set-Cookie/);
  });

  const elsewhere = [
    "http://evil.com",
    "//evil.com",
    "/\\evil.com",
    "javascript:alert(1)",
    "evil.com",
    "",
    "/x\\y",
    "https:evil.com",
  ];
  test.each(elsewhere)("%j, from the client, is 400", async (url) => {
    expect(isLocalUrl(url)).toBe(false);
    const answer = await go(url, true);
    expect(answer.status).toBe(400);
    expect(answer.head).not.toContain("Location");
  });

  test("a path from the client is followed", async () => {
    expect((await go("/profile?a=//b", true)).header("Location")).toEqual(["/profile?a=//b"]);
  });
});

describe("slashes", () => {
  class Without extends RequestHandler {
    static override guards = { get: removeSlash, post: removeSlash };
    get(): void {
      this.write("here");
    }
    post(): void {
      this.write("here");
    }
  }
  class With extends Without {
    static override guards = { get: addSlash, post: addSlash };
  }
  const handlers: RuleLike[] = [
    ["/with/?|//with", With],
    ["/.*", Without],
  ];
  const cases = [
    { path: "/without/", location: "/without" },
    { path: "/without//", location: "/without" },
    { path: "/without/?a=1&b=/", location: "/without?a=1&b=/" },
    { path: "/with", location: "/with/" },
    { path: "/with?a=1", location: "/with/?a=1" },
  ];
  test.each(cases)("$path leads to $location", async ({ path, location }) => {
    for (const verb of ["GET", "HEAD"]) {
      const answer = await ask(handlers, `${verb} ${path}`);
      expect(answer.status).toBe(301);
      expect(answer.header("Location")).toEqual([location]);
    }
    expect((await ask(handlers, `POST ${path}`)).status).toBe(404);
  });

  test.each(["/without", "/with/", "/"])("%s is left alone", async (path) => {
    expect((await ask(handlers, `GET ${path}`)).body).toBe("here");
  });

  test.each(["//evil.com/", "//with", "/\\evil.com/"])("%s leads nowhere", async (path) => {
    expect((await ask(handlers, `GET ${path}`)).status).toBe(404);
  });
});

describe("RedirectHandler", () => {
  const handlers: RuleLike[] = [
    ["/old", RedirectHandler, { url: "/new" }],
    ["/temporary", RedirectHandler, { url: "/new?x=1", permanent: false }],
    ["/pictures/(.*)", RedirectHandler, { url: "/photos/{0}" }],
    ["/(?<year>\\d+)/(?<month>\\d+)", RedirectHandler, { url: "/{month}-{year}" }],
    ["/section", RedirectHandler, { url: "/new?x=1#part" }],
    ["/route", RedirectHandler, { url: "/app#/part?x=1" }],
    ["/any/(.*)", RedirectHandler, { url: "/{0}" }],
    ["/shop/(.*)", RedirectHandler, { url: "https://{0}.example.org/shop" }],
  ];
  const cases = [
    { path: "/old", status: 301, location: "/new" },
    { path: "/old?a=b&c", status: 301, location: "/new?a=b&c" },
    { path: "/temporary?y=2", status: 302, location: "/new?x=1&y=2" },
    { path: "/section?y=2", status: 301, location: "/new?x=1&y=2#part" },
    { path: "/section", status: 301, location: "/new?x=1#part" },
    { path: "/route?y=2", status: 301, location: "/app?y=2#/part?x=1" },
    { path: "/pictures/a%20b/%C3%BC?x", status: 301, location: "/photos/a%20b/%C3%BC?x" },
    { path: "/2009/07", status: 301, location: "/07-2009" },
    { path: "/shop/se", status: 301, location: "https://se.example.org/shop" },
    { path: "/shop/a@b:c", status: 301, location: "https://a%40b%3Ac.example.org/shop" },
    { path: "/any/a%0d%0aSet-Cookie:b", status: 301, location: "/a%0D%0ASet-Cookie%3Ab" },
  ];
  test.each(cases)("$path leads to $location", async ({ path, status, location }) => {
    const answer = await ask(handlers, `GET ${path}`);
    expect(answer.status).toBe(status);
    expect(answer.header("Location")).toEqual([location]);
  });

  const elsewhere = ["/any//evil.com", "/any/%2fevil.com", "/shop/evil.com/", "/shop/evil.com%2f"];
  test.each(elsewhere)("%s leads nowhere", async (path) => {
    expect((await ask(handlers, `GET ${path}`)).status).toBe(404);
  });

  test("only GET and HEAD are redirected", async () => {
    expect((await ask(handlers, "POST /old")).status).toBe(405);
  });
});
