/** What a connection makes of responses that are odd, or that come at an odd time. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SocketHandler } from "../../src/host.ts";
import type { RequestCallback } from "../../src/httpserver.ts";
import {
  type HTTPConnection,
  HTTPHeaders,
  type HTTPMessageDelegate,
  type HTTPServerConnectionDelegate,
  standardStartLine,
} from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { answers, echo, HOST } from "../support/echo.ts";
import { serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
type Fields = [string, string][];
const EARLY_HINTS = { version: "HTTP/1.1", code: 103, reason: "Early Hints" };
const FIELDS = new HTTPHeaders([["X-One", "1"]]);

/** Answers every request with a status, fields and a whole body. */
function answering(code: number, fields: Fields, body = ""): RequestCallback {
  return ({ connection }) => {
    connection.writeHeaders(standardStartLine(code), new HTTPHeaders(fields), body, "whole");
    connection.finish();
  };
}

describe("the end of a connection is announced", () => {
  const cases: { name: string; fields: Fields; head: string; says: string }[] = [
    {
      name: "beside keep-alive",
      fields: [["Connection", "keep-alive"]],
      head: `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
      says: "Connection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n",
    },
    {
      name: "beside Upgrade",
      fields: [["Connection", "Upgrade"]],
      head: `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
      says: "Connection: Upgrade\r\nConnection: close\r\nContent-Length: 0\r\n",
    },
    {
      name: "by the second of two fields",
      fields: [
        ["Connection", "X-One"],
        ["Connection", "close"],
      ],
      head: GET,
      says: "Connection: X-One\r\nConnection: close\r\nContent-Length: 0\r\n",
    },
  ];

  test.each(cases)("$name", async ({ fields, head, says }) => {
    const { connect } = await serve(answering(200, fields));
    const client = await connect();
    client.send(head);
    expect(await client.rest()).toBe(`HTTP/1.1 200 OK\r\n${says}\r\n`);
  });

  test("and that it goes on, to HTTP/1.0", async () => {
    const { connect } = await serve(answering(200, [["Connection", "X-One"]]));
    const client = await connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await client.until(() => client.received.endsWith("\r\n\r\n"));
    expect(client.received).toContain("\r\nConnection: keep-alive\r\n");
  });

  test("when the response is whole before the request's body is", async () => {
    const early: HTTPServerConnectionDelegate = {
      startRequest: (connection) => ({
        headersReceived() {
          connection.writeHeaders(standardStartLine(401), new HTTPHeaders(), "no", "whole");
          connection.finish();
        },
        dataReceived() {},
        finish() {},
        onConnectionClose() {},
      }),
    };
    const { connect } = await serve(early);
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\nthe first of it`);
    expect(await client.rest()).toContain("\r\nConnection: close\r\n");
  });
});

describe("framing is the connection's", () => {
  test("Transfer-Encoding of an application is refused", async () => {
    for (const coding of ["chunked", "gzip"]) {
      const { exchange } = await serve(answering(200, [["Transfer-Encoding", coding]], "hello"));
      expect(answers(await exchange(GET))).toEqual(["500"]);
    }
  });

  test("204 says no length, 304 the one that it is given", async () => {
    const fields: Fields = [["Content-Length", "5"]];
    const none = await serve(answering(204, fields, "hello"));
    expect(await none.exchange(GET)).toBe("HTTP/1.1 204 No Content\r\n\r\n");
    const same = await serve(answering(304, fields, "hello"));
    expect(await same.exchange(GET)).toBe("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  });
});

describe("interim responses", () => {
  const hints: RequestCallback = (request) => {
    request.connection.writeHeaders(standardStartLine(103), new HTTPHeaders([["Link", "</a>"]]));
    echo(request);
  };

  test("come before the response, and not to HTTP/1.0", async () => {
    const { exchange } = await serve(hints);
    expect(await exchange(GET)).toContain("103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200");
    expect(await exchange("GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 200/);
  });

  test("are refused once the response has begun", async () => {
    let refused: unknown;
    const { exchange } = await serve(({ connection }) => {
      connection.writeHeaders(standardStartLine(200), new HTTPHeaders([["Content-Length", "2"]]));
      try {
        connection.writeHeaders(standardStartLine(103), new HTTPHeaders());
      } catch (error) {
        refused = error;
      }
      connection.write("ab");
      connection.finish();
    });
    expect(await exchange(GET)).toMatch(/\r\n\r\nab$/);
    expect(String(refused)).toContain("they have been sent");
  });
});

/** A delegate of one request, of which a test says what matters to it. */
function delegateOf(parts: Partial<HTTPMessageDelegate>): HTTPMessageDelegate {
  const nothing = (): void => {};
  const base = { headersReceived: nothing, dataReceived: nothing, finish: nothing };
  return { ...base, onConnectionClose: nothing, ...parts };
}

describe("a request that has its response", () => {
  test("gets no second one for what its callback throws then", async () => {
    const { exchange } = await serve((request) => {
      echo(request);
      throw new Error("on purpose");
    });
    expect(answers(await exchange(GET + GET))).toEqual(["[GET / ]", "[GET / ]"]);
  });

  test("nor for what its delegate rejects with then", async () => {
    const { exchange } = await serve({
      startRequest: (connection) =>
        delegateOf({
          async headersReceived() {
            answering(200, [], "[once]")({ connection } as never);
            await undefined;
            throw new Error("on purpose");
          },
        }),
    });
    expect(answers(await exchange(GET + GET))).toEqual(["[once]", "[once]"]);
  });

  test("holds the next one back until its delegate is done, though its output is out", async () => {
    const heard: string[] = [];
    let release = (): void => {};
    const large = "x".repeat(1024 * 1024);
    const { connect } = await serve({
      startRequest: (connection) =>
        delegateOf({
          headersReceived({ path }) {
            heard.push(path);
            answering(200, [], path === "/1" ? large : "[2]")({ connection } as never);
            return path === "/1" ? new Promise<void>((resolve) => (release = resolve)) : undefined;
          },
        }),
    });
    const client = await connect();
    client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`);
    await client.until(() => client.received.length > large.length);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(["/1"]);
    release();
    await client.until(() => client.received.endsWith("[2]"));
  });

  test("changes no limit of the next one's body", async () => {
    const connections: { setMaxBodySize(bytes: number): void }[] = [];
    const { exchange } = await serve({
      startRequest: (connection) =>
        delegateOf({
          headersReceived() {
            connections.push(connection);
            connections[0]?.setMaxBodySize(connections.length === 1 ? 10 : 1);
          },
          finish: () => answering(200, [], "[ok]")({ connection } as never),
        }),
    });
    const post = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;
    expect(answers(await exchange(post + post))).toEqual(["[ok]", "[ok]"]);
    expect(() => connections[0]?.setMaxBodySize(Number.NaN)).toThrow(RangeError);
  });
});

