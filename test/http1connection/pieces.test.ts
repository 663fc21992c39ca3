/** However the bytes of a client are cut, a server's connection does the same with them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HTTPMessageDelegate, HTTPServerConnectionDelegate } from "../../src/httputil.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler, streamRequestBody } from "../../src/web.ts";
import { answers, echo, HOST } from "../support/echo.ts";
import { serve } from "../support/server.ts";
import { pass } from "../support/until.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const onesOf = (text: string): Uint8Array[] => Array.from(text, bytesOf);

describe("an empty line after the last request", () => {
  const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;

  test.each(["\r\n", "\r\n\r\n", "\r"])("%j is no request", async (line) => {
    const { exchange } = await serve(echo);
    expect(answers(await exchange(request + line))).toEqual(["[GET / ]"]);
    expect(answers(await exchange(onesOf(request + line)))).toEqual(["[GET / ]"]);
  });

  test("leaves the connection idle, and is part of the next request", async () => {
    const { connect, server } = await serve(echo, { headerTimeout: 0.1, idleConnectionTimeout: 9 });
    const client = await connect();
    client.send(`${request}\r\n`);
    await client.until(() => client.received.includes("[GET / ]"));
    await pass(300);
    client.send(request);
    await client.until(() => answers(client.received).length === 2);
    expect(answers(client.received)).toEqual(["[GET / ]", "[GET / ]"]);
    expect(server.connectionCount).toBe(1);
  });

  test("three are a request without a request line", async () => {
    const { exchange } = await serve(echo);
    const lines = "\r\n\r\n\r\n";
    expect(answers(await exchange(lines))).toEqual(["400"]);
    expect(answers(await exchange(onesOf(lines)))).toEqual(["400"]);
  });
});

test("a head that is wrong behind maxHeaderSize is too long", async () => {
  const { exchange } = await serve(echo, { maxHeaderSize: 500 });
  const late = `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(600)}\nY: 1\r\n\r\n`;
  const early = `GET / HTTP/1.1\r\n${HOST}X: a\nY: ${"a".repeat(600)}\r\n\r\n`;
  for (const [wire, status] of [
    [late, "431"],
    [early, "400"],
  ] as const) {
    expect(answers(await exchange(wire))).toEqual([status]);
    expect(answers(await exchange(onesOf(wire)))).toEqual([status]);
  }
});

describe("of a body that ends badly, its handler is given all before that", () => {
  let text: string;
  const delegate: HTTPServerConnectionDelegate = {
    startRequest: (): HTTPMessageDelegate => ({
      headersReceived: () => undefined,
      dataReceived: (bytes) => {
        text += new TextDecoder().decode(bytes);
      },
      finish: () => undefined,
      onConnectionClose: () => undefined,
    }),
  };
  const head = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

  test.each([
    ["malformed", "3\r\nabc\r\n2\r\nde\r\nx\r\n", "400", "abcde"],
    ["too long", "3\r\nabc\r\n9\r\ndefghijkl\r\n0\r\n\r\n", "413", "abcdefgh"],
  ])("%s", async (_, body, status, data) => {
    const { exchange } = await serve(delegate, { maxBodySize: 8 });
    for (const wire of [[bytesOf(head + body)], onesOf(head + body)]) {
      text = "";
      expect(answers(await exchange(wire))).toEqual([status]);
      expect(text).toBe(data);
    }
  });
});

test("an answer to HEAD that refuses it has no body", async () => {
  const { exchange } = await serve(echo, { maxBodySize: 2 });
  for (const wire of [
    "HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "\r\nHEAD / HTTP/1.1\r\n\r\n",
    `HEAD / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`,
  ]) {
    const answer = await exchange(wire);
    expect(answer).toMatch(/^HTTP\/1.1 4(00|13) .*\r\nContent-Length: [1-9]/s);
    expect(answer.endsWith("\r\n\r\n")).toBe(true);
  }
});

test("what is refused before its method is not that of HEAD", async () => {
  const { exchange } = await serve(echo);
  const wire = `\nHEAD / HTTP/1.1\r\n${HOST}\r\n`;
  const whole = await exchange(wire);
  expect(answers(whole)).toEqual(["400"]);
  expect(answers(await exchange(onesOf(wire)))).toEqual(["400"]);
});

test("a handler that breaks off its answer to a fast upload ends nothing else", async () => {
  class Upload extends RequestHandler {
    override async prepare(): Promise<void> {
      this.write("begun");
      await this.flush();
    }

    override dataReceived(): void {
      throw new Error("as the test wants it");
    }

    post(): void {}
  }
  streamRequestBody(Upload);
  class Home extends RequestHandler {
    get(): string {
      return "home";
    }
  }
  const application = new Application([
    ["/u", Upload],
    ["/", Home],
  ]);
  const { connect, exchange } = await serve(application);
  const client = await connect();
  // Short, so that more of the body comes with it than is looked at in one piece.
  const head = "POST /u HTTP/1.0\r\nContent-Length: 200000\r\n\r\n";
  client.send(Buffer.concat([bytesOf(head), new Uint8Array(200_000)]));
  await client.until(() => client.closed);
  expect(await exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`)).toContain("home");
});
