import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTPHeaders } from "../src/httputil.ts";
import { setLogLevel } from "../src/log.ts";
import { answers, echo, HOST } from "./support/echo.ts";
import { everySplit } from "./support/every-split.ts";
import { bytesOf, serve, type TestServer } from "./support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const accepted = [
  { name: "GET", wire: `GET /a HTTP/1.1\r\n${HOST}\r\n`, expected: ["[GET /a ]"] },
  {
    name: "a body of known length",
    wire: `POST /p HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
    expected: ["[POST /p hello]"],
  },
  {
    name: "a chunked body, with an extension and a trailer",
    wire: `PUT /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n`,
    expected: ["[PUT /c abcde]"],
  },
  {
    name: "three pipelined requests, in order",
    wire: `GET /1 HTTP/1.1\r\n${HOST}\r\nPOST /2 HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\n${HOST}\r\n`,
    expected: ["[GET /1 ]", "[POST /2 hi]", "[GET /3 ]"],
  },
  {
    name: "nothing after Connection: close",
    wire: `GET /1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`,
    expected: ["[GET /1 ]"],
  },
  { name: "HTTP/1.0 without Host", wire: "GET / HTTP/1.0\r\n\r\n", expected: ["[GET / ]"] },
  {
    name: "HTTP/1.0 kept alive",
    wire: "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
    expected: ["[GET /1 ]", "[GET /2 ]"],
  },
  {
    name: "an empty line before the request",
    wire: `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    expected: ["[GET / ]"],
  },
];

