import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../src/log.ts";
import {
  Application,
  Finish,
  HTTPError,
  RequestHandler,
  type RuleLike,
  type Settings,
  streamRequestBody,
  URLSpec,
} from "../src/web.ts";
import { bytesOf, type Client, serve } from "./support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

interface Answer {
  status: number;
  head: string;
  body: string;
}

function parse(received: string): Answer {
  const end = received.indexOf("\r\n\r\n");
  const head = received.slice(0, end);
  return { status: Number(head.slice(9, 12)), head, body: received.slice(end + 4) };
}

function json(answer: Answer): unknown {
  return JSON.parse(new TextDecoder().decode(bytesOf(answer.body)));
}

/** Sends one request to an application and gives its answer. */
async function ask(
  handlers: RuleLike[],
  request: string,
  options: { headers?: string; body?: string; settings?: Settings } = {},
): Promise<Answer> {
  const { exchange } = await serve(new Application(handlers, options.settings));
  const length = options.body === undefined ? "" : `Content-Length: ${options.body.length}\r\n`;
  const head = `${request} HTTP/1.1\r\nHost: example.org\r\n${length}${options.headers ?? ""}\r\n`;
  return parse(await exchange(head + (options.body ?? "")));
}

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

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
    expect(head.head).toBe(get.head);
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
    expect(json(await ask(handlers, `GET ${path}`))).toEqual({ ids });
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
      parse(await exchange(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).body;
    expect(await at("WWW.other.org:8888")).toBe("other host");
    expect(await at("notother.org")).toBe("Hello, world");
  });

  test("rules nest, and lead to callbacks too", async () => {
    const nested: RuleLike[] = [["/in/.*", [["/in/deep", Hello]]]];
    expect((await ask(nested, "GET /in/deep")).body).toBe("Hello, world");
    expect((await ask(nested, "GET /in/other")).status).toBe(404);
  });

  test("reverseUrl fills a named rule's groups", () => {
    const application = new Application(handlers);
    expect(application.reverseUrl("post", 2026, "a/b ü")).toBe(
      "/post/2026/a%2Fb%20%C3%BC".replace("%2F", "/"),
    );
    expect(application.reverseUrl("dots")).toBe("/dots.txt");
    expect(() => application.reverseUrl("post", 1)).toThrow(/2 groups, got 1/);
    expect(() => application.reverseUrl("nobody")).toThrow(/nobody/);
    expect(() => application.reverseUrl("optional", 1)).toThrow(/more than text and groups/);
  });
});

