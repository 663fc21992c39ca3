/** JSON responses: they start from headers of their own, which must not show anywhere else. */

import { expect, test } from "vitest";
import { Application, RequestHandler } from "../../src/web.ts";
import { ask } from "../support/ask.ts";
import { serve } from "../support/server.ts";

const JSON_TYPE = "application/json; charset=UTF-8";
const HTML_TYPE = "text/html; charset=UTF-8";

class Both extends RequestHandler {
  get(kind: string): void {
    this.addHeader("X-Before", "1");
    if (kind === "own") this.setHeader("Content-Type", "text/plain");
    if (kind === "html") this.write("text");
    else this.write({ kind });
    if (kind === "late") this.setHeader("Content-Type", "application/problem+json");
    this.addHeader("X-After", "2");
  }
}

const application = new Application([["/([^/]*)", Both]]);

test.each([
  { path: "/json", type: JSON_TYPE },
  { path: "/html", type: HTML_TYPE },
  { path: "/own", type: JSON_TYPE },
  { path: "/late", type: "application/problem+json" },
])("$path is $type", async ({ path, type }) => {
  const answer = await ask(application, `GET ${path}`);
  expect(answer.header("Content-Type")).toEqual([type]);
  expect(answer.header("X-Before")).toEqual(["1"]);
  expect(answer.header("X-After")).toEqual(["2"]);
  expect(answer.header("Date")).toHaveLength(1);
  expect(answer.header("Server")).toHaveLength(1);
});

test("both on one connection", async () => {
  const { exchange } = await serve(application);
  const paths = ["json", "html", "json", "html"];
  const wire = paths.map((path) => `GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
  const types = (await exchange(wire)).match(/(?<=Content-Type: ).*(?=\r)/g);
  expect(types).toEqual([JSON_TYPE, HTML_TYPE, JSON_TYPE, HTML_TYPE]);
});

test("a part of a path is decoded whatever signs it has", async () => {
  class Echo extends RequestHandler {
    get(part: string): void {
      this.write({ part });
    }
  }
  class Own extends RequestHandler {
    override decodeArgument(value: Uint8Array): string {
      return `<${value.length}>`;
    }
    get(part: string): void {
      this.write({ part });
    }
  }
  const routes = new Application([
    ["/echo/(.*)", Echo],
    ["/own/(.*)", Own],
  ]);
  const part = async (path: string) => JSON.parse((await ask(routes, `GET ${path}`)).body).part;
  expect(await part("/echo/plain+~!")).toBe("plain+~!");
  expect(await part("/echo/a%20b%2525%zz")).toBe("a b%25%zz");
  // The answer is read a character a byte.
  expect(await part("/echo/%C3%BC")).toBe("\u00c3\u00bc");
  expect(await part("/echo/")).toBe("");
  expect(await part("/own/abc")).toBe("<3>");
  expect((await ask(routes, "GET /echo/%ff")).status).toBe(400);
});
