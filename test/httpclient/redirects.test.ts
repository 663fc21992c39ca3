/** Redirects: where they lead, what goes along, and where they end. On the fake host. */
import { describe, expect, test } from "vitest";
import { type FetchOptions, HTTPClientError, type HTTPResponse } from "../../src/httpclient.ts";
import { always, type Peer, scripted } from "../support/scripted-server.ts";

interface Seen {
  response: HTTPResponse;
  /** The requests as the server got them, bodies included. */
  requests: string[];
  peers: Peer[];
}

/** Fetches `/`, which redirects to `location`; everything else says 200. */
async function follow(
  code: number,
  location: string,
  options: FetchOptions = {},
  page = "",
): Promise<Seen> {
  const { client, url, peers } = await scripted(
    always((peer, head) => {
      const to = location.replace("SELF", url);
      if (/^\S+ \/ /.test(head)) peer.answer(`${code} X`, { Location: to }, page);
      else peer.answer("200 OK", {}, head.split(" ")[1]);
    }),
  );
  const response = await client.fetch(`${url}/`, options);
  await peers[0]?.until(() => true);
  client.close();
  const requests = peers.flatMap(({ received }) =>
    received.split(/(?=(?:GET|HEAD|POST|PUT) \S+ HTTP)/),
  );
  return { response, requests, peers };
}

describe("where it leads", () => {
  const rows = [
    { location: "/b?c=d", path: "/b?c=d" },
    { location: "b", path: "/b" },
    { location: "?q", path: "/?q" },
    { location: "SELF/b#c", path: "/b", shown: "/b#c" },
    { location: "/a b", path: "/a%20b" },
    { location: "/\xc3\xa4", path: "/%C3%A4" },
    { location: "/a/../b", path: "/b" },
  ];
  test.each(rows)("$location", async ({ location, path, shown = path }) => {
    const { response, requests, peers } = await follow(302, location);
    expect(requests[1]).toMatch(`GET ${path} HTTP/1.1\r\n`);
    expect(response.effectiveUrl.replace(/^http:\/\/[^/]+/, "")).toBe(shown);
    expect(peers).toHaveLength(1);
  });
});

describe("what it makes of the method and the body", () => {
  const rows = [
    ...[301, 302, 303].map((code) => ({ code, method: "POST", becomes: "GET" })),
    ...[307, 308].map((code) => ({ code, method: "POST", becomes: "POST" })),
    ...[301, 302, 307, 308].map((code) => ({ code, method: "PUT", becomes: "PUT" })),
    { code: 303, method: "PUT", becomes: "GET" },
    { code: 303, method: "HEAD", becomes: "HEAD" },
    { code: 302, method: "HEAD", becomes: "HEAD" },
    { code: 303, method: "DELETE", becomes: "GET" },
  ];
  test.each(rows)("$code after $method", async ({ code, method, becomes }) => {
    const hasBody = method === "POST" || method === "PUT";
    const headers = { "X-A": "b", ...(hasBody ? { "Content-Type": "a/b" } : {}) };
    const options = hasBody ? { method, headers, body: "hello" } : { method, headers };
    const { requests } = await follow(code, "/b", options);
    expect(requests).toHaveLength(2);
    expect(requests[1]).toMatch(`${becomes} /b HTTP/1.1\r\n`);
    expect(requests[1]).toContain("X-A: b");
    expect(requests[1]?.endsWith("\r\n\r\nhello")).toBe(hasBody && becomes === method);
    expect(/Content-(Type|Length)/.test(requests[1] ?? "")).toBe(hasBody && becomes === method);
  });

  test("a producer is called again", async () => {
    let calls = 0;
    const bodyProducer = (write: (chunk: string) => Promise<void>) => write(`call ${++calls}`);
    const { client, url, peers } = await scripted(async (peer) => {
      for (const call of [1, 2]) {
        await peer.until(() => peer.received.endsWith(`call ${call}\r\n0\r\n\r\n`));
        peer.answer(call === 1 ? "307 X" : "200 OK", { Location: "/b" });
      }
    });
    await client.fetch(url, { method: "POST", bodyProducer });
    expect(peers).toHaveLength(1);
    client.close();
  });

  test("parts that can be had once are not sent again", async () => {
    async function* parts(): AsyncGenerator<string> {
      yield "hello";
    }
    const promise = follow(307, "/b", { method: "POST", body: parts() });
    await expect(promise).rejects.toThrow("the body can be sent only once");
    const { requests } = await follow(303, "/b", { method: "POST", body: parts() });
    expect(requests[1]).toMatch("GET /b");
  });
});