test.each([
  ["no head", () => undefined],
  ["only an informational one", (connection) => connection.writeHeaders(EARLY_HINTS, FIELDS)],
] satisfies [string, (connection: HTTPConnection) => unknown][])(
  "a response with %s that is finished is answered 500, and takes no other's place",
  async (_, begin) => {
    const { exchange } = await serve(({ connection, path }) => {
      if (path === "/") begin(connection);
      else connection.writeHeaders(standardStartLine(200), FIELDS, "[next]", "whole");
      connection.finish();
    });
    const received = await exchange(`${GET}GET /next HTTP/1.1\r\n${HOST}\r\n`);
    expect(received).toMatch(/(^|\r\n\r\n)HTTP\/1\.1 500 /);
    expect(received).not.toContain("[next]");
  },
);

test.each(["close", "shutdown"] as const)(
  "a socket that is detached for its %s alone",
  async (end) => {
    const { connect } = await serve((request) => {
      const socket = request.connection.detach();
      socket.write(new TextEncoder().encode("bye"));
      socket[end]();
    });
    const client = await connect();
    client.send(`${GET}behind`);
    expect(await client.rest()).toBe("bye");
  },
);

test("a socket that is detached while its request is held is read on", async () => {
  const { connect } = await serve({
    startRequest: (connection) =>
      delegateOf({
        headersReceived: () =>
          new Promise<void>((resolve) => {
            const socket = connection.detach();
            const handler: SocketHandler = {
              data: () => {
                socket.write(new TextEncoder().encode("heard"));
                resolve();
              },
              end: () => socket.close(),
              drain: () => undefined,
              close: () => undefined,
            };
            socket.handler = handler;
          }),
      }),
  });
  const client = await connect();
  client.send(GET);
  await new Promise((resolve) => setTimeout(resolve, 10));
  client.send("more");
  await client.until(() => client.received === "heard");
  client.send("and more");
  await client.until(() => client.received === "heardheard");
  client.socket?.close();
});
