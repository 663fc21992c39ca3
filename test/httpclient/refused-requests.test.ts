/** What a client refuses to send, before anything is sent. */

import { describe, expect, test } from "vitest";
import {
  type FetchOptions,
  HTTPClientError,
  HTTPRequest,
  type HTTPResponse,
} from "../../src/httpclient.ts";
import { HTTPHeaders } from "../../src/httputil.ts";
import { always, scripted } from "../support/scripted-server.ts";

const echo = always((peer, head) => peer.answer("200 OK", {}, head));

function textOf({ body }: HTTPResponse): string {
  return String.fromCharCode(...body);
}

describe("what is not sent", () => {
  const rows: { name: string; url?: string; options?: FetchOptions; says: RegExp }[] = [
    { name: "a line in a value", options: { headers: { A: "b\r\nC: d" } }, says: /header A/ },
    { name: "a line in a name", options: { headers: { "A: b\r\nC": "d" } }, says: /not a token/ },
    { name: "NUL in a value", options: { headers: { A: "\0" } }, says: /header A/ },
    { name: "text beyond Latin-1 in a value", options: { headers: { A: "€" } }, says: /header A/ },
    { name: "a line in the agent", options: { userAgent: "a\r\nB: c" }, says: /userAgent/ },
    {
      name: "a method with a blank",
      options: { method: "GET / HTTP/1.1\r\nA:", allowNonstandardMethods: true },
      says: /with method/,
    },
    {
      name: "CONNECT",
      options: { method: "CONNECT", allowNonstandardMethods: true },
      says: /with method/,
    },
    { name: "an unknown method", options: { method: "BREW" }, says: /not a standard method/ },
    { name: "GET with a body", options: { body: "a" }, says: /has a body/ },
    { name: "POST without one", options: { method: "POST" }, says: /has no body/ },
    {
      name: "two bodies",
      options: { method: "POST", body: "a", bodyProducer: () => undefined },
      says: /both body/,
    },
    {
      name: "a body of some other kind",
      options: { method: "POST", body: 5 as unknown as string },
      says: /the body is no text/,
    },
    {
      name: "a length that is not the body's",
      options: { method: "POST", body: "a", headers: { "Content-Length": "5" } },
      says: /Content-Length to 5/,
    },
    {
      name: "a length without a body",
      options: { headers: { "Content-Length": "5" } },
      says: /Content-Length to 5/,
    },
    {
      name: "two lengths",
      options: { method: "POST", body: "a", headers: { "Content-Length": ["1", "1"] } },
      says: /Content-Length to 1, 1/,
    },
    {
      name: "a transfer coding",
      options: { method: "POST", body: "a", headers: { "Transfer-Encoding": "chunked" } },
      says: /Transfer-Encoding/,
    },
    { name: "a line in a URL", url: "http://a/\r\nB: c", says: /control character/ },
    { name: "a blank in a URL", url: "http://a/ HTTP/1.1", says: /a blank/ },
    { name: "NUL in a host", url: "http://a\0b/", says: /control character/ },
    { name: "another scheme", url: "file:///etc/passwd", says: /not a URL of http/ },
    { name: "no URL", url: "/a", says: /it is not a URL/ },
    { name: "two Hosts", options: { headers: { Host: ["a", "b"] } }, says: /more than one Host/ },
    {
      name: "a head longer than the output region",
      options: { headers: { A: "a".repeat(2 ** 21) } },
      says: /more than fit/,
    },
    {
      name: "an interface for a Unix socket",
      options: { networkInterface: "lo", socketPath: "/a" },
      says: /networkInterface: socketPath/,
    },
    { name: "a timeout below 0", options: { requestTimeout: -1 }, says: /requestTimeout is -1/ },
    { name: "a time that is none", options: { ifModifiedSince: Number.NaN }, says: /valid time/ },
    {
      name: "text as a time",
      options: { ifModifiedSince: "Sun, 22 Nov 2026 06:00:00 GMT" as unknown as Date },
      says: /ifModifiedSince is "Sun, .*", which is no Date and no number/,
    },
    {
      name: "a number as a value",
      options: { headers: { A: 5 as unknown as string } },
      says: /header A: its value is 5/,
    },
    {
      name: "a value that is not there",
      options: { headers: { A: undefined as unknown as string } },
      says: /header A: its value is undefined/,
    },
    {
      name: "credentials in a way that is not known",
      options: { authUsername: "a", authMode: "ntlm" as "basic" },
      says: /authMode is "ntlm"/,
    },
    {
      name: "credentials for a proxy in such a way",
      options: { proxyHost: "a", proxyPort: 1, proxyAuthMode: "digest" as "basic" },
      says: /proxyAuthMode is "digest"/,
    },
    { name: "a username with a colon", options: { authUsername: "a:b" }, says: /a colon/ },
    { name: "no path of a Unix socket", options: { socketPath: "" }, says: /path of a Unix/ },
    { name: "no proxy", options: { proxyHost: "", proxyPort: 1 }, says: /proxyHost is ""/ },
    {
      name: "NUL in a proxy's name",
      options: { proxyHost: "127.0.0.1\0.b", proxyPort: 1 },
      says: /proxyHost is/,
    },
    ...[0, -1, 1.5, 65_536, Number.NaN].map((proxyPort) => ({
      name: `a proxy on port ${proxyPort}`,
      options: { proxyHost: "127.0.0.1", proxyPort },
      says: /not a port/,
    })),
    ...[
      { userAgent: 5 },
      { authUsername: null },
      { headers: null },
      { requestTimeout: "5" },
      { streamingCallback: "a" },
      { sslOptions: true },
    ].map((options) => ({
      name: `an option of another type: ${JSON.stringify(options)}`,
      options: options as unknown as FetchOptions,
      says: new RegExp(
        `${Object.keys(options)} is .*, which is no (string|number|object|function)`,
      ),
    })),
  ];
  test.each(rows)("$name", async ({ url: other, options, says }) => {
    const { client, url, peers } = await scripted(echo);
    const promise = client.fetch(other ?? url, options);
    await expect(promise).rejects.toThrow(says);
    await expect(promise).rejects.not.toBeInstanceOf(HTTPClientError);
    expect(peers).toHaveLength(0);
  });

  test.each([undefined, 5, { url: "/" }])("%j in place of a URL", async (request) => {
    const { client } = await scripted(echo);
    await expect(client.fetch(request as unknown as string)).rejects.toThrow(/expected a URL/);
  });

  test("options besides a request's own", async () => {
    const { client, url } = await scripted(echo);
    const request = new HTTPRequest(url, { headers: { A: "b" } });
    await expect(client.fetch(request, { userAgent: "c" })).rejects.toThrow(TypeError);
    const response = await client.fetch(request, { raiseError: false });
    expect(response.request).toBe(request);
    expect(textOf(response)).toContain("A: b");
    client.close();
  });

  test("a request's own copy of fields is sent as it is then", async () => {
    const { client, url } = await scripted(echo);
    const headers = new HTTPHeaders([["A", "b"]]);
    const request = new HTTPRequest(url, { headers });
    request.headers.set("C", "d");
    request.headers.delete("A");
    const text = textOf(await client.fetch(request));
    expect(text).toContain("C: d\r\n");
    expect(text).not.toContain("A: b");
    expect([...headers]).toEqual([["A", "b"]]);
    client.close();
  });

  test("anything that was given up before", async () => {
    const { client, url, peers } = await scripted(echo);
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(client.fetch(url, { signal })).rejects.toThrow("too late");
    expect(peers).toHaveLength(0);
  });
});
