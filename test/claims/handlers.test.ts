/**
 * What Tornado's own introduction says of handlers, as tests: its examples in our words. `C…` are
 * the claims that the examples make, in their order.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { Locale } from "../../src/locale.ts";
import { setLogLevel } from "../../src/log.ts";
import { DictLoader } from "../../src/template.ts";
import {
  Application,
  asynchronous,
  authenticated,
  HTTPError,
  RequestHandler,
  type RuleLike,
} from "../../src/web.ts";
import { ask, parseAnswer, requestText } from "../support/ask.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { Client, serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class MainHandler extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

describe("C10: hello world", () => {
  const application = new Application([["/", MainHandler]]);

  async function fetched(server: HTTPServer, loop: IOLoop): Promise<string> {
    const client = new Client();
    const port = server.addresses[0]?.port ?? 0;
    await loop.tcp.connect({ host: "127.0.0.1", port }, (socket) => {
      client.socket = socket;
      return client;
    });
    client.send(requestText("GET /", { headers: { Connection: "close" } }));
    return parseAnswer(await client.rest()).body;
  }

  test("with an HTTPServer of one's own", async () => {
    const loop = new IOLoop(createFakeHost());
    const server = new HTTPServer(application, { loop });
    await server.listen(0);
    expect(await fetched(server, loop)).toBe("Hello, world");
  });

  test("with app.listen", async () => {
    const loop = new IOLoop(createFakeHost());
    const server = await application.listen(0, "127.0.0.1", { loop });
    expect(await fetched(server, loop)).toBe("Hello, world");
  });
});

describe("C14: groups of the path", () => {
  class StoryHandler extends RequestHandler {
    get(storyId: string): void {
      this.write(`You requested the story ${storyId}`);
    }
  }
  const rules: RuleLike[] = [
    ["/", MainHandler],
    ["/story/([0-9]+)", StoryHandler],
  ];

  test("are arguments of the method", async () => {
    expect((await ask(rules, "GET /story/42")).body).toBe("You requested the story 42");
    expect((await ask(rules, "GET /story/x")).status).toBe(404);
  });
});

test("C15: a form is shown, and what it sends is written", async () => {
  const form =
    '<html><body><form action="/" method="post">' +
    '<input type="text" name="message">' +
    '<input type="submit" value="Submit">' +
    "</form></body></html>";
  class Form extends RequestHandler {
    get(): void {
      this.write(form);
    }
    post(): void {
      this.setHeader("Content-Type", "text/plain");
      this.write(`You wrote ${this.getArgument("message")}`);
    }
  }
  expect((await ask([["/", Form]], "GET /")).body).toBe(form);
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await ask([["/", Form]], "POST /", { headers, body: "message=a+%26+b" });
  expect(answer.body).toBe("You wrote a & b");
  expect(answer.header("Content-Type")).toEqual(["text/plain"]);
});

test("C16: uploads are in request.files, a list for each name", async () => {
  class Upload extends RequestHandler {
    post(): object {
      const [file] = this.request.files.get("photo") ?? [];
      const { filename, contentType, body } = file ?? {};
      return { filename, contentType, body: String(body?.length) };
    }
  }
  const form = new FormData();
  form.append("photo", new Blob(["bytes"], { type: "image/png" }), "me.png");
  const application = new Application([["/", Upload]]);
  const answer = await application.request("/", { method: "POST", body: form });
  expect(await answer.json()).toEqual({ filename: "me.png", contentType: "image/png", body: "5" });
});

test("C17: HTTPError(403) is answered 403", async () => {
  class Forbidden extends RequestHandler {
    get(): void {
      if (this.request.path === "/") throw new HTTPError(403);
    }
  }
  expect((await ask([["/", Forbidden]], "GET /")).status).toBe(403);
});

describe("C18: each request", () => {
  test("makes a handler, then calls initialize, prepare and the verb", async () => {
    const seen: unknown[] = [];
    class Profile extends RequestHandler {
      override initialize(options: { database: string }): void {
        seen.push(this, options.database);
      }
      override prepare(): void {
        seen.push("prepare");
      }
      get(username: string): void {
        seen.push(`get ${username}`);
      }
    }
    const rules: RuleLike[] = [["/user/(.*)", Profile, { database: "db" }]];
    await ask(rules, "GET /user/ben");
    await ask(rules, "GET /user/amy");
    expect(seen.slice(1, 4)).toEqual(["db", "prepare", "get ben"]);
    expect(seen[4]).not.toBe(seen[0]);
  });

  test.each(["finish", "sendError"] as const)("ends in prepare after %s", async (ending) => {
    class Gate extends MainHandler {
      override prepare(): void {
        if (ending === "finish") this.finish("stopped");
        else this.sendError(503);
      }
    }
    expect((await ask([["/", Gate]], "GET /")).body).not.toContain("Hello");
  });
});

describe("C19: what can be overridden", () => {
  test("getErrorHtml, and writeError before it", async () => {
    class Old extends RequestHandler {
      get(): void {
        throw new HTTPError(404, "", { reason: "Gone & lost" });
      }
      override getErrorHtml(status: number, details: { error?: unknown }): string {
        return `error ${status} ${(details.error as HTTPError).reason}`;
      }
    }
    expect(await ask([["/", Old]], "GET /")).toMatchObject({
      status: 404,
      body: "error 404 Gone & lost",
    });
    class New extends Old {
      override writeError(status: number): void {
        this.finish({ status });
      }
    }
    expect((await ask([["/", New]], "GET /")).body).toBe('{"status":404}');
  });

  test("getCurrentUser and getLoginUrl", async () => {
    class Own extends MainHandler {
      static override guards = { get: authenticated };
      override getCurrentUser(): boolean {
        return this.request.query === "in";
      }
      override getLoginUrl(): string {
        return "/own";
      }
    }
    expect((await ask([["/", Own]], "GET /?in")).body).toBe("Hello, world");
    expect((await ask([["/", Own]], "GET /")).header("Location")).toEqual(["/own?next=%2F"]);
  });

  test("getUserLocale, undefined for the browser's", async () => {
    class Own extends RequestHandler {
      get(): void {
        this.write(this.locale.code);
      }
      override getUserLocale(): Locale | undefined {
        return this.request.query === "own" ? Locale.get("en_US") : undefined;
      }
    }
    expect((await ask([["/", Own]], "GET /?own")).body).toBe("en_US");
    expect((await ask([["/", Own]], "GET /")).body).toBe("en_US");
  });

  test("getTemplatePath", async () => {
    class Own extends RequestHandler {
      get(): void {
        this.render("template.html", { title: "Own", items: [] });
      }
      override getTemplatePath(): string {
        return import.meta.dirname;
      }
    }
    expect((await ask([["/", Own]], "GET /")).body).toContain("<title>Own</title>");
  });

  test("decodeArgument, for arguments and groups that are no UTF-8", async () => {
    class Latin extends RequestHandler {
      get(group: string): void {
        this.write(group + this.getArgument("a"));
      }
      override decodeArgument(value: Uint8Array): string {
        return String.fromCharCode(...value);
      }
    }
    const answer = await new Application([["/(.*)", Latin]]).request("/%e4?a=%f6");
    expect(await answer.text()).toBe("äö");
  });
});

/** Stands for another server that answers a little later. */
function fetchEntries(path: string): Promise<{ entries: unknown[] }> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      if (path === "/feed") resolve({ entries: [1, 2, 3] });
      else reject(new Error("cannot fetch"));
    }, 1);
  });
}

