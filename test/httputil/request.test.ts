/** Where a request says that it goes: the four forms of its target (RFC 9112 section 3.2). */
import { describe, expect, test } from "vitest";
import { HTTPHeaders, HTTPServerRequest } from "../../src/httputil.ts";

interface Row {
  target: string;
  host: string;
  path: string;
  url: string;
  method?: string;
}

const cases: Row[] = [
  { target: "/a?b=c", host: "site.test:81", path: "/a", url: "http://site.test:81/a?b=c" },
  { target: "/a?", host: "site.test:81", path: "/a", url: "http://site.test:81/a?" },
  { target: "//x/a", host: "site.test:81", path: "//x/a", url: "http://site.test:81//x/a" },
  { target: "http://o.test", host: "o.test", path: "/", url: "http://o.test/" },
  { target: "http://o.test?b", host: "o.test", path: "/", url: "http://o.test/?b" },
  { target: "http://u:p@o.test:8/a", host: "o.test:8", path: "/a", url: "http://o.test:8/a" },
  { target: "http://o.test/a@b", host: "o.test", path: "/a@b", url: "http://o.test/a@b" },
  { target: "http://[::1]:8/a", host: "[::1]:8", path: "/a", url: "http://[::1]:8/a" },
  { method: "OPTIONS", target: "*", host: "site.test:81", path: "*", url: "http://site.test:81" },
  {
    method: "CONNECT",
    target: "o.test:8",
    host: "o.test:8",
    path: "o.test:8",
    url: "http://o.test:8",
  },
];

describe("a request", () => {
  test.each(cases)("for $target", ({ target, host, path, url, method = "GET" }) => {
    const headers = new HTTPHeaders([["Host", "site.test:81"]]);
    const connection = { context: { remoteIp: "", protocol: "http", tls: undefined } };
    const startLine = { method, path: target, version: "HTTP/1.1" };
    const request = new HTTPServerRequest(startLine, headers, connection as never);
    expect([request.host, request.path, request.fullUrl()]).toEqual([host, path, url]);
  });
});