describe("the life of a handler", () => {
  test("initialize, prepare, verb, onFinish, in this order", async () => {
    const trace: unknown[] = [];
    class Traced extends RequestHandler {
      override initialize(options: { database: string }): void {
        trace.push(options.database);
      }
      override prepare(): void {
        trace.push("prepare");
      }
      get(): void {
        trace.push("get");
      }
      override onFinish(): void {
        trace.push("onFinish");
      }
    }
    await ask([["/", Traced, { database: "db" }]], "GET /");
    expect(trace).toEqual(["db", "prepare", "get", "onFinish"]);
  });

  test("prepare may be async, and may finish", async () => {
    class Gate extends Hello {
      override async prepare(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (this.request.query === "stop") this.finish("stopped");
      }
    }
    expect((await ask([["/", Gate]], "GET /")).body).toBe("Hello, world");
    expect((await ask([["/", Gate]], "GET /?stop")).body).toBe("stopped");
  });

  test("what a verb's method returns is written, also when it is async", async () => {
    class Returns extends RequestHandler {
      async get(): Promise<object> {
        return { a: 1 };
      }
      post(): string {
        return "text";
      }
    }
    const answer = await ask([["/", Returns]], "GET /");
    expect(answer.body).toBe('{"a": 1}'.replace(" ", ""));
    expect(answer.head).toContain("Content-Type: application/json; charset=UTF-8");
    expect((await ask([["/", Returns]], "POST /")).body).toBe("text");
  });

  const failures = [
    { name: "HTTPError", error: new HTTPError(403, "secret"), status: 403, reason: "Forbidden" },
    {
      name: "any exception",
      error: new Error("secret"),
      status: 500,
      reason: "Internal Server Error",
    },
    {
      name: "a reason",
      error: new HTTPError(400, "", { reason: "No & no" }),
      status: 400,
      reason: "No & no",
    },
    {
      name: "an injected reason",
      error: new HTTPError(400, "", { reason: "a\r\nX: y" }),
      status: 400,
      reason: "Unknown",
    },
    {
      name: "markup in a reason",
      error: new HTTPError(400, "", { reason: "<b>" }),
      status: 400,
      reason: "Unknown",
    },
  ];
  test.each(failures)("$name becomes a page", async ({ error, status, reason }) => {
    for (const verb of ["GET", "POST"]) {
      class Fails extends RequestHandler {
        get(): void {
          this.write("lost");
          this.setHeader("X-Lost", "1");
          throw error;
        }
        async post(): Promise<void> {
          await Promise.resolve();
          throw error;
        }
      }
      const answer = await ask([["/", Fails]], `${verb} /`);
      expect(answer.head).toContain(`HTTP/1.1 ${status} ${reason}\r\n`);
      const title = `${status}: ${reason.replace("&", "&amp;")}`;
      expect(answer.body).toBe(`<html><title>${title}</title><body>${title}</body></html>`);
      expect(answer.head).not.toContain("X-Lost");
    }
  });

  test("Finish ends with what is there", async () => {
    class Ends extends RequestHandler {
      get(): void {
        this.setStatus(202);
        throw new Finish({ done: true });
      }
    }
    expect(await ask([["/", Ends]], "GET /")).toMatchObject({ status: 202, body: '{"done":true}' });
  });

  test("an exception in the constructor or initialize is 500", async () => {
    class Broken extends Hello {
      override initialize(): void {
        throw new Error("on purpose");
      }
    }
    expect((await ask([["/", Broken]], "GET /")).status).toBe(500);
  });

  test("an exception in writeError or logException still gives an answer", async () => {
    class Worse extends RequestHandler {
      get(): void {
        throw new Error("on purpose");
      }
      override writeError(): void {
        throw new Error("again");
      }
      override logException(): void {
        throw new Error("and again");
      }
    }
    expect(await ask([["/", Worse]], "GET /")).toMatchObject({ status: 500, body: "" });
  });

  test("an exception after a flush breaks the connection off: the answer is not complete", async () => {
    class Half extends RequestHandler {
      async get(): Promise<void> {
        this.write("half");
        await this.flush();
        throw new Error("on purpose");
      }
    }
    const { connect } = await serve(new Application([["/", Half]]));
    const client = await connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(() => client.closed);
    expect(client.received).not.toContain("\r\n0\r\n");
  });

  test("onConnectionClose is called when the client goes, and writing is harmless then", async () => {
    const trace: string[] = [];
    let handler: Poll | undefined;
    class Poll extends RequestHandler {
      async get(): Promise<void> {
        handler = this;
        this.write("first");
        await this.flush();
        await new Promise<void>((resolve) => {
          this.release = resolve;
        });
        this.write("second");
        await this.flush();
        trace.push("not reached");
      }
      release = (): void => undefined;
      override onConnectionClose(): void {
        trace.push("closed");
      }
      override onFinish(): void {
        trace.push("finished");
      }
    }
    const { connect } = await serve(new Application([["/", Poll]]));
    const client = await connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(() => client.received.includes("first"));
    client.socket?.abort();
    await client.until(() => trace.includes("closed"));
    handler?.release();
    await client.until(() => trace.includes("finished"));
    expect(trace).toEqual(["closed", "finished"]);
  });
});