describe("C20: asynchronous", () => {
  test("keeps the response open until finish, after get has returned", async () => {
    class Waiting extends RequestHandler {
      static override guards = { get: asynchronous };
      get(): void {
        fetchEntries("/feed").then(({ entries }) => {
          this.write(`Fetched ${entries.length}`);
          this.finish();
        });
      }
    }
    expect((await ask([["/", Waiting]], "GET /")).body).toBe("Fetched 3");
  });

  test("without finish the client waits", async () => {
    let returned = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      returned = resolve;
    });
    class Forgetful extends RequestHandler {
      static override guards = { get: asynchronous };
      get(): void {
        this.write("never sent");
        setTimeout(returned, 5);
      }
    }
    const { connect } = await serve(new Application([["/", Forgetful]]));
    const client = await connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await done;
    expect(client.received).toBe("");
    client.socket?.abort();
  });
});

describe("C21: fetching from elsewhere", () => {
  class Entries extends RequestHandler {
    async get(): Promise<void> {
      const { entries } = await fetchEntries(this.request.path);
      this.write(`Fetched ${entries.length} entries from the FriendFeed API`);
    }
  }
  const rules: RuleLike[] = [["/.*", Entries]];

  test("answers once it is there, and 500 if it fails", async () => {
    expect((await ask(rules, "GET /feed")).body).toBe("Fetched 3 entries from the FriendFeed API");
    expect((await ask(rules, "GET /nothing")).status).toBe(500);
  });
});

