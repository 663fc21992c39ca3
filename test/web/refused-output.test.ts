/** What a handler cannot send: statuses, headers and bodies that are none, refused where they are set. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders, type HTTPServerRequest } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import {
  Application,
  HTTPError,
  OutputTransform,
  RequestHandler,
  type RuleLike,
} from "../../src/web.ts";
import { ask, askHandler, parseAnswer, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";
import { until } from "../support/until.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

/** What an act in a handler throws, and the answer, which is the error's page. */
async function refusal(act: (handler: RequestHandler) => unknown): Promise<unknown> {
  let thrown: unknown;
  const answer = await askHandler((handler) => {
    try {
      const result = act(handler);
      if (result !== undefined) return result;
    } catch (error) {
      thrown = error;
      throw error;
    }
    return undefined;
  });
  expect(answer.status).toBe(500);
  expect(answer.head).not.toMatch(/evil/i);
  return thrown;
}

describe("a status", () => {
  const none = [0, 99, 100, 103, 199, 1000, -1, 200.5, Number.NaN, Number.POSITIVE_INFINITY];

  test.each([...none, "200", "200 OK\r\nSet-Cookie: evil=1", undefined])(
    "%j is none",
    async (status) => {
      const name = "RangeError";
      const given = status as number;
      expect(await refusal((handler) => handler.setStatus(given))).toMatchObject({ name });
      if (status === undefined) return;
      expect(await refusal((handler) => handler.sendError(given))).toMatchObject({ name });
      expect(() => new HTTPError(given)).toThrow(RangeError);
    },
  );

  test("that nobody has heard of is sent", async () => {
    const answer = await askHandler((handler) => handler.setStatus(799));
    expect(answer.head).toMatch(/^HTTP\/1.1 799 Unknown\r\n/);
  });

  test("of a Response that is an error is 500", async () => {
    expect((await askHandler(() => Response.error())).status).toBe(500);
  });

  test("without a socket: what no Response can have is said", async () => {
    class Odd extends RequestHandler {
      get(status: string): void {
        this.setStatus(Number(status));
      }
    }
    const application = new Application([["/(\\d+)", Odd]]);
    await expect(application.request("/799")).rejects.toThrow(
      "Cannot make a Response of status 799: it takes 200 to 599",
    );
    await expect(application.request("/101")).rejects.toThrow("its status is informational");
  });
});

describe("a header", () => {
  test.each([undefined, null, true, Number.NaN, {}, ["a"], new Date(Number.NaN)])(
    "cannot be set to %s",
    async (value) => {
      for (const set of ["setHeader", "addHeader"] as const) {
        const thrown = await refusal((handler) => handler[set]("X", value as string));
        expect((thrown as Error).name).toMatch(/^(Type|Range)Error$/);
      }
    },
  );

  test("made by computeEtag is refused like any other", async () => {
    class Tagged extends RequestHandler {
      override computeEtag(): string {
        return `"${this.getArgument("tag")}"`;
      }
      get(): string {
        return "body";
      }
    }
    const answer = await ask([["/", Tagged]], "GET /?tag=a%0d%0aSet-Cookie:%20evil");
    expect(answer.head).not.toMatch(/evil/);
    expect((await ask([["/", Tagged]], "GET /?tag=a")).header("Etag")).toEqual(['"a"']);
  });

  test.each(["", "x", "-1", "+1", "1_0", "0x1", "1e3", "1, 1", "1.5"])(
    "Content-Length: %j is none",
    async (value) => {
      const thrown = await refusal((handler) => handler.setHeader("content-length", value));
      expect(thrown).toMatchObject({ name: "HTTPOutputError" });
    },
  );
});

