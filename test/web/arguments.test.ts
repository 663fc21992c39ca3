/** What a handler gets: arguments, forms, bodies in parts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  HTTPError,
  RequestHandler,
  type RuleLike,
  streamRequestBody,
} from "../../src/web.ts";
import { ask, askHandler, jsonOf, parseAnswer } from "../support/ask.ts";
import { serve } from "../support/server.ts";
import { until } from "../support/until.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

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
  const form = { "Content-Type": "application/x-www-form-urlencoded" };

  test.each([
    ["string", "none"],
    ["null", null],
  ])("a default that is given as in Python is refused, and says how: %s", async (kind, given) => {
    let thrown: unknown;
    await askHandler((handler) => {
      try {
        handler.getArgument("a", given as unknown as object);
      } catch (error) {
        thrown = error;
      }
    }, "GET /?a=1");
    expect(thrown).toMatchObject({
      name: "TypeError",
      message: `Cannot read argument "a": its options are ${kind}; for a default: { default: … }`,
    });
  });

  test("of the query and of a form, the last one wins", async () => {
    const answer = await ask(handlers, "POST /?a=1&a=+2%20&b=", {
      headers: form,
      body: "a=%C3%BC",
    });
    expect(jsonOf(answer)).toEqual({
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
    const json = { headers: { "Content-Type": "application/json" } };
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
  const type = { headers: { "Content-Type": "multipart/form-data; boundary=b" } };
  const disposition = "Content-Disposition: form-data; name=";

  test("give arguments and files", async () => {
    const body = `--b\r\n${disposition}title\r\n\r\nx\r\n--b\r\n${disposition}f; filename=a\r\n\r\nabc\r\n--b--`;
    expect(jsonOf(await ask([["/", Upload]], "POST /", { ...type, body }))).toEqual({
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
    expect(received.map((answer) => parseAnswer(answer).body)).toEqual(bodies);
  });

  test("a client that goes in the middle is noticed, and others are served", async () => {
    const seen: string[] = [];
    class Noticing extends Counts {
      override async dataReceived(chunk: Uint8Array): Promise<void> {
        await super.dataReceived(chunk);
        seen.push("part");
      }
      override onConnectionClose(): void {
        seen.push("gone");
      }
      override put(): void {
        seen.push("whole");
        super.put();
      }
    }
    const { connect, exchange } = await serve(new Application([["/", Noticing]]));
    const client = await connect();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await until(() => seen.includes("part"));
    client.socket?.abort();
    await until(() => seen.includes("gone"));
    await exchange("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na");
    expect(seen).toEqual(["part", "gone", "part", "whole"]);
  });
});
