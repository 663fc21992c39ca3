/** What a server may send, and what it must not: byte for byte, on the fake host. */
import { describe, expect, test } from "vitest";
import { type FetchOptions, HTTPClientError } from "../../src/httpclient.ts";
import { everySplit } from "../support/every-split.ts";
import { type Peer, scripted } from "../support/scripted-server.ts";
import { bytesOf } from "../support/server.ts";
import { pass } from "../support/until.ts";

const OK = "HTTP/1.1 200 OK\r\n";

async function failure(promise: Promise<unknown>): Promise<HTTPClientError> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(HTTPClientError);
  return error as HTTPClientError;
}

describe("trailers", () => {
  const chunks = "2\r\nhe\r\n3\r\nllo\r\n0;a=b\r\n";
  const rows: { name: string; trailers: string; found: [string, string][] }[] = [
    { name: "one", trailers: "X-End: 1\r\n", found: [["X-End", "1"]] },
    {
      name: "several, of which one repeats",
      trailers: "digest: a=b\r\nX-End: 1\r\nx-end:2\r\n",
      found: [
        ["Digest", "a=b"],
        ["X-End", "1"],
        ["X-End", "2"],
      ],
    },
    { name: "none", trailers: "", found: [] },
  ];
  test.each(rows)("$name", async ({ trailers, found }) => {
    const wire = `${OK}Transfer-Encoding: chunked\r\n\r\n${chunks}${trailers}\r\n`;
    for (const parts of everySplit(bytesOf(wire))) {
      const { client, url } = await scripted(async (peer) => {
        await peer.head();
        await peer.sendParts(parts);
      });
      const response = await client.fetch(url);
      expect([...response.trailers]).toEqual(found);
      expect(response.headers.has("X-End")).toBe(false);
      expect(client.idleConnections).toBe(1);
      client.close();
    }
  });

  test("of a body that was streamed", async () => {
    const wire = `${OK}Transfer-Encoding: chunked\r\n\r\n${chunks}X-End: 1\r\n\r\n`;
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.send(wire);
    });
    const parts: string[] = [];
    const streamingCallback = (part: Uint8Array): unknown =>
      parts.push(String.fromCharCode(...part));
    const response = await client.fetch(url, { streamingCallback });
    expect([parts.join(""), response.trailers.get("x-end")]).toEqual(["hello", "1"]);
    client.close();
  });
});

interface Good {
  name: string;
  wire: string;
  body: string;
  /** The connection can be used again. */
  kept: boolean;
  options?: FetchOptions;
  code?: number;
}