describe("credentials", () => {
  const secrets: FetchOptions = {
    authUsername: "user",
    authPassword: "secret",
    headers: { Cookie: "a=secret", "Proxy-Authorization": "secret", Host: "secret.example" },
  };

  test("stay within an origin, but for the Host", async () => {
    const { requests } = await follow(302, "/b", secrets);
    expect(requests[1]).toContain("Cookie: a=secret");
    expect(requests[1]).toContain("Authorization: Basic");
    expect(requests[1]).not.toContain("secret.example");
  });

  test.each([
    { to: "another host", change: (url: string) => url.replace("127.0.0.1", "localhost") },
    {
      to: "another host and back",
      change: (url: string) => `${url.replace("127.0.0.1", "localhost")}/back`,
    },
  ])("are not told to $to", async ({ change }) => {
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        if (/^GET \/ /.test(head))
          peer.answer("302 X", {
            Location: change(url) + (change(url).endsWith("back") ? "" : "/b"),
          });
        else if (/^GET \/back /.test(head)) peer.answer("302 X", { Location: `${url}/b` });
        else peer.answer("200 OK");
      }),
    );
    await client.fetch(url.replace("//", "//name:secret@"), {
      headers: { ...(secrets.headers as Record<string, string>), Authorization: "secret" },
    });
    client.close();
    const requests = peers.flatMap(({ received }) => received.split(/(?=GET \S+ HTTP\/1\.1\r\n)/));
    expect(requests.length).toBeGreaterThan(1);
    const others = requests.filter((request) => !/^GET \/ /.test(request));
    expect(others.length).toBeGreaterThan(0);
    for (const request of others) expect(request).not.toMatch(/secret|Authorization|Cookie/i);
  });

  test("of a Location are its own", async () => {
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        const to = url.replace("//127.0.0.1", "//evil:pw@localhost");
        if (/^GET \/ /.test(head)) peer.answer("302 X", { Location: `${to}/b` });
        else peer.answer("200 OK");
      }),
    );
    const { effectiveUrl } = await client.fetch(url);
    client.close();
    expect(peers[1]?.received).not.toContain("Authorization");
    expect(effectiveUrl).not.toContain("pw");
  });
});

describe("where it ends", () => {
  const endless = always((peer) => peer.answer("302 Found", { Location: "/again" }, "again"));

  test.each([5, 0, 1, 1.5])("after %f of them", async (maxRedirects) => {
    const { client, url, peers } = await scripted(endless);
    const error = await client.fetch(url, { maxRedirects }).catch((reason) => reason);
    expect(error).toBeInstanceOf(HTTPClientError);
    expect(error.code).toBe(302);
    expect(String.fromCharCode(...error.response.body)).toBe("again");
    expect(peers[0]?.received.match(/^GET /gm)).toHaveLength(Math.floor(maxRedirects) + 1);
    client.close();
  });

  test("a header callback hears of every one", async () => {
    const { client, url } = await scripted(endless);
    const lines: string[] = [];
    const headerCallback = (line: string): unknown => lines.push(line);
    await client.fetch(url, { maxRedirects: 2, raiseError: false, headerCallback });
    expect(lines.filter((line) => line === "HTTP/1.1 302 Found\r\n")).toHaveLength(3);
    expect(lines.filter((line) => line === "\r\n")).toHaveLength(3);
    client.close();
  });

  test("a header callback may give up before the next one", async () => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n");
    });
    const control = new AbortController();
    const headerCallback = (): void => control.abort(new Error("enough"));
    const fetching = client.fetch(url, { headerCallback, signal: control.signal });
    await expect(fetching).rejects.toThrow("enough");
    await peers[0]?.until(() => peers[0]?.closed === true);
    expect(peers).toHaveLength(1);
  });

  test("when they are not to be followed", async () => {
    const { client, url } = await scripted(endless);
    const response = await client.fetch(url, { followRedirects: false, raiseError: false });
    expect(response.code).toBe(302);
    expect(response.headers.get("Location")).toBe("/again");
    client.close();
  });

  test("with the time for all of them", async () => {
    const { client, url } = await scripted(
      always(async (peer) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        peer.answer("302 Found", { Location: "/again" });
      }),
    );
    const promise = client.fetch(url, { maxRedirects: 1000, requestTimeout: 0.05 });
    await expect(promise).rejects.toThrow("Timeout during the request");
  });

  test.each([
    { to: "file:///etc/passwd", says: /Bad redirect.*not a URL of http/ },
    { to: "http://", says: /Bad redirect.*not a URL/ },
    { to: "http://a\tb:99999/", says: /Bad redirect.*not a URL/ },
  ])("at $to", async ({ to, says }) => {
    const error = await follow(302, to).catch((reason) => reason);
    expect(error).toMatchObject({ code: 599 });
    expect(error.message).toMatch(says);
  });

  test("a 300 or 304 with a Location is none", async () => {
    expect((await follow(300, "/b", { raiseError: false })).response.code).toBe(300);
    expect((await follow(304, "/b", { raiseError: false })).response.code).toBe(304);
  });
});

describe("its own body", () => {
  test("is thrown away", async () => {
    const seen: string[] = [];
    const streamingCallback = (chunk: Uint8Array) => seen.push(String.fromCharCode(...chunk));
    const { response, peers } = await follow(302, "/b", { streamingCallback }, "moved");
    expect(response.code).toBe(200);
    expect(seen).toEqual(["/b"]);
    expect(peers).toHaveLength(1);
  });

  test("is not read to the end if it is long", async () => {
    const { peers, response } = await follow(302, "/b", {}, "a".repeat(100_000));
    expect(response.code).toBe(200);
    expect(peers).toHaveLength(2);
  });

  test("is not read to the end if it does not end", async () => {
    const { client, url, peers } = await scripted(async (peer, number) => {
      await peer.head();
      if (number > 1) peer.answer("200 OK");
      else {
        peer.send("HTTP/1.1 302 X\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (!peer.closed) {
          peer.send(`1000\r\n${"a".repeat(4096)}\r\n`);
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      }
    });
    expect((await client.fetch(url)).code).toBe(200);
    expect(peers).toHaveLength(2);
    client.close();
  });
});
