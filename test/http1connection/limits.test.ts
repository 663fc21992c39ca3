/** What a server's connection refuses for its size or number, and what it does not wait for. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Backlog } from "../../src/http1connection/deadlines.ts";
import { connectionLimits } from "../../src/http1connection.ts";
import {
  type HTTPConnection,
  HTTPHeaders,
  type HTTPMessageDelegate,
  type HTTPServerRequest,
} from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { answers, echo, HOST } from "../support/echo.ts";
import { serve } from "../support/server.ts";
import { pass } from "../support/until.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

describe("limits", () => {
  test("414 for a long target, also before its end", async () => {
    const { exchange } = await serve(echo, { maxTargetSize: 100 });
    const target = `/${"a".repeat(100)}`;
    expect(answers(await exchange(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`))).toEqual(["414"]);
    expect(answers(await exchange(`GET ${target}`))).toEqual(["414"]);
    expect(answers(await exchange(`GET ${target.slice(1)} HTTP/1.1\r\n${HOST}\r\n`))).toEqual([
      "400",
    ]);
  });

  test("431 for a large head, complete or not", async () => {
    const { exchange } = await serve(echo, { maxHeaderSize: 500 });
    const head = `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(500)}`;
    expect(answers(await exchange(`${head}\r\n\r\n`))).toEqual(["431"]);
    expect(answers(await exchange(head))).toEqual(["431"]);
    const drip = Array.from(head, (character) => Uint8Array.of(character.charCodeAt(0)));
    expect(answers(await exchange(drip))).toEqual(["431"]);
  });

  test("431 for many headers; none is dropped", async () => {
    const { exchange } = await serve(echo, { maxHeaderCount: 3 });
    const fields = "A: 1\r\nB: 2\r\n";
    expect(answers(await exchange(`GET / HTTP/1.1\r\n${HOST}${fields}\r\n`))).toEqual(["[GET / ]"]);
    expect(answers(await exchange(`GET / HTTP/1.1\r\n${HOST}${fields}C: 3\r\n\r\n`))).toEqual([
      "431",
    ]);
  });

  test("413 for a body that says it is too large, before it is sent", async () => {
    const { connect } = await serve(echo, { maxBodySize: 10 });
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 11\r\nExpect: 100-continue\r\n\r\n`);
    expect(answers(await client.rest())).toEqual(["413"]);
  });

  test("413 for a chunked body that becomes too large, counted without its framing", async () => {
    const { exchange } = await serve(echo, { maxBodySize: 10 });
    const head = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    const fits = "1\r\na\r\n".repeat(10);
    expect(answers(await exchange(`${head}${fits}0\r\n\r\n`))).toEqual(["[POST / aaaaaaaaaa]"]);
    expect(answers(await exchange(`${head}${fits}1\r\nb\r\n0\r\n\r\n`))).toEqual(["413"]);
  });

  test("a body that says it is too large once its response has begun breaks that off", async () => {
    const heard: string[] = [];
    const startRequest = (connection: HTTPConnection): HTTPMessageDelegate => ({
      headersReceived() {
        connection.writeHeaders({ code: 200, reason: "OK" }, new HTTPHeaders(), "so far");
      },
      dataReceived() {
        heard.push("data");
      },
      finish: () => heard.push("finish"),
      onConnectionClose: () => heard.push("close"),
    });
    const { connect } = await serve({ startRequest }, { maxBodySize: 10 });
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\nhello`);
    // An exception on the way would be nobody's, and fail the run.
    await client.until(() => client.closed);
    expect(client.error?.message).toMatch(/ECONNRESET/);
    expect(heard).toEqual(["close"]);
  });

  test("a setting that cannot be held to is refused", async () => {
    await expect(serve(echo, { maxHeaderSize: 1_000_000 })).rejects.toThrow(/maxHeaderSize/);
    const bad: unknown[] = [-1, Number.NaN, "10 MB", null];
    for (const name of ["headerTimeout", "maxBodySize", "maxConnections", "drainTimeout"]) {
      for (const value of bad) {
        const refused = serve(echo, { [name]: value });
        await expect(refused).rejects.toThrow(new RegExp(`${name}.*not a number from 0 up`));
      }
    }
  });

  test("maxRequestsPerConnection closes after that many", async () => {
    const { exchange } = await serve(echo, { maxRequestsPerConnection: 2 });
    const answer = await exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(3));
    expect(answers(answer)).toEqual(["[GET / ]", "[GET / ]"]);
    expect(answer.match(/Connection: close/g)).toHaveLength(1);
  });

  test("maxConnections sheds an idle connection, of the oldest", async () => {
    const { connect, server } = await serve(echo, { maxConnections: 2 });
    const first = await connect();
    const second = await connect();
    for (const client of [first, second]) {
      client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      await client.until(() => client.received !== "");
    }
    const third = await connect();
    await first.until(() => first.ended || first.closed);
    third.send(`GET /3 HTTP/1.1\r\n${HOST}\r\n`);
    await third.until(() => third.received.includes("/3"));
    expect(second.closed || second.ended).toBe(false);
    expect(server.connectionCount).toBe(2);
  });

  test("maxConnections holds for many that come at once, one shed for each", async () => {
    const { connect, server } = await serve(echo, { maxConnections: 3 });
    for (let wave = 0; wave < 3; wave++) {
      const clients = await Promise.all([connect(), connect(), connect()]);
      for (const [number, client] of clients.entries()) {
        client.send(`GET /${number} HTTP/1.1\r\n${HOST}\r\n`);
        await client.until(() => client.received.includes(`/${number}`));
      }
      expect(server.connectionCount).toBe(3);
    }
  });

  test("at maxConnections, all busy, the new connection is reset", async () => {
    const requests: HTTPServerRequest[] = [];
    const { connect, server } = await serve((request) => requests.push(request), {
      maxConnections: 2,
    });
    const busy = await Promise.all([connect(), connect()]);
    for (const client of busy) client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await busy[1]?.until(() => requests.length === 2);
    const third = await connect();
    await third.until(() => third.closed);
    expect(server.connectionCount).toBe(2);
    for (const request of requests) echo(request);
    for (const client of busy) await client.until(() => client.received.includes("[GET / ]"));
  });
});

describe("timeouts", () => {
  const quick = {
    headerTimeout: 0.2,
    bodyTimeout: 0.2,
    minBodyRate: 1000,
    idleConnectionTimeout: 0.2,
  };

  test("408 for a client that sends nothing, or not all of a head", async () => {
    const { connect } = await serve(echo, quick);
    const silent = await connect();
    const half = await connect();
    half.send("GET / HTTP/1.1\r\nHo");
    expect(answers(await silent.rest())).toEqual(["408"]);
    expect(answers(await half.rest())).toEqual(["408"]);
  });

  test("408 for a body that stops, or drips", async () => {
    const { connect } = await serve(echo, quick);
    const stops = await connect();
    stops.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nabc`);
    const drips = await connect();
    drips.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n`);
    const timer = setInterval(() => drips.send("x"), 20);
    expect(answers(await stops.rest())).toEqual(["408"]);
    expect(answers(await drips.rest())).toEqual(["408"]);
    clearInterval(timer);
  });

  test("408 for a body that stops after it was fast", async () => {
    const { connect } = await serve(echo, quick);
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 3000000\r\n\r\n`);
    client.send(new Uint8Array(2_000_000));
    expect(answers(await client.rest())).toEqual(["408"]);
  });

  test("silence begins when the last answer is out, and no request is lost", async () => {
    const large = "x".repeat(4 * 1024 * 1024);
    const { connect } = await serve(
      ({ connection, uri }) => {
        const text = uri === "/large" ? large : "small";
        const headers = new HTTPHeaders([["Content-Length", String(text.length)]]);
        connection.writeHeaders({ code: 200, reason: "OK" }, headers, text);
        connection.finish();
      },
      { ...quick, idleConnectionTimeout: 0.1 },
    );
    const client = await connect();
    client.send(`GET /large HTTP/1.1\r\n${HOST}\r\nGET /small HTTP/1.1\r\n${HOST}\r\n`);
    await client.until(() => client.received !== "");
    client.socket?.pause();
    await pass(400);
    client.socket?.resume();
    expect(answers(await client.rest())).toEqual([large, "small"]);
  });

  test("an idle connection is closed without a word", async () => {
    const { connect } = await serve(echo, quick);
    const client = await connect();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    expect(answers(await client.rest())).toEqual(["[GET / ]"]);
  });

  test("a client that never reads is cut off", async () => {
    const large = "x".repeat(8 * 1024 * 1024);
    const { connect, server } = await serve(
      (request) => {
        const headers = new HTTPHeaders([["Content-Length", String(large.length)]]);
        request.connection.writeHeaders({ code: 200, reason: "OK" }, headers, large);
        request.connection.finish();
      },
      { sendTimeout: 0.2 },
    );
    const client = await connect();
    client.socket?.pause();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await client.until(() => server.connectionCount === 1);
    await client.until(() => server.connectionCount === 0);
  });

  test("so is one that never reads while its handler writes on", async () => {
    const piece = "x".repeat(1024 * 1024);
    let timer: ReturnType<typeof setInterval> | undefined;
    const { connect, server } = await serve(
      ({ connection }) => {
        connection.writeHeaders({ code: 200, reason: "OK" }, new HTTPHeaders(), piece);
        timer = setInterval(() => connection.write(piece), 5);
      },
      { sendTimeout: 0.2 },
    );
    const client = await connect();
    client.socket?.pause();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await client.until(() => server.connectionCount === 1);
    await client.until(() => server.connectionCount === 0);
    clearInterval(timer);
  });

  test("only bytes that are taken put sendTimeout off, or another response", () => {
    const limits = connectionLimits({ sendTimeout: 1 });
    const backlog = new Backlog();
    const isStalled = (seconds: number, taken: number, response = "first"): boolean =>
      backlog.isStalled(limits, seconds * 1000, taken, response);
    expect([isStalled(0, 10), isStalled(0.9, 10), isStalled(1, 10)]).toEqual([false, false, true]);
    // What TLS adds to what is written waits as well.
    expect([isStalled(2, 11), isStalled(2.5, 5), isStalled(3, 0)]).toEqual([false, false, true]);
    expect([isStalled(3.1, -5, "second"), isStalled(4, -4, "second")]).toEqual([false, false]);
  });

  test("a connection that was refused does not linger for ever", async () => {
    const { connect, server } = await serve(echo, { lingerTimeout: 0.2 });
    const client = await connect();
    client.send("GET\n");
    await client.until(() => client.ended);
    expect(answers(client.received)).toEqual(["400"]);
    await client.until(() => server.connectionCount === 0);
  });
});