describe("writing", () => {
  test("text, bytes and objects, as UTF-8", async () => {
    class Mixed extends RequestHandler {
      get(): void {
        this.write("grü");
        this.write(Uint8Array.of(0, 255));
        this.write("ß");
      }
    }
    const answer = await ask([["/", Mixed]], "GET /");
    expect(answer.body).toBe("gr\xc3\xbc\0\xff\xc3\x9f");
    expect(answer.head).toContain("Content-Length: 8");
  });

  test("arrays and other values are refused", async () => {
    for (const value of [[1], 5, null, true]) {
      class Wrong extends RequestHandler {
        get(): void {
          this.write(value as object);
        }
      }
      expect((await ask([["/", Wrong]], "GET /")).status).toBe(500);
    }
  });

  test("flush sends parts, chunked; finish sends the rest", async () => {
    class Parts extends RequestHandler {
      async get(): Promise<void> {
        for (const part of ["one", "two"]) {
          this.write(part);
          await this.flush();
        }
        this.write("end");
      }
    }
    const answer = await ask([["/", Parts]], "GET /");
    expect(answer.head).toContain("Transfer-Encoding: chunked");
    expect(answer.head).not.toContain("Content-Length");
    expect(answer.body).toBe("3\r\none\r\n3\r\ntwo\r\n3\r\nend\r\n0\r\n\r\n");
  });

  test("a large body arrives whole", async () => {
    const text = "0123456789abcdef".repeat(200_000);
    class Large extends RequestHandler {
      get(): void {
        this.write(text);
      }
      post(): void {
        this.write(this.request.body);
      }
    }
    expect((await ask([["/", Large]], "GET /")).body === text).toBe(true);
    expect((await ask([["/", Large]], "POST /", { body: text })).body === text).toBe(true);
  });

  const injections = [
    ["X", "a\r\nSet-Cookie: b=1"],
    ["X", "a\nb"],
    ["X", "a\0"],
    ["X", "\x7f"],
    ["X", "ā"],
    ["X Y", "a"],
    ["X:", "a"],
    ["", "a"],
  ] as const;
  test.each(injections)("header %j: %j is refused when it is set", async (name, value) => {
    let thrown: unknown;
    class Injects extends RequestHandler {
      get(): void {
        for (const set of ["setHeader", "addHeader"] as const) {
          try {
            this[set](name, value);
          } catch (error) {
            thrown = error;
          }
        }
      }
    }
    const answer = await ask([["/", Injects]], "GET /");
    expect(thrown).toMatchObject({ name: "HTTPOutputError" });
    expect(answer.head).not.toContain("Set-Cookie");
  });

  test("headers are set, added, replaced and removed, defaults too", async () => {
    class Heads extends RequestHandler {
      override setDefaultHeaders(): void {
        this.setHeader("Server", "mine");
      }
      get(): void {
        this.setHeader("x-a", 1);
        this.addHeader("X-A", "2");
        this.setHeader("X-B", new Date(0));
        this.clearHeader("content-type");
      }
    }
    const { head } = await ask([["/", Heads]], "GET /");
    expect(head).toContain("X-A: 1\r\nX-A: 2\r\nX-B: Thu, 01 Jan 1970 00:00:00 GMT");
    expect(head).toContain("Server: mine");
    expect(head).not.toContain("Content-Type");
    expect(head.match(/^Server:/gm)).toHaveLength(1);
  });

  test("redirect", async () => {
    class Goes extends RequestHandler {
      get(): void {
        this.redirect("/there", { permanent: this.request.query === "permanent" });
      }
    }
    const answer = await ask([["/", Goes]], "GET /");
    expect(answer.status).toBe(302);
    expect(answer.head).toContain("Location: /there");
    expect((await ask([["/", Goes]], "GET /?permanent")).status).toBe(301);
  });

  test("204 and 304 have no body and no length", async () => {
    class Empty extends RequestHandler {
      get(): void {
        this.setStatus(204);
      }
      post(): void {
        this.setStatus(204);
        this.write("x");
      }
    }
    const answer = await ask([["/", Empty]], "GET /");
    expect(answer.head).not.toMatch(/Content-|Transfer-/);
    expect((await ask([["/", Empty]], "POST /")).status).toBe(500);
  });
});

