/** Proxies: what is said to them, and what they must not see or share. On the fake host. */
import { describe, expect, test } from "vitest";
import { AsyncHTTPClient, type FetchOptions } from "../../src/httpclient.ts";
import { IOLoop } from "../../src/ioloop.ts";
import type { ResolvedAddress, Resolver } from "../../src/netutil.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { always, scripted } from "../support/scripted-server.ts";
import { pass } from "../support/until.ts";

function proxyOf(url: string): { proxyHost: string; proxyPort: number } {
  const { hostname, port } = new URL(url);
  return { proxyHost: hostname, proxyPort: Number(port) };
}

const echo = always((peer, head) => peer.answer("200 OK", {}, head));

describe("http through a proxy", () => {
  test("says the whole URL", async () => {
    const { client, url } = await scripted(echo);
    const options: FetchOptions = {
      ...proxyOf(url),
      proxyUsername: "us",
      proxyPassword: "pw",
      authUsername: "a",
    };
    const { body, effectiveUrl } = await client.fetch("http://b.example:81/c?d#e", options);
    const lines = String.fromCharCode(...body).split("\r\n");
    expect(lines[0]).toBe("GET http://b.example:81/c?d HTTP/1.1");
    expect(lines[1]).toBe("Host: b.example:81");
    expect(lines).toContain("Proxy-Authorization: Basic dXM6cHc=");
    expect(lines).toContain("Authorization: Basic YTo=");
    expect(effectiveUrl).toBe("http://b.example:81/c?d#e");
    client.close();
  });

  test("credentials in a field of one's own go before the options', and are the only ones", async () => {
    const { client, url } = await scripted(echo);
    const headers = { "Proxy-Authorization": "Bearer token" };
    const options = { ...proxyOf(url), proxyUsername: "us", headers };
    const { body } = await client.fetch("http://b.example/", options);
    const lines = String.fromCharCode(...body).split("\r\n");
    const credentials = lines.filter((line) => line.startsWith("Proxy-Authorization"));
    expect(credentials).toEqual(["Proxy-Authorization: Bearer token"]);
    client.close();
  });

  test("may be at an IPv6 address, in brackets or not", async () => {
    const asked: (string | undefined)[] = [];
    const loop = new IOLoop(createFakeHost());
    loop.tcp.connect = async ({ host }) => {
      asked.push(host);
      throw new Error("nobody there");
    };
    const client = new AsyncHTTPClient({ forceInstance: true, loop });
    for (const proxyHost of ["::1", "[::1]"]) {
      const options = { proxyHost, proxyPort: 1 };
      await expect(client.fetch("http://b.example/", options)).rejects.toThrow("nobody there");
    }
    expect(asked).toEqual(["::1", "::1"]);
  });

  test("shares connections between places, not between credentials", async () => {
    const { client, url, peers } = await scripted(echo);
    const proxy = proxyOf(url);
    await client.fetch("http://b.example/", proxy);
    await client.fetch("http://c.example/", proxy);
    expect(peers).toHaveLength(1);
    await client.fetch("http://b.example/", { ...proxy, proxyUsername: "us" });
    expect(peers).toHaveLength(2);
    expect(peers[0]?.received).not.toContain("Proxy-Authorization");
    // A place that happens to be the proxy is still another thing.
    await client.fetch(url);
    expect(peers).toHaveLength(3);
    client.close();
  });

  test("says the credentials of the proxy again after a redirect", async () => {
    const { client, url, peers } = await scripted(
      always((peer, head) => {
        const elsewhere = head.includes("//b.example/");
        if (elsewhere) peer.answer("302 X", { Location: "http://c.example/" });
        else peer.answer("200 OK");
      }),
    );
    const options = { ...proxyOf(url), proxyUsername: "us", authUsername: "secret" };
    await client.fetch("http://b.example/", options);
    const [, first, second] = (peers[0]?.received ?? "").split(/^GET /m);
    expect(first).toContain("Proxy-Authorization");
    expect(second).toContain("Proxy-Authorization");
    expect(first).toContain("\r\nAuthorization");
    expect(second).not.toContain("\r\nAuthorization");
    client.close();
  });

  test("gives what the proxy answers", async () => {
    const { client, url } = await scripted(
      always((peer) => peer.answer("407 Proxy Authentication")),
    );
    const response = await client.fetch("http://b.example/", {
      ...proxyOf(url),
      raiseError: false,
    });
    expect(response.code).toBe(407);
    client.close();
  });
});

