/** The client against our own server, on the runtime's own sockets. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonDecode, jsonEncode, toUnicode } from "../src/escape.ts";
import { AsyncHTTPClient, HTTPClient, HTTPError, type HTTPResponse } from "../src/httpclient.ts";
import { HTTPServer } from "../src/httpserver.ts";
import {
  Application,
  asynchronous,
  RequestHandler,
  streamRequestBody,
  HTTPError as WebError,
} from "../src/web.ts";
import { runtimeLoop } from "./support/runtime-loop.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }

  post(): void {
    this.write(this.request.body);
  }
}

/** Compressed by the server, which a length of 1,024 bytes is worth. */
class Long extends RequestHandler {
  async get(): Promise<void> {
    for (let part = 0; part < 5; part++) {
      this.write(`${part}`.repeat(1000));
      if (this.getArgument("flush", { default: "" }) !== "") await this.flush();
    }
  }
}

class Upload extends RequestHandler {
  #size = 0;

  override dataReceived(chunk: Uint8Array): void {
    this.#size += chunk.length;
  }

  put(): void {
    this.write(String(this.#size));
  }
}
streamRequestBody(Upload);

/** The example of Tornado's first documentation, with the service's address as an argument. */
class FriendFeed extends RequestHandler {
  static override guards = { get: asynchronous };

  get(): Promise<unknown> {
    const http = new AsyncHTTPClient();
    return http.fetch(this.getArgument("feed"), (response) => this.onResponse(response));
  }

  onResponse(response: HTTPResponse): void {
    if (response.error !== undefined) throw new WebError(500);
    const json = jsonDecode(response.body) as { entries: unknown[] };
    this.write(`Fetched ${json.entries.length} entries from the FriendFeed API`);
    this.finish();
  }
}

class Feed extends RequestHandler {
  get(): void {
    this.write(jsonEncode({ entries: [1, 2, 3] }));
  }
}

const server = new HTTPServer(
  new Application(
    [
      ["/", Hello],
      ["/long", Long],
      ["/upload", Upload],
      ["/feed", Feed],
    ],
    { compressResponse: true },
  ),
);
const folder = mkdtempSync(join(tmpdir(), "squall-"));
const path = join(folder, "socket");
const client = new HTTPClient({ loop: runtimeLoop });
let url = "";

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  await server.listenUnix(path);
  url = `http://127.0.0.1:${server.addresses[0]?.port}`;
});

afterAll(async () => {
  client.close();
  server.stop();
  await server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

describe("a fetch", () => {
  test("gives the response", async () => {
    const before = Date.now() / 1000;
    const response = await client.fetch(`${url}/`);
    expect(response.code).toBe(200);
    expect(response.reason).toBe("OK");
    expect(toUnicode(response.body)).toBe("Hello, world");
    expect(response.buffer).toBe(response.body);
    expect(response.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(response.effectiveUrl).toBe(`${url}/`);
    expect(response.error).toBeUndefined();
    response.rethrow();
    expect(response.startTime).toBeGreaterThan(before - 1);
    const { queue, connect, starttransfer, total } = response.timeInfo;
    expect(queue).toBeGreaterThanOrEqual(0);
    expect(connect).toBeGreaterThan(0);
    expect(starttransfer).toBeGreaterThan(connect);
    expect(total).toBe(response.requestTime);
    expect(total).toBeGreaterThanOrEqual(starttransfer);
  });

  test("rejects for what is no success", async () => {
    const error = await client.fetch(`${url}/nowhere`).catch((reason) => reason);
    expect(error).toBeInstanceOf(HTTPError);
    expect(error.message).toBe("HTTP 404: Not Found");
    expect(error.response.code).toBe(404);
    const response = await client.fetch(`${url}/nowhere`, { raiseError: false });
    expect(response.error).toMatchObject({ code: 404, response });
    expect(() => response.rethrow()).toThrow("HTTP 404: Not Found");
  });

  test("rejects with 599 where nobody listens", async () => {
    const other = new HTTPServer(() => undefined);
    await other.listen(0, "127.0.0.1");
    const port = other.addresses[0]?.port;
    other.stop();
    const error = await client.fetch(`http://127.0.0.1:${port}/`).catch((reason) => reason);
    expect(error).toMatchObject({ code: 599, cause: { code: "ECONNREFUSED" } });
    await new Promise<void>((resolve) => {
      client.fetch(`http://127.0.0.1:${port}/`, (response) => {
        expect(response.code).toBe(599);
        expect(response.error).toMatchObject({ code: 599 });
        resolve();
      });
    });
  });

  test("of a thousand, ten at a time", async () => {
    const all = Array.from({ length: 1000 }, (_, number) =>
      client.fetch(`${url}/`, { method: "POST", body: String(number) }),
    );
    const bodies = (await Promise.all(all)).map(({ body }) => toUnicode(body));
    expect(bodies).toEqual(all.map((_, number) => String(number)));
    expect(client.idleConnections).toBe(10);
  });

  test("through a Unix socket", async () => {
    const response = await client.fetch("http://any.example/", { socketPath: path });
    expect(toUnicode(response.body)).toBe("Hello, world");
  });

  test("sends a body of two megabytes in parts", async () => {
    const part = new Uint8Array(16 * 1024);
    const response = await client.fetch(`${url}/upload`, {
      method: "PUT",
      bodyProducer: async (write) => {
        for (let count = 0; count < 128; count++) await write(part);
      },
    });
    expect(toUnicode(response.body)).toBe(String(2 ** 21));
  });
});

describe("a compressed response", () => {
  const expected = [0, 1, 2, 3, 4].map((part) => `${part}`.repeat(1000)).join("");

  test.each(["gzip", "br", "gzip;q=0", ""])("asked for as %j", async (coding) => {
    const headers: Record<string, string> = coding === "" ? {} : { "Accept-Encoding": coding };
    const response = await client.fetch(`${url}/long`, { headers });
    expect(toUnicode(response.body)).toBe(expected);
    expect(response.headers.has("Content-Encoding")).toBe(false);
    const consumed = response.headers.get("X-Consumed-Content-Encoding");
    expect(consumed).toBe(coding.includes(";") ? undefined : coding || "br");
  });

  test("comes in parts as they are sent", async () => {
    let text = "";
    const response = await client.fetch(`${url}/long?flush=1`, {
      streamingCallback: async (chunk) => {
        text += toUnicode(chunk);
      },
    });
    expect(text).toBe(expected);
    expect(response.body).toHaveLength(0);
    expect(response.headers.get("X-Consumed-Content-Encoding")).toBe("gzip");
  });

  test("stays as it is if that is wanted", async () => {
    const response = await client.fetch(`${url}/long`, {
      decompressResponse: false,
      headers: { "Accept-Encoding": "gzip" },
    });
    expect(response.headers.get("Content-Encoding")).toBe("gzip");
    expect([...response.body.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });
});

describe("Tornado's first example", () => {
  test.each([
    { feed: "/feed", says: "Fetched 3 entries from the FriendFeed API" },
    { feed: "/nowhere", says: "500" },
  ])("of $feed", async ({ feed, says }) => {
    const front = new HTTPServer(new Application([["/", FriendFeed]]));
    await front.listen(0, "127.0.0.1");
    const query = `feed=${encodeURIComponent(url + feed)}`;
    const response = await client.fetch(`http://127.0.0.1:${front.addresses[0]?.port}/?${query}`, {
      raiseError: false,
    });
    expect(toUnicode(response.body)).toContain(says);
    AsyncHTTPClient.instance().close();
    front.stop();
  });
});
