import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  HTTPError,
  RequestHandler,
  type RequestHook,
  streamRequestBody,
} from "../../src/web.ts";
import { ask, jsonOf } from "../support/ask.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello");
  }
  post = this.get;
}

describe("app.use", () => {
  test("runs hooks around prepare and verb, the first outermost", async () => {
    const trace: string[] = [];
    class Traced extends RequestHandler {
      override prepare(): void {
        trace.push("prepare");
      }
      get(): string {
        trace.push("get");
        return "body";
      }
      override onFinish(): void {
        trace.push("onFinish");
      }
    }
    const application = new Application([["/", Traced]])
      .use(async (handler, next) => {
        trace.push("a in");
        await next();
        trace.push("a out");
        handler.setHeader("X-Status", handler.getStatus());
      })
      .use(async (_handler, next) => {
        trace.push("b in");
        await soon();
        await next();
        trace.push("b out");
      });
    const answer = await ask(application, "GET /");
    expect(answer.body).toBe("body");
    expect(answer.header("X-Status")).toEqual(["200"]);
    expect(trace).toEqual(["a in", "b in", "prepare", "get", "b out", "a out", "onFinish"]);
  });

  test("a hook may answer itself, or say nothing", async () => {
    const application = new Application([["/", Hello]]).use((handler, next) => {
      if (handler.request.query === "stop") handler.finish("stopped");
      else if (handler.request.query === "fail") throw new HTTPError(429);
      else if (handler.request.query !== "empty") return next();
      return undefined;
    });
    expect((await ask(application, "GET /")).body).toBe("Hello");
    expect((await ask(application, "GET /?stop")).body).toBe("stopped");
    expect((await ask(application, "GET /?fail")).status).toBe(429);
    expect(await ask(application, "GET /?empty")).toMatchObject({ status: 200, body: "" });
    expect((await ask(application, "GET /nowhere")).status).toBe(404);
  });

  test("a hook may catch what the handler throws", async () => {
    class Fails extends RequestHandler {
      get(): never {
        throw new Error("on purpose");
      }
    }
    const application = new Application([["/", Fails]]).use(async (handler, next) => {
      await next().catch((error) => handler.write(`caught: ${error.message}`));
    });
    expect((await ask(application, "GET /")).body).toBe("caught: on purpose");
  });

  test("a hook that does not wait for the rest is waited with", async () => {
    class Slow extends RequestHandler {
      async get(): Promise<string> {
        await soon();
        if (this.request.query === "fail") throw new HTTPError(418);
        return "body";
      }
    }
    const application = new Application([["/", Slow]]).use((_handler, next) => {
      next();
    });
    expect((await ask(application, "GET /")).body).toBe("body");
    expect((await ask(application, "GET /?fail")).status).toBe(418);
  });

  const deaf: readonly [name: string, hook: RequestHook][] = [
    ["sync", (_handler, next) => void next()],
    ["async", async (_handler, next) => void next()],
    [
      "slow",
      async (_handler, next) => {
        void next();
        await soon();
      },
    ],
  ];
  test.each(deaf)(
    "what is thrown is not lost on a hook that is %s and does not wait",
    async (_name, hook) => {
      class Refuses extends Hello {
        override prepare(): void {
          throw new HTTPError(403);
        }
      }
      const application = new Application([["/", Refuses]]).use(hook);
      expect((await ask(application, "GET /")).status).toBe(403);
      expect((await ask(application, "GET /nowhere")).status).toBe(404);
    },
  );

  test("a hook goes on once", async () => {
    let gets = 0;
    class Counted extends RequestHandler {
      get(): void {
        gets++;
      }
    }
    const application = new Application([["/", Counted]]).use(async (_handler, next) => {
      await next();
      await next();
    });
    expect((await ask(application, "GET /")).status).toBe(500);
    expect(gets).toBe(1);
    expect(() => application.use({} as never)).toThrow("Cannot use [object Object] as a hook");
  });

  test("hooks run for streamed bodies, and before the XSRF check", async () => {
    class Counts extends RequestHandler {
      size = 0;
      override dataReceived(chunk: Uint8Array): void {
        this.size += chunk.length;
      }
      post(): void {
        this.write({ size: this.size });
      }
    }
    streamRequestBody(Counts);
    let seen = 0;
    const application = new Application([["/", Counts]], { xsrfPolicy: "fetch-metadata" });
    application.use(async (_handler, next) => {
      seen++;
      await next();
    });
    expect(jsonOf(await ask(application, "POST /", { body: "12345" }))).toEqual({ size: 5 });
    const headers = { "Sec-Fetch-Site": "cross-site" };
    expect((await ask(application, "POST /", { body: "12345", headers })).status).toBe(403);
    expect(seen).toBe(2);
  });
});
