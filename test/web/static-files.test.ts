/** Which static files are served, under which names and versions, and which never are. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  Application,
  RequestHandler,
  type RuleLike,
  type Settings,
  StaticFileHandler,
} from "../../src/web.ts";
import { type Answer, ask, undatedHead } from "../support/ask.ts";
import { bytesOf } from "../support/server.ts";
import { DIGITS, LARGE, MODIFIED_DATE, staticRoot } from "../support/static-root.ts";

const { top, root, put, serveWith } = staticRoot();

beforeAll(() => {
  put("robots.txt", "User-agent: *\nDisallow: /\n");
  put("favicon.ico", "icon");
  put("digits.txt", DIGITS);
  put("empty.txt", "");
  put("large.bin", LARGE);
  put("sub/index.html", "<p>index</p>");
  put("sub/page.html", "<p>page</p>");
  put("name with ü & space.txt", "odd");
  put(".env", "SECRET=1");
  put(".git/config", "secret");
  put(".well-known/security.txt", "contact");
  put("a..b.txt", "dots");
  writeFileSync(join(top, "static_foo.txt"), "beside the root");
  mkdirSync(join(top, "outside"));
  writeFileSync(join(top, "outside", "secret.txt"), "outside");
  symlinkSync(join(top, "outside", "secret.txt"), join(root, "link.txt"));
  symlinkSync(join(top, "outside"), join(root, "linked"));
  symlinkSync(join(root, "digits.txt"), join(root, "inside.txt"));
  symlinkSync(join(top, "outside", "secret.txt"), join(root, "sub", "page.html.gz"));
  symlinkSync("loop", join(root, "loop"));
});

class Urls extends RequestHandler {
  get(path: string): void {
    const includeHost = this.request.query === "host";
    this.write(this.staticUrl(path, { includeHost, includeVersion: this.request.query !== "no" }));
  }
}

const app = (settings: Settings = {}): Application =>
  new Application([["/url/(.*)", Urls]], { staticPath: root, ...settings });
const get = (path: string, headers: Record<string, string> = {}, verb = "GET"): Promise<Answer> =>
  ask(app(), `${verb} ${path}`, { headers });

describe("files", () => {
  test.each([
    ["/s/(.*)", 200],
    ["/s/(?P<path>.*)", 200],
    ["/s/.*", 500],
    ["/s/(?<file>.*)", 500],
  ])("a rule of one's own has a group for the path: %s is %i", async (pattern, status) => {
    const rules: RuleLike[] = [[pattern, StaticFileHandler, { path: root }]];
    expect((await ask(rules, "GET /s/digits.txt")).status).toBe(status);
  });

  test("are served from staticPath, robots.txt and favicon.ico from the top too", async () => {
    const answer = await get("/robots.txt");
    expect(answer.body).toBe("User-agent: *\nDisallow: /\n");
    expect(answer.header("Content-Type")).toEqual(["text/plain"]);
    expect(answer.header("Content-Length")).toEqual(["26"]);
    expect(answer.header("Last-Modified")).toEqual([MODIFIED_DATE]);
    expect(answer.header("Accept-Ranges")).toEqual(["bytes"]);
    expect(answer.header("Cache-Control")).toEqual(["public, no-cache"]);
    expect(answer.header("Etag")[0]).toMatch(/^"[0-9a-f]{32}"$/);
    expect((await get("/static/robots.txt")).body).toBe(answer.body);
    expect((await get("/favicon.ico")).header("Content-Type")).toEqual([
      "image/vnd.microsoft.icon",
    ]);
  });

  test("large ones go out in parts, with the same entity tag each time", async () => {
    const first = await get("/static/large.bin");
    expect(Buffer.from(bytesOf(first.body)).equals(LARGE)).toBe(true);
    expect(first.header("Content-Length")).toEqual(["3000000"]);
    expect((await get("/static/large.bin")).header("Etag")).toEqual(first.header("Etag"));
  });

  test("empty ones too", async () => {
    expect(await get("/static/empty.txt")).toMatchObject({ status: 200, body: "" });
  });

  test("HEAD answers the same head", async () => {
    for (const path of ["/static/digits.txt", "/static/large.bin", "/static/empty.txt"]) {
      const head = await get(path, {}, "HEAD");
      expect(head.body).toBe("");
      expect(undatedHead(head)).toBe(undatedHead(await get(path)));
    }
  });

  test("other verbs are 405", async () => {
    const answer = await get("/static/robots.txt", {}, "POST");
    expect(answer.status).toBe(405);
    expect(answer.header("Allow")).toEqual(["GET, HEAD"]);
  });

  test("names are decoded once", async () => {
    expect((await get("/static/name%20with%20%C3%BC%20%26%20space.txt")).body).toBe("odd");
    expect((await get("/static/a..b.txt")).body).toBe("dots");
    expect((await get("/static/digits%252etxt")).status).toBe(404);
    expect((await get("/static/%ff.txt")).status).toBe(400);
  });

  test("a file that changes is served as it is now", async () => {
    put("changes.txt", "one");
    const first = await get("/static/changes.txt");
    put("changes.txt", "second");
    StaticFileHandler.reset();
    const second = await get("/static/changes.txt");
    expect([first.body, second.body]).toEqual(["one", "second"]);
    expect(first.header("Etag")).not.toEqual(second.header("Etag"));
  });

  test("the root may be a file: URL", async () => {
    const application = app({ staticPath: pathToFileURL(`${root}/`) });
    expect((await ask(application, "GET /static/digits.txt")).body).toBe(DIGITS);
  });

  const types = { "x.html": "text/html", "x.css": "text/css", "x.js": "text/javascript" };
  test.each(
    Object.entries({
      ...types,
      "x.JSON": "application/json",
      "x.tar.gz": "application/gzip",
      "x.bz2": "application/octet-stream",
      "x.unknown": "application/octet-stream",
      noextension: "application/octet-stream",
      "x.svg": "image/svg+xml",
      "x.woff2": "font/woff2",
      "x.wasm": "application/wasm",
    }),
  )("%s is %s", async (name, type) => {
    put(name, "x");
    expect((await get(`/static/${name}`)).header("Content-Type")).toEqual([type]);
  });
});

describe("what is not served", () => {
  const refused = [
    "/static/../static_foo.txt",
    "/static/%2e%2e/static_foo.txt",
    "/static/..%2fstatic_foo.txt",
    "/static/%2e%2e%2fstatic_foo.txt",
    "/static/sub/../../static_foo.txt",
    "/static/sub/../digits.txt",
    "/static/..",
    "/static/..\\static_foo.txt",
    "/static/..%5cstatic_foo.txt",
    "/static/sub%5cpage.html",
    "/static/sub%2fpage.html",
    "/static//etc/passwd",
    "/static/%2fetc/passwd",
    "/static///etc/passwd",
    "/static/link.txt",
    "/static/linked/secret.txt",
    "/static/linked",
    "/static/sub",
    "/static/sub/",
    "/static/",
    "/static/CON",
    "/static/nul.txt",
    "/static/sub/COM1.png",
    "/static/aux",
    "/static/LPT\u00b9".replace("\u00b9", "%C2%B9"),
    "/static/con:",
  ];
  test.each(refused)("%s is 403", async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(403);
    expect(answer.body).not.toContain("outside");
  });

  const missing = [
    "/static/nothing.txt",
    "/static/digits.txt/",
    "/static/digits.txt/x",
    "/static/.env",
    "/static/.git/config",
    "/static/sub//page.html",
    "/static/loop",
    "/static/%252e%252e/static_foo.txt",
    "/static/C:/windows",
    `/static/${"x".repeat(300)}`,
    `/static/${"x/".repeat(2100)}`,
    "/static",
    "/staticdigits.txt",
  ];
  test.each(missing)("%s is 404", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test.each(["/static/%00", "/static/digits.txt%00.html", "/static/a%0ab", "/static/%7f"])(
    "%s is 400",
    async (path) => {
      expect((await get(path)).status).toBe(400);
    },
  );

  test("symbolic links within the root are followed, others where that is wanted", async () => {
    expect((await get("/static/inside.txt")).body).toBe(DIGITS);
    const application = serveWith({ followSymlinks: true });
    expect((await ask(application, "GET /files/link.txt")).body).toBe("outside");
    expect((await ask(application, "GET /files/linked/secret.txt")).body).toBe("outside");
  });

  test("a compressed sibling that is a link out of the root is not", async () => {
    const answer = await get("/static/sub/page.html", { "Accept-Encoding": "gzip" });
    expect(answer.body).toBe("<p>page</p>");
  });

  test("files that begin with a dot are, where that is wanted, and .well-known always", async () => {
    expect((await ask(serveWith({ dotFiles: true }), "GET /files/.env")).body).toBe("SECRET=1");
    expect((await get("/static/.well-known/security.txt")).body).toBe("contact");
  });

  test("the root / serves everything, and a root that is not there nothing", async () => {
    const all = new Application([["/(.*)", StaticFileHandler, { path: "/" }]]);
    expect((await ask(all, `GET ${root}/digits.txt`)).body).toBe(DIGITS);
    const none = new Application([["/(.*)", StaticFileHandler, { path: join(top, "none") }]]);
    expect((await ask(none, "GET /digits.txt")).status).toBe(404);
  });
});

describe("default files", () => {
  const application = serveWith({ defaultFilename: "index.html" });

  test("are served for a folder with its slash; without it the client is sent there", async () => {
    expect((await ask(application, "GET /files/sub/")).body).toBe("<p>index</p>");
    expect((await ask(application, "GET /files/sub/")).header("Content-Type")).toEqual([
      "text/html",
    ]);
    const moved = await ask(application, "GET /files/sub?a=1");
    expect(moved.status).toBe(301);
    expect(moved.header("Location")).toEqual(["/files/sub/?a=1"]);
    expect((await ask(application, "GET /files/")).status).toBe(404);
  });

  test("never send anybody to another host", async () => {
    const everything = serveWith({ defaultFilename: "index.html" }, "/(.*)");
    for (const path of [`//evil.com/..${root}/sub`, "//evil.com/../sub", "//sub", "/\\sub"]) {
      const answer = await ask(everything, `GET ${path}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.header("Location")).toEqual([]);
    }
  });
});

describe("versions", () => {
  test("of a URL are the content's hash, and make what it leads to stay", async () => {
    const { body: url } = await get("/url/digits.txt");
    expect(url).toMatch(/^\/static\/digits\.txt\?v=[0-9a-f]{32}$/);
    const answer = await get(url);
    expect(answer.body).toBe(DIGITS);
    expect(answer.header("Cache-Control")).toEqual(["public, max-age=31536000, immutable"]);
    expect(Date.parse(answer.header("Expires")[0] ?? "")).toBeGreaterThan(Date.now() + 3e10);
    expect(answer.header("Etag")).toEqual([`"${url.split("=")[1]}"`]);
    expect((await get("/url/digits.txt")).body).toBe(url);
  });

  test("change with the content, once the program has started anew", async () => {
    put("version.txt", "one");
    const first = (await get("/url/version.txt")).body;
    put("version.txt", "second");
    expect((await get("/url/version.txt")).body).toBe(first);
    expect((await ask(app({ debug: true }), "GET /url/version.txt")).body).not.toBe(first);
    StaticFileHandler.reset();
    expect((await get("/url/version.txt")).body).not.toBe(first);
  });

  test("may be made otherwise, and left out", async () => {
    const settings: Settings = { staticHash: "sha512" };
    const url = (await ask(app(settings), "GET /url/digits.txt")).body;
    expect(url).toMatch(/v=[0-9a-f]{128}$/);
    const short = { ...settings, staticHashLength: 8 };
    expect((await ask(app(short), "GET /url/digits.txt")).body).toBe(url.slice(0, -120));
    expect((await get("/url/digits.txt?no")).body).toBe("/static/digits.txt");
    expect((await get("/url/digits.txt?host")).body).toMatch(/^http:\/\/example.org\/static\/d/);
    const prefix = { staticUrlPrefix: "/assets+/" };
    expect((await ask(app(prefix), "GET /url/digits.txt")).body).toMatch(/^\/assets\+\/digits/);
    expect((await ask(app(prefix), "GET /assets+/digits.txt")).body).toBe(DIGITS);
  });

  test("of files that are not there or outside are none", async () => {
    for (const path of ["nothing.txt", "sub", "a%20b"]) {
      expect((await get(`/url/${path}`)).body).toBe(`/static/${path}`);
    }
    expect((await get("/url/..%2fstatic_foo.txt")).body).toBe("/static/../static_foo.txt");
    expect((await ask([["/url/(.*)", Urls]], "GET /url/x")).status).toBe(500);
  });

  test("of long files come when they are known", async () => {
    expect((await get("/url/large.bin")).body).toBe("/static/large.bin");
    let url = "";
    for (let look = 0; look < 500 && !url.includes("?v="); look++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      url = (await get("/url/large.bin")).body;
    }
    expect((await get(url)).header("Etag")).toEqual([`"${url.split("=")[1]}"`]);
  });
});

describe("hooks", () => {
  class Virtual extends StaticFileHandler {
    static override getContent(path: string, start: number, end: number): Uint8Array {
      return new TextEncoder().encode(`content of ${path}`).subarray(start, end);
    }
    override async validateAbsolutePath(_root: string, path: string): Promise<string> {
      return path;
    }
    override getContentSize(): number {
      return `content of ${this.absolutePath}`.length;
    }
    override getContentVersion(): string {
      return "42";
    }
    override getModifiedTime(): undefined {
      return undefined;
    }
    override getCacheTime(): number {
      return 60;
    }
    override setExtraHeaders(path: string): void {
      this.setHeader("X-Path", path);
    }
    static override getVersion(): string {
      return "42";
    }
  }

  test("let content come from elsewhere", async () => {
    const settings: Settings = { staticHandlerClass: Virtual };
    const answer = await ask(app(settings), "GET /static/a/b.txt");
    expect(answer.body).toBe(`content of ${join(root, "a/b.txt")}`);
    expect(answer.header("Etag")).toEqual(['"42"']);
    expect(answer.header("Cache-Control")).toEqual(["public, max-age=60, immutable"]);
    expect(answer.header("X-Path")).toEqual(["a/b.txt"]);
    expect(answer.header("Last-Modified")).toEqual([]);
    const part = await ask(app(settings), "GET /static/x", { headers: { Range: "bytes=0-6" } });
    expect(part.body).toBe("content");
    expect((await ask(app(settings), "GET /url/x")).body).toBe("/static/x?v=42");
    expect((await ask(app(settings), "GET /static/../x")).status).toBe(403);
  });
});

test("a file that becomes shorter while it is sent breaks the connection off", async () => {
  put("shrinks.bin", new Uint8Array(2_000_000));
  class Shrinks extends StaticFileHandler {
    override setExtraHeaders(): void {
      writeFileSync(join(root, "shrinks.bin"), "short");
    }
  }
  const application = new Application([["/(.*)", Shrinks, { path: root }]]);
  const response = await application.request("/shrinks.bin");
  await expect(response.arrayBuffer()).rejects.toThrow();
});
