/** The spider of demos/webspider visits a site of ours, as a program of its own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { type Program, startProgram } from "../support/program.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";

const pages: Record<string, string> = {
  "/": '<a href="/a">a</a> <a class="x" href=\'b?x=1&amp;y=2\'>b</a> <a href="/picture">p</a>',
  "/a": '<A HREF="/">back</A> <a href="#top">top</a> <a href="/nowhere">n</a>',
  "/b": '<a href="http://elsewhere.example/">e</a> <a href="deep/er">d</a> <a href="http://[">x</a>',
  "/beyond": "the end",
  "/deep/er":
    '<a href="../a#there">a</a> <a href="/latin">l</a> <a href="javascript:alert(1)">j</a>',
};

class Page extends RequestHandler {
  get(path = ""): void {
    if (path === "/picture") {
      this.setHeader("Content-Type", "image/png");
      this.write('<a href="/hidden">');
      return;
    }
    if (path === "/latin") {
      this.setHeader("Content-Type", "text/html; charset=ISO-8859-1");
      this.write(Buffer.from('caf\xe9 <a href="/beyond">b</a>', "latin1"));
      return;
    }
    const page = pages[path];
    if (page === undefined) this.setStatus(404);
    this.write(page ?? "nothing");
  }
}

const application = new Application([["(/.*)", Page]], { logFunction: () => undefined });
const server = new HTTPServer(application, { loop: runtimeLoop });
let spider: Program | undefined;

beforeAll(() => server.listen(0, "127.0.0.1"));

afterAll(async () => {
  await spider?.end();
  server.stop();
});

test("finds every page once, and the dead link", async () => {
  const url = `http://127.0.0.1:${server.addresses[0]?.port}/`;
  const file = new URL("../../demos/webspider/webspider.ts", import.meta.url);
  spider = startProgram(file, { args: [url] });
  await spider.says(/pages in/);
  const lines = spider.output.trim().split("\n");
  const found = lines.slice(0, -2).map((line) => line.slice(url.length - 1));
  expect(found.sort()).toEqual([
    "/",
    "/a",
    "/b?x=1&y=2",
    "/beyond",
    "/deep/er",
    "/latin",
    "/picture",
  ]);
  expect(lines.at(-2)).toBe(`${url}nowhere: HTTP 404: Not Found`);
  expect(lines.at(-1)).toMatch(/^7 pages in \d+\.\d s, 1 dead links$/);
  expect(await spider.ended).toBe(0);
});