describe("a body that is not as long as Content-Length says", () => {
  const text = "four";
  class Sized extends RequestHandler {
    async get(length: string): Promise<void> {
      this.setHeader("Content-Length", length);
      if (this.request.query === "parts") {
        this.write("f");
        await this.flush();
        this.write("our");
      } else if (this.request.query === "status") this.setStatus(204);
      else this.write(text);
    }
    override onFinish(): void {
      ends++;
    }
  }
  let ends = 0;

  test("is 500 while nothing has been sent, else the connection is broken off", async () => {
    for (const length of ["3", "5"]) {
      ends = 0;
      expect((await ask([["/(.*)", Sized]], `GET /${length}`)).status).toBe(500);
      const { exchange } = await serve(new Application([["/(.*)", Sized]]));
      expect(await exchange(requestText(`GET /${length}?parts`))).not.toContain(text);
      expect(ends).toBe(2);
    }
  });

  test("is sent if it is, also in parts; HEAD, 204 and 304 have none", async () => {
    const handlers: RuleLike[] = [["/(.*)", Sized]];
    const answer = await ask(handlers, "GET /4");
    expect(answer).toMatchObject({ status: 200, body: text });
    expect((await ask(handlers, "GET /4?parts")).body).toBe(text);
    expect((await ask(handlers, "HEAD /9?parts")).header("Content-Length")).toEqual(["9"]);
    expect((await ask(handlers, "GET /9?status")).status).toBe(204);
    const headers = { "If-None-Match": answer.header("Etag")[0] ?? "" };
    expect((await ask(handlers, "GET /4", { headers })).status).toBe(304);
  });

  test("its framing is the connection's", async () => {
    for (const name of ["Transfer-Encoding", "transfer-encoding"]) {
      const thrown = await refusal((handler) => handler.setHeader(name, "chunked"));
      expect(thrown).toMatchObject({ name: "HTTPOutputError" });
    }
  });
});