test("C22: asyncCallback makes an answer of what a callback throws", async () => {
  class Calling extends RequestHandler {
    static override guards = { get: asynchronous };
    get(): void {
      setTimeout(
        this.asyncCallback(() => {
          throw new HTTPError(418);
        }),
        0,
      );
    }
  }
  expect((await ask([["/", Calling]], "GET /")).status).toBe(418);
});

test("C23: onConnectionClose is called when a waiting client goes", async () => {
  let gone = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  let started = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    started = resolve;
  });
  class Poll extends RequestHandler {
    async get(): Promise<void> {
      started();
      await closed;
    }
    override onConnectionClose(): void {
      gone();
    }
  }
  const { connect } = await serve(new Application([["/", Poll]]));
  const client = await connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await waiting;
  client.socket?.abort();
  await closed;
});

describe("templates", () => {
  const items = ["Item 1", "Item <2>"];

  test("C24: are found next to the file that renders them", async () => {
    class Items extends RequestHandler {
      get(): void {
        this.render("template.html", { title: "My title", items });
      }
    }
    const answer = await ask([["/", Items]], "GET /");
    expect(answer.body.replace(/\s*\n\s*/g, "\n")).toBe(
      '<html lang="en">\n<head>\n<title>My title</title>\n</head>\n<body>\n<ul>\n<li>Item 1</li>\n' +
        "<li>Item &lt;2&gt;</li>\n</ul>\n</body>\n</html>\n",
    );
  });

  const loader = new DictLoader({
    "base.html":
      "<title>{% block title %}Default title{% end %}</title>" +
      "{% for student in students %}{% block student %}{{ escape(student.name) }}{% end %};{% end %}",
    "bold.html":
      '{% extends "base.html" %}{% block title %}A bolder title{% end %}' +
      "{% block student %}<b>{{ escape(student.name) }}</b>{% end %}",
    "length.html":
      "{% if len(items) > 2 %}{{ items[0] }}{% else %}{{ len(items) }}{% end %}" +
      "{% set n = 2 %}{% while n > 0 %}{{ n }}{% set n -= 1 %}{% end %}" +
      "{% try %}{{ items.x.y }}{% except %}!{% end %}",
    "add.html": "{{ add(1, 2) }}",
    "broken.html": "fine\n{{ add(1) }}\n{{ nothing.at.all }}",
  });

  test("C25: have if, for, while, try, and inherit blocks", () => {
    const students = [{ name: "<Ben>" }, { name: "Amy" }];
    expect(loader.load("bold.html").generate({ students })).toBe(
      "<title>A bolder title</title><b>&lt;Ben&gt;</b>;<b>Amy</b>;",
    );
    expect(loader.load("length.html").generate({ items: [1, 2] })).toBe("221!");
    expect(loader.load("length.html").generate({ items: [7, 8, 9] })).toBe("721!");
  });

  test("C26: call functions that they are given", async () => {
    class Adding extends RequestHandler {
      get(): void {
        this.render("add.html", { add: this.add });
      }
      add(x: number, y: number): number {
        return x + y;
      }
    }
    const answer = await ask([["/", Adding]], "GET /", { settings: { templateLoader: loader } });
    expect(answer.body).toBe("3");
  });

  test("C28: say which of their lines an error comes from", () => {
    const add = (x: number): number => x;
    expect(() => loader.load("broken.html").generate({ add, nothing: {} })).toThrow(
      expect.objectContaining({ stack: expect.stringContaining("at broken.html:3") }),
    );
  });
});