const refused = [
  { name: "bare LF", wire: "GET / HTTP/1.1\nHost: a\n\n", status: "400" },
  { name: "no Host", wire: "GET / HTTP/1.1\r\n\r\n", status: "400" },
  { name: "two Hosts", wire: `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, status: "400" },
  { name: "TLS", wire: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", status: "400" },
  { name: "HTTP/2 preface", wire: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: "505" },
  { name: "a folded header", wire: `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, status: "400" },
  {
    name: "length and coding",
    wire: `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: "400",
  },
  {
    name: "an unknown coding",
    wire: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
    status: "501",
  },
  {
    name: "a signed length",
    wire: `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc`,
    status: "400",
  },
  {
    name: "a negative chunk size",
    wire: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n`,
    status: "400",
  },
  {
    name: "a chunk that does not end",
    wire: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n`,
    status: "400",
  },
  {
    name: "an unknown expectation",
    wire: `GET / HTTP/1.1\r\n${HOST}Expect: a-pony\r\n\r\n`,
    status: "417",
  },
  { name: "a head that ends early", wire: "GET / HT", status: "400" },
  {
    name: "a body that ends early",
    wire: `POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`,
    status: "400",
  },
];

describe("requests", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve(echo);
  });

  test.each(accepted)("accepts $name, at every split", async ({ wire, expected }) => {
    for (const parts of everySplit(bytesOf(wire))) {
      expect(answers(await server.exchange(parts))).toEqual(expected);
    }
  });

  test.each(refused)("refuses $name with $status and closes, at every split", async (row) => {
    for (const parts of everySplit(bytesOf(row.wire))) {
      const answer = await server.exchange(parts);
      expect(answers(answer)).toEqual([row.status]);
      expect(answer).toContain("\r\nConnection: close\r\n");
    }
  });

  test("an error ends a pipeline after the answers before it", async () => {
    const wire = `GET /1 HTTP/1.1\r\n${HOST}\r\nGET  /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n${HOST}\r\n`;
    expect(answers(await server.exchange(wire))).toEqual(["[GET /1 ]", "400"]);
  });

  test("random bytes are answered or ignored, and never crash", async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const answer = await server.exchange([sent]);
        for (const each of answers(answer)) expect(each).toMatch(/^[45]\d\d$|^\[/);
      }),
      { numRuns: 200 },
    );
  });

  test("any cuts of a stream of requests give the same answers", async () => {
    const wire = accepted[3]?.wire as string;
    const cuts = fc.array(fc.integer({ min: 1, max: wire.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (positions) => {
        const sorted = [0, ...positions.sort((a, b) => a - b), wire.length];
        const bytes = Uint8Array.from(wire, (character) => character.charCodeAt(0));
        const parts = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
        expect(answers(await server.exchange(parts))).toEqual(accepted[3]?.expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe("exchanges", () => {
  test("100 Continue comes before the body is read, and only if it is asked for", async () => {
    const { connect } = await serve(echo);
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
    await client.until(() => client.received !== "");
    expect(client.received).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi");
    await client.until(() => client.received.includes("[POST / hi]"));
  });

  test("a half-closed client gets the answer that it waits for", async () => {
    const { exchange } = await serve(async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      echo(request);
    });
    expect(answers(await exchange(`GET /late HTTP/1.1\r\n${HOST}\r\n`))).toEqual(["[GET /late ]"]);
  });

  test("pipelined requests wait for a slow answer, and come in order", async () => {
    const { connect } = await serve(async (request) => {
      await new Promise((resolve) => setTimeout(resolve, request.uri === "/1" ? 40 : 0));
      echo(request);
    });
    const client = await connect();
    client.send(["/1", "/2", "/3"].map((uri) => `GET ${uri} HTTP/1.1\r\n${HOST}\r\n`).join(""));
    await client.until(() => client.received.includes("/3"));
    expect(answers(client.received)).toEqual(["[GET /1 ]", "[GET /2 ]", "[GET /3 ]"]);
  });

  test("a long pipeline that begins within a request is answered whole", async () => {
    const { connect } = await serve(echo);
    const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;
    // The rest comes in one piece, which with the beginning is more than the core takes at once.
    const piece = 64 * 1024;
    const wire = request.repeat(Math.ceil(piece / request.length));
    const client = await connect();
    client.send(wire.slice(0, -piece));
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.send(wire.slice(-piece));
    await client.until(
      () => client.received.split("[GET / ]").length - 1 === wire.length / request.length,
    );
  });

  test("a chunked answer for HTTP/1.1, one ended by the connection for HTTP/1.0", async () => {
    const { exchange } = await serve((request) => {
      request.connection.writeHeaders({ code: 200, reason: "OK" }, new HTTPHeaders(), "one");
      request.connection.write("twö");
      request.connection.finish();
    });
    const newer = await exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    expect(newer).toBe(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\ntw\xc3\xb6\r\n0\r\n\r\n",
    );
    const older = await exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(older).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetw\xc3\xb6");
  });

  test("fewer or more bytes than Content-Length break the connection off", async () => {
    for (const body of ["ab", "abcd"]) {
      const { connect } = await serve((request) => {
        const headers = new HTTPHeaders([["Content-Length", "3"]]);
        request.connection.writeHeaders({ code: 200, reason: "OK" }, headers);
        request.connection.write(body);
        request.connection.finish();
      });
      const client = await connect();
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      await client.until(() => client.closed);
      expect(client.received).not.toContain("\r\n\r\nabc");
    }
  });

  test("a callback that throws or rejects is answered 500", async () => {
    const throwing = await serve(() => {
      throw new Error("on purpose");
    });
    expect(answers(await throwing.exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`))).toEqual(["500"]);
    const rejecting = await serve(() => Promise.reject(new Error("on purpose")));
    expect(answers(await rejecting.exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`))).toEqual(["500"]);
  });

  test("300,000 one-byte chunks are read as one body", async () => {
    const { connect } = await serve((request) => {
      const text = `${request.body.length}`;
      const headers = new HTTPHeaders([["Content-Length", String(text.length)]]);
      request.connection.writeHeaders({ code: 200, reason: "OK" }, headers, text);
      request.connection.finish();
    });
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    client.send(`${"1\r\nx\r\n".repeat(300_000)}0\r\n\r\n`);
    await client.until(() => client.received !== "");
    expect(answers(client.received)).toEqual(["300000"]);
  });

  test("detach hands over the socket, and the bytes that came behind the request", async () => {
    const { connect } = await serve((request) => {
      const socket = request.connection.detach();
      socket.handler = {
        data: () => socket.write(new TextEncoder().encode("raw ")),
        end: () => socket.close(),
        drain: () => undefined,
        close: () => undefined,
      };
    });
    const client = await connect();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\nbehind`);
    await client.until(() => client.received === "raw ");
    client.send("more");
    await client.until(() => client.received === "raw raw ");
    client.socket?.shutdown();
    await client.until(() => client.ended);
  });

  test("closeAllConnections lets a response finish, and says Connection: close", async () => {
    let answer = (): void => undefined;
    const { connect, server } = await serve((request) => {
      answer = () => echo(request);
    });
    const idle = await connect();
    const busy = await connect();
    busy.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await busy.until(() => server.connectionCount === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.stop();
    const closed = server.closeAllConnections();
    await idle.until(() => idle.ended || idle.closed);
    answer();
    expect(await busy.rest()).toContain("Connection: close");
    await closed;
  });
});