describe("a tunnel", () => {
  test("is asked for with the proxy's credentials alone", async () => {
    const { client, url, peers } = await scripted(
      always((peer) => peer.answer("403 Forbidden", {}, "no")),
    );
    const promise = client.fetch("https://user:secret@b.example/path", {
      ...proxyOf(url),
      proxyUsername: "us",
      headers: { Cookie: "secret" },
    });
    await expect(promise).rejects.toThrow("HTTP 599: The proxy gives no tunnel: 403 Forbidden");
    expect(peers[0]?.received.split("\r\n")).toEqual([
      "CONNECT b.example:443 HTTP/1.1",
      "Host: b.example:443",
      "Proxy-Authorization: Basic dXM6",
      "",
      "",
    ]);
    await peers[0]?.until(() => peers[0]?.closed === true);
  });

  test.each([
    { name: "no answer", wire: "", says: "Timeout while connecting" },
    { name: "half an answer", wire: "HTTP/1.1 200", says: "Timeout while connecting" },
  ])("that gets $name is given up in time", async ({ wire, says }) => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.send(wire);
    });
    const options = { ...proxyOf(url), connectTimeout: 0.02 };
    await expect(client.fetch("https://b.example/", options)).rejects.toThrow(says);
    await peers[0]?.until(() => peers[0]?.closed === true);
  });

  test.each([
    { name: "a malformed answer", wire: "HELLO\r\n\r\n", says: /malformed status line/ },
    { name: "an end", wire: "", says: /ended the connection/ },
  ])("that gets $name is none", async ({ wire, says }) => {
    const { client, url } = await scripted(async (peer) => {
      await peer.head();
      peer.send(wire);
      peer.socket?.shutdown();
    });
    await expect(client.fetch("https://b.example/", proxyOf(url))).rejects.toThrow(says);
  });
});

describe("settings that contradict each other", () => {
  test.each([
    { options: { proxyHost: "a" }, says: "proxyHost and proxyPort" },
    { options: { proxyPort: 1 }, says: "proxyHost and proxyPort" },
    { options: { proxyHost: "a", proxyPort: 1, socketPath: "/b" }, says: "socketPath" },
  ])("$options", async ({ options, says }) => {
    const { client, url } = await scripted(echo);
    await expect(client.fetch(url, options)).rejects.toThrow(says);
  });
});

describe("addresses", () => {
  const at = (url: string): string => url.replace("127.0.0.1", "some.example");
  const port = (url: string): number => Number(new URL(url).port);

  test("of a resolver are tried in turn", async () => {
    const asked: unknown[] = [];
    const resolver: Resolver = {
      resolve: async (...question) => {
        asked.push(question);
        return ["127.0.0.9", "127.0.0.1"].map((host) => ({ family: 4, host, port: question[1] }));
      },
    };
    const { client, url, peers } = await scripted(echo, { resolver });
    expect((await client.fetch(at(url))).code).toBe(200);
    expect((await client.fetch(at(url), { allowIpv6: false })).code).toBe(200);
    expect(asked).toEqual([
      ["some.example", port(url), undefined],
      ["some.example", port(url), 4],
    ]);
    expect(peers[0]?.received).toContain("Host: some.example:");
    client.close();
  });

  test("of IPv6 are none if IPv4 is wanted", async () => {
    const { client } = await scripted(echo);
    const promise = client.fetch("http://[::1]:1/", { allowIpv6: false });
    await expect(promise).rejects.toThrow('Cannot resolve "::1": it has no IPv4 address');
  });

  test("of a map are used in place of names", async () => {
    const { client, url } = await scripted(echo, {
      hostnameMapping: { "some.example": "127.0.0.1" },
    });
    expect((await client.fetch(at(url))).code).toBe(200);
    expect((await client.fetch(url)).code).toBe(200);
    client.close();
  });

  test("a resolver that never answers costs the connect timeout", async () => {
    const resolver: Resolver = { resolve: () => new Promise(() => undefined) };
    const { client } = await scripted(echo, { resolver });
    const promise = client.fetch("http://some.example/", { connectTimeout: 0.02 });
    await expect(promise).rejects.toThrow("Timeout while connecting");
  });

  test("a resolver that answers too late opens nothing", async () => {
    let answer: (addresses: ResolvedAddress[]) => void = () => undefined;
    const resolver: Resolver = {
      resolve: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const { client, url, peers } = await scripted(echo, { resolver });
    const promise = client.fetch(at(url), { connectTimeout: 0.02 });
    await expect(promise).rejects.toThrow("Timeout while connecting");
    answer([{ family: 4, host: "127.0.0.1", port: port(url) }]);
    await pass(20);
    expect(peers).toHaveLength(0);
  });

  test("a resolver that fails says why", async () => {
    const failure = Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
    const { client } = await scripted(echo, {
      resolver: { resolve: () => Promise.reject(failure) },
    });
    const error = await client.fetch("http://some.example/").catch((reason) => reason);
    expect(error).toMatchObject({ code: 599, cause: failure });
  });
});