describe("entity tags", () => {
  test("a matching If-None-Match is answered 304", async () => {
    const first = await ask([["/", Hello]], "GET /");
    const etag = /Etag: (.*)/.exec(first.head)?.[1] as string;
    for (const value of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask([["/", Hello]], "GET /", { headers: `If-None-Match: ${value}\r\n` });
      expect(again).toMatchObject({ status: 304, body: "" });
      expect(again.head).toContain(`Etag: ${etag}`);
      expect(again.head).not.toContain("Content-Type");
    }
    const other = await ask([["/", Hello]], "GET /", { headers: 'If-None-Match: "x"\r\n' });
    expect(other.status).toBe(200);
  });

  test("they can be switched off, for all or for one handler", async () => {
    const off = await ask([["/", Hello]], "GET /", { settings: { etag: false } });
    expect(off.head).not.toContain("Etag");
    class Own extends Hello {
      override computeEtag(): string {
        return '"mine"';
      }
    }
    expect((await ask([["/", Own]], "GET /")).head).toContain('Etag: "mine"');
  });
});

describe("arguments", () => {
  class Asks extends RequestHandler {
    get(): void {
      this.write({
        last: this.getArgument("a", { default: "none" }),
        all: this.getArguments("a"),
        query: this.getQueryArguments("a"),
        body: this.getBodyArguments("a"),
      });
    }
    post = this.get;
    put(): void {
      this.write(this.getArgument("missing"));
    }
    patch(): void {
      this.write({ got: this.request.json() as object });
    }
  }
  const handlers: RuleLike[] = [["/", Asks]];
  const form = "Content-Type: application/x-www-form-urlencoded\r\n";

  test("of the query and of a form, the last one wins", async () => {
    const answer = await ask(handlers, "POST /?a=1&a=+2%20&b=", {
      headers: form,
      body: "a=%C3%BC",
    });
    expect(json(answer)).toEqual({
      last: "ü",
      all: ["1", "2", "ü"],
      query: ["1", "2"],
      body: ["ü"],
    });
  });

  test("a default, and 400 without one", async () => {
    expect(JSON.parse((await ask(handlers, "GET /")).body)).toMatchObject({
      last: "none",
      all: [],
    });
    expect((await ask(handlers, "PUT /")).status).toBe(400);
  });

  test("control characters become spaces; bad UTF-8 is 400", async () => {
    expect(JSON.parse((await ask(handlers, "GET /?a=x%00y")).body)).toMatchObject({ last: "x y" });
    expect((await ask(handlers, "GET /?a=%ff")).status).toBe(400);
  });

  test("too many arguments are 400", async () => {
    expect((await ask(handlers, `GET /?${"a&".repeat(1001)}`)).status).toBe(400);
  });

  test("JSON, or why it is not", async () => {
    const json = { headers: "Content-Type: application/json\r\n" };
    const good = await ask(handlers, "PATCH /", { ...json, body: '{"x": [1]}' });
    expect(JSON.parse(good.body)).toEqual({ got: { x: [1] } });
    expect((await ask(handlers, "PATCH /", { ...json, body: "{" })).status).toBe(400);
    expect((await ask(handlers, "PATCH /", { headers: form, body: "{}" })).status).toBe(415);
  });
});

