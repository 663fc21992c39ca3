/** What a handler cannot send: statuses, headers and bodies that are none, refused where they are set. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders, type HTTPServerRequest } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, HTTPError, RequestHandler } from "../../src/web.ts";
import { askHandler, parseAnswer, requestText } from "../support/ask.ts";
import { serve } from "../support/server.ts";

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

  test.each(["", "x", "-1", "+1", "1_0", "0x1", "1e3", "1, 1", "1.5"])(
    "Content-Length: %j is none",
    async (value) => {
      const thrown = await refusal((handler) => handler.setHeader("content-length", value));
      expect(thrown).toMatchObject({ name: "HTTPOutputError" });
    },
  );
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
