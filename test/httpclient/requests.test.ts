/** What the client sends: a server that answers with what it got. */
import { describe, expect, test } from "vitest";
import { type FetchOptions, HTTPClient, type HTTPResponse } from "../../src/httpclient.ts";
import { HTTPHeaders } from "../../src/httputil.ts";
import { always, type Peer, scripted } from "../support/scripted-server.ts";
import { pass, until } from "../support/until.ts";

const MIB = 2 ** 20;

const echo = always((peer, head) => peer.answer("200 OK", {}, head));

function textOf({ body }: HTTPResponse): string {
  return String.fromCharCode(...body);
}

/** The head that one fetch sends. */
async function headOf(path: string, options?: FetchOptions): Promise<string> {
  const { client, url } = await scripted(echo);
  const head = textOf(await client.fetch(url + path, options));
  client.close();
  return head.replace(url.slice("http://".length), "HOST");
}

describe("a head", () => {
  test("with nothing but the defaults", async () => {
    expect((await headOf("/a?b=c#d")).split("\r\n")).toEqual([
      "GET /a?b=c HTTP/1.1",
      "Host: HOST",
      expect.stringMatching(/^User-Agent: Squall\/\d/),
      expect.stringMatching(/^Accept-Encoding: gzip, deflate, br/),
    ]);
  });

  const plain: FetchOptions = { userAgent: "", decompressResponse: false };
  const rows: { name: string; options: FetchOptions; line: string }[] = [
    { name: "fields of an object", options: { headers: { "X-A": "b" } }, line: "X-A: b" },
    {
      name: "fields that repeat",
      options: { headers: { "X-A": ["b", "c"] } },
      line: "X-A: b|X-A: c",
    },
    { name: "pairs", options: { headers: [["x-a", "b"]] }, line: "X-A: b" },
    { name: "HTTPHeaders", options: { headers: new HTTPHeaders([["X-A", "b"]]) }, line: "X-A: b" },
    {
      name: "a time",
      options: { ifModifiedSince: 784111777 },
      line: "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    },
    {
      name: "credentials",
      options: { authUsername: "jürgen", authPassword: "ü:" },
      line: "Authorization: Basic asO8cmdlbjrDvDo=",
    },
    {
      name: "credentials beside a field of one's own",
      options: { authUsername: "a", headers: { Authorization: "Bearer b" } },
      line: "Authorization: Bearer b",
    },
    { name: "an agent", options: { userAgent: "spider/1" }, line: "User-Agent: spider/1" },
  ];
  test.each(rows)("$name", async ({ options, line }) => {
    const lines = (await headOf("/", { ...plain, ...options })).split("\r\n");
    expect(lines.slice(2).join("|")).toBe(line);
  });

  test("a Host of one's own", async () => {
    const lines = (await headOf("/", { ...plain, headers: { Host: "a.example" } })).split("\r\n");
    expect(lines).toEqual(["GET / HTTP/1.1", "Host: a.example"]);
  });

  test("that asks for the connection's end", async () => {
    const { client, url } = await scripted(echo);
    await client.fetch(url, { headers: { Connection: "x, close" } });
    expect(client.idleConnections).toBe(0);
    await client.fetch(url, { headers: { Connection: "x-close" } });
    expect(client.idleConnections).toBe(1);
    client.close();
  });

  test("what changes in a client's defaults is sent as it is by then", async () => {
    const { loop, url } = await scripted(echo);
    const headers = new HTTPHeaders([["X-A", "1"]]);
    const ifModifiedSince = new Date(0);
    const withFields = new HTTPClient({ loop, defaults: { headers } });
    const withTime = new HTTPClient({ loop, defaults: { ifModifiedSince } });
    expect(textOf(await withFields.fetch(url))).toContain("X-A: 1\r\n");
    expect(textOf(await withTime.fetch(url))).toContain("Since: Thu, 01 Jan 1970 00:00:00 GMT");
    headers.set("X-A", "2");
    ifModifiedSince.setTime(784_111_777_000);
    expect(textOf(await withFields.fetch(url))).toContain("X-A: 2\r\n");
    expect(textOf(await withTime.fetch(url))).toContain("Since: Sun, 06 Nov 1994 08:49:37 GMT");
    withFields.close();
    withTime.close();
  });

  test("credentials of the URL", async () => {
    const { client, url } = await scripted(echo);
    const response = await client.fetch(`${url.replace("//", "//us%65r:p%3Aw@")}/`);
    expect(textOf(response)).toContain("Authorization: Basic dXNlcjpwOnc=\r\n");
    expect(textOf(response)).not.toContain("@");
    expect(response.effectiveUrl).toBe(`${url}/`);
    client.close();
  });
});

describe("a body", () => {
  /** What one fetch sends, when the server has got `end` of it. */
  const wireOf = async (end: string, options: FetchOptions): Promise<string> => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.until(() => peer.received.endsWith(end));
      peer.answer("200 OK");
    });
    await client.fetch(url, options);
    expect(client.idleConnections).toBe(1);
    client.close();
    return peers[0]?.received ?? "";
  };

  async function* parts(): AsyncGenerator<string | Uint8Array> {
    yield "one";
    yield "";
    yield new Uint8Array([0xc3, 0xa4]);
  }

  test("of text", async () => {
    const wire = await wireOf("Ã¤", { method: "POST", body: "ä" });
    expect(wire).toContain("\r\nContent-Length: 2\r\n");
    expect(wire).toContain("\r\nContent-Type: application/x-www-form-urlencoded\r\n");
  });

  test("of bytes, with a type of its own", async () => {
    const headers = { "Content-Type": "a/b" };
    const wire = await wireOf("\0a", { method: "PUT", body: Uint8Array.of(0, 97), headers });
    expect(wire).toContain("\r\nContent-Length: 2\r\n");
    expect(wire.match(/Content-Type: .*/g)).toEqual(["Content-Type: a/b"]);
  });

  test.each(["POST", "PUT", "PATCH"])("of %s that is empty, or not there", async (method) => {
    const empty = await wireOf("\r\n\r\n", { method, body: "", expect100Continue: true });
    expect(empty).toContain("\r\nContent-Length: 0\r\n");
    expect(empty).not.toContain("Expect");
    const none = await wireOf("\r\n\r\n", { method, allowNonstandardMethods: true });
    expect(none).toContain("\r\nContent-Length: 0\r\n");
  });

  test("of 300 KiB", async () => {
    const body = `${"a".repeat(300 * 1024)}!`;
    expect(await wireOf("!", { method: "POST", body })).toHaveLength(
      (await wireOf("a!", { method: "POST", body: "a!" })).length + body.length - 2 + 5,
    );
  });

  test("of parts", async () => {
    const wire = await wireOf("0\r\n\r\n", { method: "POST", body: parts() });
    expect(wire).toContain("\r\nTransfer-Encoding: chunked\r\n");
    expect(wire.slice(wire.indexOf("\r\n\r\n") + 4)).toBe("3\r\none\r\n2\r\nÃ¤\r\n0\r\n\r\n");
  });

  test("of a producer, with its length", async () => {
    const options: FetchOptions = {
      method: "POST",
      headers: { "Content-Length": "6" },
      bodyProducer: async (write) => {
        await write("one");
        await write("two");
      },
    };
    const wire = await wireOf("two", options);
    expect(wire).not.toContain("Transfer-Encoding");
    expect(wire.slice(wire.indexOf("\r\n\r\n") + 4)).toBe("onetwo");
  });

  test("of GET, if allowed", async () => {
    const options = { method: "GET", body: "a", allowNonstandardMethods: true };
    expect(await wireOf("a", options)).toContain("\r\nContent-Length: 1\r\n");
  });

  test("waits while the server does not read", async () => {
    let room = 0;
    const { client, url } = await scripted(async (peer) => {
      peer.socket?.pause();
      await until(() => written > 0);
      await pass(20);
      room = written;
      peer.socket?.resume();
      await peer.until(() => peer.received.endsWith("0\r\n\r\n"));
      peer.answer("200 OK");
    });
    let written = 0;
    const part = new Uint8Array(64 * 1024);
    await client.fetch(url, {
      method: "POST",
      bodyProducer: async (write) => {
        for (; written < 2 ** 20; written += part.length) await write(part);
      },
    });
    expect(room).toBeGreaterThan(0);
    expect(room).toBeLessThan(2 ** 19);
    client.close();
  });

  test("is not sent on after an answer that did not wait for it", async () => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.answer("413 Content Too Large");
    });
    let stopped: unknown;
    const bodyProducer = async (write: (chunk: string) => Promise<void>): Promise<void> => {
      try {
        for (;;) {
          await write("a".repeat(1000));
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      } catch (error) {
        stopped = error;
      }
    };
    const { code } = await client.fetch(url, { method: "POST", bodyProducer, raiseError: false });
    expect(code).toBe(413);
    await peers[0]?.until(() => stopped !== undefined);
    expect(stopped).toMatchObject({ name: "StreamClosedError" });
    expect(client.idleConnections).toBe(0);
  });

  test.each([
    { name: "in one piece", options: { body: new Uint8Array(MIB) } },
    { name: "after 100 Continue", options: { body: new Uint8Array(MIB), expect100Continue: true } },
    {
      name: "of a producer that does not wait",
      options: {
        bodyProducer: (write: (chunk: Uint8Array) => Promise<void>): void => {
          for (let parts = 0; parts < 8; parts++) void write(new Uint8Array(MIB / 8));
        },
      },
    },
  ])("that is refused while it is sent bothers nobody: $name", async ({ options }) => {
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.socket?.pause();
      if ("expect100Continue" in options) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await pass(5);
      peer.answer("413 Content Too Large");
    });
    // A rejection that nobody hears would end the process, and fails the test run.
    const { code } = await client.fetch(url, { method: "POST", raiseError: false, ...options });
    expect(code).toBe(413);
    await pass(5);
    expect(client.idleConnections).toBe(0);
  });

  test("whose producer does not wait for what fails is broken off", async () => {
    const { client, url } = await scripted(() => undefined);
    const bodyProducer = (write: (chunk: string) => Promise<void>): void => {
      for (const part of ["ab", "cd"]) void write(part);
    };
    const headers = { "Content-Length": "3" };
    const fetching = client.fetch(url, { method: "POST", bodyProducer, headers });
    await expect(fetching).rejects.toThrow(/more than the 3 bytes/);
  });

  test.each([
    { name: "more", text: "abcd", says: /more than the 3 bytes/ },
    { name: "less", text: "ab", says: /1 bytes fewer/ },
  ])("$name than its Content-Length breaks the fetch off", async ({ text, says }) => {
    const { client, url, peers } = await scripted(() => undefined);
    const promise = client.fetch(url, {
      method: "POST",
      headers: { "Content-Length": "3" },
      bodyProducer: (write) => write(text),
    });
    await expect(promise).rejects.toThrow(says);
    await peers[0]?.until(() => peers[0]?.closed === true);
  });

  test("whose part is neither text nor bytes breaks the fetch off", async () => {
    const { client, url } = await scripted(() => undefined);
    const bodyProducer = (write: (chunk: Uint8Array) => Promise<void>): Promise<void> =>
      write(new Uint16Array(1) as unknown as Uint8Array);
    await expect(client.fetch(url, { method: "PUT", bodyProducer })).rejects.toThrow(TypeError);
  });

  test("whose producer fails breaks the fetch off", async () => {
    const { client, url, peers } = await scripted(() => undefined);
    const bodyProducer = async (): Promise<void> => {
      throw new Error("out of ideas");
    };
    await expect(client.fetch(url, { method: "POST", bodyProducer })).rejects.toThrow(
      "out of ideas",
    );
    await peers[0]?.until(() => peers[0]?.closed === true);
  });
});

