/** Bodies that a client has compressed, for servers with `decompressRequest`. */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HTTPServerOptions } from "../../src/httpserver.ts";
import { setLogLevel } from "../../src/log.ts";
import { Application, RequestHandler, streamRequestBody } from "../../src/web.ts";
import { type Answer, parseAnswer, requestText } from "../support/ask.ts";
import { bytesOf, serve } from "../support/server.ts";

beforeAll(() => setLogLevel("none"));
afterAll(() => setLogLevel("warning"));

/** Says what has arrived. */
class Says extends RequestHandler {
  post(): void {
    const { headers, body } = this.request;
    const coding = headers.get("X-Consumed-Content-Encoding") ?? "-";
    const left = headers.get("Content-Encoding") ?? "-";
    this.write(
      `${coding} ${left} ${body.length} ${Buffer.from(body.slice(0, 20)).toString("latin1")}`,
    );
  }
}

class Form extends RequestHandler {
  post(): void {
    this.write(this.getBodyArgument("name"));
  }
}

const parts: string[] = [];
let closed = 0;

/** Takes its time for every part. */
class Parts extends RequestHandler {
  #length = 0;

  override prepare(): void {
    const most = this.getArgument("most", { default: "" });
    if (most !== "") this.request.connection.setMaxBodySize(Number(most));
  }

  override async dataReceived(chunk: Uint8Array): Promise<void> {
    parts.push("in");
    await new Promise((resolve) => setTimeout(resolve, 1));
    parts.push("out");
    this.#length += chunk.length;
  }

  put(): void {
    this.write(String(this.#length));
  }

  override onConnectionClose(): void {
    closed++;
  }
}
streamRequestBody(Parts);

const application = new Application([
  ["/", Says],
  ["/form", Form],
  ["/parts", Parts],
]);

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

interface Post {
  readonly line?: string;
  readonly headers?: Record<string, string>;
  readonly body: Uint8Array;
}

const text = ({ line = "POST /", headers = {}, body }: Post): string =>
  requestText(line, { headers: { "Content-Encoding": "gzip", ...headers }, body: latin1(body) });

async function post(request: Post, options: HTTPServerOptions = {}): Promise<Answer> {
  const { exchange } = await serve(application, { decompressRequest: true, ...options });
  return parseAnswer(await exchange(text(request)));
}

const hello = Buffer.from("Hello, world");

describe("a body is decompressed", () => {
  test.each([
    { coding: "gzip", body: gzipSync(hello) },
    { coding: "GZip", body: gzipSync(hello) },
    { coding: "x-gzip", body: gzipSync(hello) },
    { coding: "deflate", body: deflateSync(hello) },
    { coding: "br", body: brotliCompressSync(hello) },
    { coding: "identity, gzip", body: gzipSync(hello) },
  ])("from $coding, which is renamed", async ({ coding, body }) => {
    const { status, body: answer } = await post({ headers: { "Content-Encoding": coding }, body });
    const name = coding.toLowerCase().replace("identity, ", "");
    expect([status, answer]).toEqual([200, `${name} - 12 Hello, world`]);
  });

  test("behind a proxy too, and in a form", async () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const body = gzipSync("name=Amy");
    const answer = await post({ line: "POST /form", headers, body }, { xheaders: true });
    expect(answer.body).toBe("Amy");
  });

  test("in chunks, cut anywhere, and the next request is its own", async () => {
    const { exchange } = await serve(application, { decompressRequest: true });
    const body = latin1(gzipSync(hello));
    const head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunks = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join("");
    const next = requestText("POST /", { body: "plain" });
    const wire = bytesOf(`${head}${chunks}0\r\n\r\n${next}`);
    const pieces = Array.from({ length: Math.ceil(wire.length / 7) }, (_, at) =>
      wire.slice(at * 7, at * 7 + 7),
    );
    const received = await exchange(pieces);
    expect(received.match(/gzip - 12 Hello, world/g)).toHaveLength(1);
    expect(received.match(/- - 5 plain/g)).toHaveLength(1);
  });

  test("part by part, each once the one before it is dealt with", async () => {
    parts.length = 0;
    const { body } = await post({ line: "PUT /parts", body: gzipSync(Buffer.alloc(1_000_000)) });
    expect(body).toBe("1000000");
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.join()).toBe(
      Array(parts.length / 2)
        .fill("in,out")
        .join(),
    );
  });

  test.each([
    { headers: { "Content-Encoding": "identity" }, says: "- identity 12 Hello, world" },
    { headers: { "Content-Encoding": "compress" }, says: "- compress 12 Hello, world" },
  ])("not with $headers", async ({ headers, says }) => {
    expect((await post({ headers, body: hello })).body).toBe(says);
  });

  test("not without the option", async () => {
    const body = gzipSync(hello);
    const answer = await post({ body }, { decompressRequest: false });
    expect(answer.body.startsWith(`- gzip ${body.length} `)).toBe(true);
  });

  test("an empty one is empty", async () => {
    expect((await post({ body: new Uint8Array(0) })).body).toBe("gzip - 0 ");
  });
});

describe("a body is refused", () => {
  const zeros = gzipSync(Buffer.alloc(100_000));

  test("413, if it is too long decompressed", async () => {
    const options = { maxBodySize: 50_000 };
    expect((await post({ body: zeros }, options)).status).toBe(413);
    expect((await post({ body: gzipSync(Buffer.alloc(50_000)) }, options)).status).toBe(200);
    expect((await post({ line: "PUT /parts", body: zeros }, options)).status).toBe(413);
  });

  test("413, if it is longer than its handler wants", async () => {
    const { status, body } = await post({ line: "PUT /parts?most=100000", body: zeros });
    expect([status, body]).toEqual([200, "100000"]);
    expect((await post({ line: "PUT /parts?most=99999", body: zeros })).status).toBe(413);
    const options = { maxBodySize: 1000 };
    expect((await post({ line: "PUT /parts?most=100000", body: zeros }, options)).status).toBe(200);
  });

  test.each([
    { what: "other bytes", body: Buffer.from("no gzip at all") },
    { what: "a part of it", body: gzipSync(hello).subarray(0, -9) },
    { what: "a head alone", body: gzipSync(hello).subarray(0, 5) },
    {
      what: "another sum",
      body: Buffer.concat([gzipSync(hello).subarray(0, -8), Buffer.alloc(8)]),
    },
  ])("400, if it is $what", async ({ body }) => {
    expect((await post({ body })).status).toBe(400);
    closed = 0;
    expect((await post({ line: "PUT /parts", body })).status).toBe(400);
    // Its handler has begun, and hears that nothing more comes.
    expect(closed).toBe(1);
  });

  test("415, if several codings stand one on another", async () => {
    const headers = { "Content-Encoding": "gzip, gzip" };
    expect((await post({ headers, body: gzipSync(gzipSync(hello)) })).status).toBe(415);
  });

  test("and the server answers others", async () => {
    const { exchange } = await serve(application, { decompressRequest: true });
    await exchange(text({ body: hello }));
    const answer = parseAnswer(await exchange(text({ body: gzipSync(hello) })));
    expect(answer.body).toBe("gzip - 12 Hello, world");
  });
});

test("a client that goes within its body is heard of, once", async () => {
  const { connect } = await serve(application, { decompressRequest: true });
  closed = 0;
  parts.length = 0;
  const client = await connect();
  const wire = text({ line: "PUT /parts", body: gzipSync(Buffer.alloc(1_000_000)) });
  client.send(wire.slice(0, -100));
  await client.until(() => parts.length > 4);
  client.socket?.abort();
  await client.until(() => closed > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(closed).toBe(1);
});