const good: Good[] = [
  { name: "a length", wire: `${OK}Content-Length: 5\r\n\r\nhello`, body: "hello", kept: true },
  { name: "no body", wire: `${OK}Content-Length: 0\r\n\r\n`, body: "", kept: true },
  {
    name: "chunks, an extension and a trailer",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-End: 1\r\n\r\n`,
    body: "hello",
    kept: true,
  },
  { name: "until the end", wire: `${OK}\r\nhello`, body: "hello", kept: false },
  {
    name: "HTTP/1.0",
    wire: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    body: "hello",
    kept: false,
  },
  {
    name: "close",
    wire: `${OK}Connection: close\r\nContent-Length: 5\r\n\r\nhello`,
    body: "hello",
    kept: false,
  },
  { name: "204", wire: "HTTP/1.1 204 No Content\r\n\r\n", body: "", kept: true, code: 204 },
  {
    name: "304 with a length",
    wire: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    body: "",
    kept: true,
    code: 304,
  },
  {
    name: "an answer to HEAD",
    wire: `${OK}Content-Length: 5\r\n\r\n`,
    body: "",
    kept: true,
    options: { method: "HEAD" },
  },
  {
    name: "informational ones before",
    wire: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
    body: "ok",
    kept: true,
  },
];

describe("a response at every split", () => {
  test.each(good)("$name", async ({ wire, body, kept, options, code = 200 }) => {
    for (const parts of everySplit(bytesOf(wire))) {
      const { client, url, peers } = await scripted(async (peer) => {
        await peer.head();
        await peer.sendParts(parts);
        if (!kept) peer.socket?.shutdown();
      });
      const response = await client.fetch(url, { ...options, raiseError: false });
      expect(response.code).toBe(code);
      expect(String.fromCharCode(...response.body)).toBe(body);
      expect(client.idleConnections).toBe(kept ? 1 : 0);
      expect(peers).toHaveLength(1);
      client.close();
    }
  });
});

const LIMITS = { maxHeaderSize: 200, maxHeaderCount: 5, maxBodySize: 100 };

const bad = [
  { name: "another protocol", wire: "SSH-2.0-OpenSSH\r\n", says: /malformed status line/ },
  { name: "HTTP/2", wire: "HTTP/2.0 200 OK\r\n\r\n", says: /unsupported HTTP version/ },
  { name: "nothing", wire: "", says: /ended the connection before/ },
  { name: "half a head", wire: `${OK}Content-Le`, says: /ended the connection before/ },
  { name: "half a body", wire: `${OK}Content-Length: 5\r\n\r\nhel`, says: /within the body/ },
  {
    name: "half a chunk",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`,
    says: /within the body/,
  },
  {
    name: "chunks without their end",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n`,
    says: /within the body/,
  },
  { name: "a head without end", wire: `${OK}A: ${"a".repeat(250)}`, says: /longer than 200/ },
  { name: "a long head", wire: `${OK}A: ${"a".repeat(250)}\r\n\r\n`, says: /longer than 200/ },
  { name: "many fields", wire: `${OK}${"A: b\r\n".repeat(6)}\r\n`, says: /too many headers/ },
  {
    name: "informational ones without end",
    wire: "HTTP/1.1 102 Processing\r\n\r\n".repeat(20),
    says: /longer than 200/,
  },
  { name: "a switch of protocols", wire: "HTTP/1.1 101 X\r\n\r\n", says: /switches protocols/ },
  {
    name: "a switch with an upgrade",
    wire: "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    says: /switches protocols/,
  },
  { name: "a long body", wire: `${OK}Content-Length: 101\r\n\r\n`, says: /longer than 100/ },
  {
    name: "a long body until the end",
    wire: `${OK}\r\n${"a".repeat(101)}`,
    says: /longer than 100/,
  },
  {
    name: "a long body in chunks",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n${`32\r\n${"a".repeat(50)}\r\n`.repeat(3)}`,
    says: /longer than 100/,
  },
  {
    name: "a length and chunks",
    wire: `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    says: /both Content-Length and Transfer-Encoding/,
  },
  {
    name: "two lengths",
    wire: `${OK}Content-Length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
    says: /repeated Content-Length/,
  },
  {
    name: "a list of lengths",
    wire: `${OK}Content-Length: 5, 5\r\n\r\nhello`,
    says: /Content-Length/,
  },
  { name: "a length with a sign", wire: `${OK}Content-Length: +5\r\n\r\nhello`, says: /Content-L/ },
  {
    name: "an unknown transfer coding",
    wire: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    says: /unsupported transfer coding/,
  },
  {
    name: "a folded field",
    wire: `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`,
    says: /folded header/,
  },
  { name: "bare LF", wire: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", says: /CRLF/ },
  {
    name: "a chunk size in two ways",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
    says: /malformed chunk size/,
  },
  {
    name: "a chunk longer than it says",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n`,
    says: /does not end in CRLF/,
  },
  {
    name: "trailers without end",
    wire: `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${"A: b\r\n".repeat(4000)}`,
    says: /trailers too large/,
  },
];

describe("a response that is refused", () => {
  test.each(bad)("$name", async ({ wire, says }) => {
    for (const parts of [[bytesOf(wire)], [...everySplit(bytesOf(wire.slice(0, 2000)))][1] ?? []]) {
      const { client, url, peers } = await scripted(async (peer) => {
        await peer.head();
        await peer.sendParts(parts);
        peer.socket?.shutdown();
      }, LIMITS);
      const error = await failure(client.fetch(url));
      expect(error.code).toBe(599);
      if (wire.length <= 2000 || parts.length === 1) expect(error.message).toMatch(says);
      await peers[0]?.until(() => peers[0]?.ended === true || peers[0]?.closed === true);
      expect(client.idleConnections).toBe(0);
      client.close();
    }
  });

  test("a connection that is reset", async () => {
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.socket?.abort();
    });
    const error = await failure(client.fetch(url));
    expect(error.message).toBe("HTTP 599: read ECONNRESET");
    expect(error.cause).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("bytes that nobody asked for", () => {
  const first = `${OK}Content-Length: 5\r\n\r\nfirst`;
  const poison = `${OK}Content-Length: 6\r\n\r\npoison`;
  const answers = async (tail: string, later: boolean): Promise<string[]> => {
    const { client, url, peers } = await scripted(async (peer, number) => {
      await peer.head();
      if (number > 1) {
        peer.answer("200 OK", {}, "second");
        return;
      }
      peer.send(first + (later ? "" : tail));
      if (later) {
        await peer.until(() => client.idleConnections === 1);
        peer.send(tail);
      }
    });
    const bodies = [await client.fetch(url)];
    if (later) await peers[0]?.until(() => client.idleConnections === 0);
    bodies.push(await client.fetch(url));
    expect(peers).toHaveLength(2);
    client.close();
    return bodies.map(({ body }) => String.fromCharCode(...body));
  };

  test("after a response are not taken for the next one", async () => {
    expect(await answers(poison, false)).toEqual(["first", "second"]);
  });

  test("on an idle connection end it", async () => {
    expect(await answers(poison, true)).toEqual(["first", "second"]);
  });

  test.each([
    { name: "bytes", act: (peer: Peer) => peer.send(poison) },
    { name: "the end", act: (peer: Peer) => peer.socket?.shutdown() },
    { name: "a reset", act: (peer: Peer) => peer.socket?.abort() },
  ])("$name while a callback has the last part", async ({ act }) => {
    let called = (): void => {};
    let release = (): void => {};
    const calling = new Promise<void>((resolve) => {
      called = resolve;
    });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { client, url, peers } = await scripted(async (peer, number) => {
      await peer.head();
      if (number > 1) {
        peer.answer("200 OK", {}, "second");
        return;
      }
      peer.send(first);
      await calling;
      act(peer);
      await pass(5);
      release();
    });
    const streamingCallback = (): Promise<void> => {
      called();
      return held;
    };
    expect((await client.fetch(url, { streamingCallback })).code).toBe(200);
    const { body } = await client.fetch(url);
    expect(String.fromCharCode(...body)).toBe("second");
    expect(peers).toHaveLength(2);
    client.close();
  });
});