describe("100-continue", () => {
  const options: FetchOptions = { method: "POST", body: "hello", expect100Continue: true };

  test("the body waits for it", async () => {
    let before = "";
    const { client, url } = await scripted(async (peer: Peer) => {
      before = await peer.head();
      before += peer.received.slice(before.length + 4);
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.until(() => peer.received.endsWith("hello"));
      peer.answer("200 OK");
    });
    expect((await client.fetch(url, options)).code).toBe(200);
    expect(before).toMatch(/Expect: 100-continue/);
    expect(before).not.toContain("hello");
    expect(client.idleConnections).toBe(1);
    client.close();
  });

  test("an answer in its place leaves the body unsent", async () => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.answer("401 Unauthorized");
    });
    expect((await client.fetch(url, { ...options, raiseError: false })).code).toBe(401);
    await peers[0]?.until(() => peers[0]?.closed === true);
    expect(peers[0]?.received).not.toContain("hello");
    expect(client.idleConnections).toBe(0);
  });

  test("a server that never says it gets the body after a while", async () => {
    const { client, url } = await scripted(
      async (peer) => {
        await peer.until(() => peer.received.endsWith("hello"));
        peer.answer("200 OK");
      },
      { continueTimeout: 0.01 },
    );
    expect((await client.fetch(url, options)).code).toBe(200);
    client.close();
  });
});