describe("what fails at the end", () => {
  class Slow extends OutputTransform {
    override async transformChunk(chunk: Uint8Array): Promise<Uint8Array> {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return chunk;
    }
  }
  class Ends extends RequestHandler {
    async get(): Promise<void> {
      if (this.request.query !== "") this.setHeader("Content-Length", this.request.query);
      this.write("part");
      await this.flush();
    }
    override onFinish(): void {
      ends++;
      throw new Error("as the test wants it");
    }
  }
  let ends = 0;

  test.each(["", "4", "9"])(
    "behind a transform that takes time concerns nobody, %j",
    async (query) => {
      ends = 0;
      const application = new Application([["/", Ends]], { transforms: [Slow] });
      const { exchange } = await serve(application);
      const received = await exchange(requestText(`GET /?${query}`));
      // What is broken off may be gone before it is read.
      expect(received.includes("part") || query === "9").toBe(true);
      await until(() => ends === 1);
      expect((await exchange(requestText("GET /"))).slice(0, 15)).toBe("HTTP/1.1 200 OK");
    },
  );

  test("in logFunction or onFinish is logged, and leaves the answer alone", async () => {
    let ends = 0;
    class Fails extends RequestHandler {
      async get(): Promise<string> {
        await null;
        return "body";
      }
      override onFinish(): never {
        ends++;
        throw new Error("as the test wants it");
      }
    }
    const logFunction = (): never => {
      throw new Error("as the test wants it");
    };
    const application = new Application([["/", Fails]], { logFunction });
    for (const verb of ["GET", "POST"]) {
      expect((await ask(application, `${verb} /`)).status).toBe(verb === "GET" ? 200 : 405);
    }
    expect(ends).toBe(2);
  });

  test("an error's page whose default headers fail breaks the connection off", async () => {
    let calls = 0;
    class Broken extends RequestHandler {
      override setDefaultHeaders(): void {
        if (calls++ > 0) throw new Error("as the test wants it");
      }
      async get(): Promise<never> {
        await null;
        throw new HTTPError(404);
      }
    }
    const { connect } = await serve(new Application([["/", Broken]]));
    const client = await connect();
    client.send(requestText("GET /"));
    await client.until(() => client.closed);
    expect(calls).toBe(3);
  });

  test("an error's page whose headers cannot be sent breaks the connection off", async () => {
    class Broken extends RequestHandler {
      override setDefaultHeaders(): void {
        this.setHeader("Content-Length", 3);
      }
      get(): void {
        this.write("four");
      }
    }
    const { connect, exchange } = await serve(new Application([["/", Broken]]));
    const client = await connect();
    client.send(requestText("GET /"));
    await client.until(() => client.closed);
    expect(client.received).toBe("");
    expect(await exchange("GET / HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe("a body", () => {
  test("of a buffer or any view of it is its bytes", async () => {
    const { buffer } = Uint8Array.from([0, 65, 66, 67]);
    for (const body of [
      buffer,
      new DataView(buffer),
      new Uint16Array(buffer),
      Buffer.from(buffer),
    ]) {
      const answer = await askHandler(() => body);
      expect(answer.body).toBe("\0ABC");
      expect(answer.header("Content-Type")).toEqual(["text/html; charset=UTF-8"]);
    }
    expect((await askHandler(() => new DataView(buffer, 1, 2))).body).toBe("AB");
  });

  const promise = Promise.resolve({ a: 1 });
  test.each([
    {
      name: "promise that nobody awaited",
      write: () => promise,
      message: /write Promise: .*; await it$/,
    },
    {
      name: "Map",
      write: () => new Map([["a", 1]]),
      message: /write Map: nothing of it would be in/,
    },
    { name: "Blob", write: () => new Blob(["a"]), message: /write Blob/ },
    { name: "stream", write: () => new ReadableStream(), message: /write ReadableStream/ },
    { name: "Error", write: () => new Error("a"), message: /write Error/ },
    {
      name: "generator",
      write: () => (async function* () {})(),
      message: /write AsyncGenerator: nothing/,
    },
    { name: "object of private fields", write: () => new Secretive(), message: /write Secretive/ },
  ])("of a $name would be {}", async ({ write, message }) => {
    const thrown = await refusal((handler) => handler.write(write()));
    expect(thrown).toMatchObject({ name: "TypeError" });
    expect((thrown as Error).message).toMatch(message);
  });

  test("of an empty object is {}, also of one without a prototype", async () => {
    class Nothing {
      toJSON(): object {
        return {};
      }
    }
    for (const body of [{}, Object.create(null), new Nothing()]) {
      expect((await askHandler(() => body)).body).toBe("{}");
    }
  });

  test("of JSON keeps a type of JSON, and no other", async () => {
    const typeFor = async (type: string): Promise<string[]> => {
      const answer = await askHandler((handler) => {
        handler.setHeader("Content-Type", type);
        return { title: "no" };
      });
      return answer.header("Content-Type");
    };
    expect(await typeFor("application/problem+json")).toEqual(["application/problem+json"]);
    expect(await typeFor("application/json")).toEqual(["application/json"]);
    expect(await typeFor("text/plain")).toEqual(["application/json; charset=UTF-8"]);
    expect(await typeFor("text/json-not")).toEqual(["application/json; charset=UTF-8"]);
  });

  test("of a Response without a type is not taken for a page", async () => {
    const untyped = await askHandler(() => new Response(new Blob(["<b>"]).stream()));
    expect(untyped.header("Content-Type")).toEqual([]);
    expect(untyped.header("X-Content-Type-Options")).toEqual(["nosniff"]);
    const typed = await askHandler(() => Response.json({ a: 1 }));
    expect(typed.header("X-Content-Type-Options")).toEqual([]);
  });
});

class Secretive {
  readonly #secret = 1;
  get(): number {
    return this.#secret;
  }
}

describe("below handlers, a connection refuses", () => {
  async function callback(write: (request: HTTPServerRequest) => void): Promise<number> {
    const { exchange } = await serve((request: HTTPServerRequest) => {
      write(request);
      request.connection.finish();
    });
    const received = await exchange(requestText("GET /"));
    expect(received).not.toMatch(/evil/i);
    return parseAnswer(received).status;
  }

  test.each([
    { code: 200, reason: "OK\r\nSet-Cookie: evil=1" },
    { code: 200, reason: "OK\nSet-Cookie: evil=1" },
    { code: 103, reason: "\0evil" },
    { code: "200 OK\r\nSet-Cookie: evil=1" as unknown as number, reason: "OK" },
    { code: 20, reason: "OK" },
  ])("the status line of %j", async (line) => {
    const write = ({ connection }: HTTPServerRequest): void => {
      connection.writeHeaders(line, new HTTPHeaders());
    };
    expect(await callback(write)).toBe(500);
  });

  test("two lengths, and one that is none", async () => {
    for (const fields of [["1", "2"], ["x"], ["-1"]]) {
      const headers = new HTTPHeaders(fields.map((value) => ["Content-Length", value]));
      const write = ({ connection }: HTTPServerRequest): void => {
        connection.writeHeaders({ code: 200, reason: "OK" }, headers);
      };
      expect(await callback(write)).toBe(500);
    }
  });
});
