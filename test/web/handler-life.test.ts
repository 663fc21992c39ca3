/** The hooks of a handler in their order, and what becomes of its exceptions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import { Application, Finish, HTTPError, RequestHandler } from "../../src/web.ts";
import { ask } from "../support/ask.ts";
import { serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

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

  // What cannot be finished with is an error like any other, also where nobody is left to throw to.
  const unfinishable: readonly [name: string, end: (handler: RequestHandler) => never][] = [
    [
      "a chunk that cannot be written",
      () => {
        throw new Finish([1, 2]);
      },
    ],
    [
      "a body that the status forbids",
      (handler) => {
        handler.setStatus(204);
        throw new Finish("body");
      },
    ],
  ];
  test.each(unfinishable)("Finish with %s is 500", async (_name, end) => {
    class Ends extends RequestHandler {
      get(): void {
        end(this);
      }
      async post(): Promise<void> {
        await Promise.resolve();
        end(this);
      }
      override writeError(status: number): void {
        this.finish(`page ${status}`);
      }
    }
    const expected = { status: 500, body: "page 500" };
    expect(await ask([["/", Ends]], "GET /")).toMatchObject(expected);
    expect(await ask([["/", Ends]], "POST /")).toMatchObject(expected);
  });

  test("Finish of a hook that finishing calls is 500", async () => {
    class Ends extends RequestHandler {
      async get(): Promise<string> {
        await Promise.resolve();
        return "body";
      }
      override computeEtag(): never {
        throw new Finish();
      }
    }
    expect((await ask([["/", Ends]], "GET /")).status).toBe(500);
  });

  test("what initialize throws becomes the page that it says", async () => {
    class Refuses extends Hello {
      override initialize(): void {
        throw new HTTPError(403);
      }
      override writeError(status: number): void {
        this.finish(`refused with ${status}`);
      }
    }
    expect(await ask([["/", Refuses]], "GET /")).toMatchObject({
      status: 403,
      body: "refused with 403",
    });
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
