/** Hooks that are async although nobody waits for them, or although somebody has to. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LogRecord, type Sink, setLogLevel, setSinks } from "../../src/log.ts";
import { DictLoader } from "../../src/template.ts";
import {
  Application,
  HTTPError,
  RequestHandler,
  type RuleLike,
  StaticFileHandler,
  streamRequestBody,
} from "../../src/web.ts";
import { ask, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";
import { until } from "../support/until.ts";

let earlier: readonly Sink[];
let records: LogRecord[];
beforeEach(() => {
  records = [];
  setLogLevel("warning");
  earlier = setSinks({ write: (record) => records.push(record) });
});
afterEach(() => setSinks(...earlier));

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const failing = async (): Promise<never> => {
  await soon();
  throw new Error("as the test wants it");
};
const logged = (text: string): boolean => records.some(({ message }) => message.includes(text));

describe("what an async hook rejects with is logged, and ends nothing", () => {
  test("onFinish", async () => {
    class Ends extends RequestHandler {
      get(): string {
        return "body";
      }
      override onFinish(): Promise<never> {
        return failing();
      }
    }
    expect((await ask([["/", Ends]], "GET /")).body).toBe("body");
    await until(() => logged("Uncaught exception in onFinish"));
  });

  test("onConnectionClose", async () => {
    let waits = false;
    class Waits extends RequestHandler {
      get(): Promise<void> {
        waits = true;
        return new Promise(() => undefined);
      }
      override onConnectionClose(): Promise<never> {
        return failing();
      }
    }
    const { connect } = await serve(new Application([["/", Waits]]));
    const client = await connect();
    client.send(requestText("GET /"));
    await until(() => waits);
    client.socket?.abort();
    await until(() => logged("Uncaught exception in onConnectionClose"));
  });

  test("logFunction", async () => {
    class Hello extends RequestHandler {
      get(): string {
        return "body";
      }
    }
    const settings = { logFunction: failing };
    expect((await ask([["/", Hello]], "GET /", { settings })).body).toBe("body");
    await until(() => logged("Uncaught exception in logFunction"));
  });
});

test("what an async logException rejects with is logged, and ends nothing", async () => {
  class Fails extends RequestHandler {
    get(): void {
      throw new HTTPError(409);
    }
    override logException(): Promise<never> {
      return failing();
    }
  }
  expect((await ask([["/", Fails]], "GET /")).status).toBe(409);
  await until(() => logged("Uncaught exception in logException"));
});

describe("a hook on which the next steps depend is refused: nobody would wait for it", () => {
  test("initialize", async () => {
    class Begins extends RequestHandler {
      override async initialize(): Promise<void> {
        await failing();
      }
      get(): string {
        return "body";
      }
    }
    expect((await ask([["/", Begins]], "GET /")).status).toBe(500);
    expect(String(records[0]?.details.error)).toBe(
      "TypeError: Cannot wait for initialize: it is async; do that in prepare()",
    );
    await until(() => logged("Uncaught exception in initialize"));
  });

  test("checkXsrfCookie", async () => {
    class Checks extends RequestHandler {
      override checkXsrfCookie(): Promise<never> {
        return failing();
      }
      post(): string {
        return "body";
      }
    }
    const settings = { xsrfCookies: true };
    expect((await ask([["/", Checks]], "POST /", { settings, body: "" })).status).toBe(500);
    await until(() => logged("Uncaught exception in checkXsrfCookie"));
  });

  test("setDefaultHeaders", async () => {
    class Begins extends RequestHandler {
      override setDefaultHeaders(): Promise<never> {
        return failing();
      }
      get(): string {
        return "body";
      }
    }
    expect((await ask([["/", Begins]], "GET /")).status).toBe(500);
    await until(() => logged("Uncaught exception in setDefaultHeaders"));
  });

  test("getTemplateNamespace", async () => {
    class Renders extends RequestHandler {
      get(): void {
        this.render("page.html");
      }
      override getTemplateNamespace(): Promise<never> {
        return failing();
      }
    }
    const settings = { templateLoader: new DictLoader({ "page.html": "page" }) };
    expect((await ask([["/", Renders]], "GET /", { settings })).status).toBe(500);
    await until(() => logged("Uncaught exception in getTemplateNamespace"));
  });

  test("setExtraHeaders", async () => {
    class Files extends StaticFileHandler {
      override setExtraHeaders(): Promise<never> {
        return failing();
      }
    }
    const path = new URL(".", import.meta.url);
    const rules: RuleLike[] = [["/(.*)", Files, { path }]];
    expect((await ask(rules, "GET /async-hooks.test.ts")).status).toBe(500);
    await until(() => logged("Uncaught exception in setExtraHeaders"));
  });
});

describe("an async writeError", () => {
  class Fails extends RequestHandler {
    get(): void {
      if (this.request.query === "sent") this.sendError(404);
      else throw new HTTPError(404);
    }
    async post(): Promise<void> {
      await soon();
      this.get();
    }
    override async writeError(status: number): Promise<void> {
      await soon();
      if (this.request.query === "reject") await failing();
      if (this.request.query !== "silent") this.finish(`page ${status}`);
    }
  }

  test.each(["GET /", "GET /?sent", "POST /", "POST /?sent"])("answers %s", async (request) => {
    expect(await ask([["/", Fails]], request)).toMatchObject({ status: 404, body: "page 404" });
    expect(logged("Uncaught")).toBe(false);
  });

  test.each(["reject", "silent"])("that does not answer is answered for: %s", async (query) => {
    const answer = await ask([["/", Fails]], `GET /?${query}`);
    expect(answer).toMatchObject({ status: 404, body: "" });
    expect(logged("Uncaught exception in writeError")).toBe(query === "reject");
  });

  test("after a hook of app.use, and of a method that nobody has", async () => {
    const application = new Application([["/", Fails]]).use((_handler, next) => next());
    expect((await ask(application, "GET /?sent")).body).toBe("page 404");
    expect(await ask(application, "PUT /")).toMatchObject({ status: 405, body: "page 405" });
  });
});

describe("what dataReceived throws becomes the answer", () => {
  class Receives extends RequestHandler {
    override dataReceived(): Promise<void> | undefined {
      if (this.request.query === "throw") throw new HTTPError(409);
      if (this.request.query === "reject") return failing();
      return undefined;
    }
    post(): string {
      return "body";
    }
  }
  streamRequestBody(Receives);

  test.each([
    { query: "throw", status: 409 },
    { query: "reject", status: 500 },
    { query: "", status: 200 },
  ])("$query: $status", async ({ query, status }) => {
    const { exchange } = await serve(new Application([["/", Receives]]));
    const request = requestText(`POST /?${query}`, { body: "0123456789" });
    expect((await exchange(request)).slice(9, 12)).toBe(String(status));
    const application = new Application([["/", Receives]]);
    const init = { method: "POST", body: "0123456789" };
    expect((await application.request(`/?${query}`, init)).status).toBe(status);
  });

  test("with more of the body still to come", async () => {
    const { connect } = await serve(new Application([["/", Receives]]));
    const client = await connect();
    client.send(requestText("POST /?throw", { body: "x".repeat(500_000) }).slice(0, 100_000));
    await client.until(() => client.received.includes("409: Conflict</body>"));
    client.socket?.abort();
  });
});