describe("forms of several parts", () => {
  class Upload extends RequestHandler {
    post(): void {
      const files = this.request.files.get("f") ?? [];
      this.write({
        title: this.getBodyArgument("title"),
        files: files.map((file) => [file.filename, file.contentType, file.body.length]),
      });
    }
  }
  const type = { headers: "Content-Type: multipart/form-data; boundary=b\r\n" };
  const disposition = "Content-Disposition: form-data; name=";

  test("give arguments and files", async () => {
    const body = `--b\r\n${disposition}title\r\n\r\nx\r\n--b\r\n${disposition}f; filename=a\r\n\r\nabc\r\n--b--`;
    expect(json(await ask([["/", Upload]], "POST /", { ...type, body }))).toEqual({
      title: "x",
      files: [["a", "application/unknown", 3]],
    });
  });

  test("that are malformed are 400, with one line in the log", async () => {
    const lines: string[] = [];
    class Logged extends Upload {
      override logException(error: unknown): void {
        lines.push(String(error));
      }
    }
    const body = "--b\r\nx\r\n".repeat(5000);
    expect((await ask([["/", Logged]], "POST /", { ...type, body })).status).toBe(400);
    expect(lines).toHaveLength(1);
  });
});

describe("streamed bodies", () => {
  class Counts extends RequestHandler {
    size = 0;
    parts = 0;
    override async prepare(): Promise<void> {
      await Promise.resolve();
      if (this.request.query === "small") this.request.connection.setMaxBodySize(4);
      if (this.request.query === "no") throw new HTTPError(403);
    }
    override async dataReceived(chunk: Uint8Array): Promise<void> {
      this.size += chunk.length;
      this.parts++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    put(): void {
      this.write({ size: this.size, parts: this.parts });
    }
  }
  streamRequestBody(Counts);
  const handlers: RuleLike[] = [["/", Counts]];

  test("come in parts, and wait for the handler", async () => {
    const answer = await ask(handlers, "PUT /", { body: "x".repeat(1_000_000) });
    expect(JSON.parse(answer.body).size).toBe(1_000_000);
    expect(JSON.parse(answer.body).parts).toBeGreaterThan(1);
  });

  test("a limit of its own is held to", async () => {
    expect((await ask(handlers, "PUT /?small", { body: "12345" })).status).toBe(413);
  });

  test("prepare may answer before the body", async () => {
    expect((await ask(handlers, "PUT /?no", { body: "x".repeat(100_000) })).status).toBe(403);
  });

  test("parts stay as they were while a handler awaits and others are served", async () => {
    class Keeps extends RequestHandler {
      readonly texts: string[] = [];
      override async dataReceived(chunk: Uint8Array): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 5));
        this.texts.push(new TextDecoder().decode(chunk));
      }
      put(): void {
        this.write(this.texts.join(""));
      }
    }
    streamRequestBody(Keeps);
    const { exchange } = await serve(new Application([["/", Keeps]]));
    const bodies = ["a", "b", "c", "d"].map((letter) => letter.repeat(100));
    const received = await Promise.all(
      bodies.map((body) =>
        exchange(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${body}`),
      ),
    );
    expect(received.map((answer) => parse(answer).body)).toEqual(bodies);
  });

  test("a client that goes in the middle is noticed", async () => {
    const { connect } = await serve(new Application(handlers));
    const gone: Client = await connect();
    gone.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await new Promise((resolve) => setTimeout(resolve, 20));
    gone.socket?.abort();
    const next = await connect();
    next.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
    await next.until(() => next.received.includes('"size":1'));
  });
});

describe("entity tags of long bodies", () => {
  test("differ when the last byte differs, and do not depend on how it was written", async () => {
    const tags = new Set<string | undefined>();
    for (const last of ["a", "b"]) {
      for (const parts of [1, 2]) {
        class Long extends RequestHandler {
          get(): void {
            const text = "x".repeat(300_000) + last;
            const cut = parts === 1 ? text.length : 1000;
            this.write(text.slice(0, cut));
            if (cut < text.length) this.write(new TextEncoder().encode(text.slice(cut)));
          }
        }
        tags.add(/Etag: (.*)/.exec((await ask([["/", Long]], "GET /")).head)?.[1]);
      }
    }
    expect(tags.size).toBe(2);
  });
});
