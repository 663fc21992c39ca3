import { describe, expect, test } from "vitest";
import {
  encodeHeader,
  encodeUsernamePassword,
  formatTimestamp,
  getContentRange,
  HTTPHeaders,
  parseHeader,
  parseRequestRange,
  parseRequestStartLine,
  parseResponseStartLine,
  qsToQsl,
  splitHostAndPort,
  urlConcat,
} from "../../src/httputil.ts";

describe("urlConcat", () => {
  const cases = [
    { url: "http://h/p", args: { a: "x y", b: "ü&" }, result: "http://h/p?a=x+y&b=%C3%BC%26" },
    { url: "http://h/p?a=1", args: { b: 2 }, result: "http://h/p?a=1&b=2" },
    { url: "http://h/p?", args: { b: 2 }, result: "http://h/p?b=2" },
    { url: "http://h/p?a=1&", args: { b: 2 }, result: "http://h/p?a=1&b=2" },
    { url: "/p?a=%20#f?x", args: { b: true }, result: "/p?a=%20&b=true#f?x" },
    { url: "/p", args: { a: undefined }, result: "/p" },
    { url: "/p", args: undefined, result: "/p" },
  ];
  test.each(cases)("$result", ({ url, args, result }) => {
    expect(args === undefined ? urlConcat(url) : urlConcat(url, args)).toBe(result);
  });

  test("takes pairs whose names repeat, and maps", () => {
    const pairs: [string, string][] = [
      ["a", "1"],
      ["a", "2"],
    ];
    expect(urlConcat("/", pairs)).toBe("/?a=1&a=2");
    expect(urlConcat("/", new Map([["a", "1"]]))).toBe("/?a=1");
    expect([...qsToQsl(new Map([["a", ["1", "2"]]]))]).toEqual(pairs);
  });
});

test.each([
  ["example.org:80", "example.org", 80],
  ["example.org", "example.org", undefined],
  ["[::1]:8888", "[::1]", 8888],
  ["[::1]", "[::1]", undefined],
  ["example.org:", "example.org:", undefined],
  ["example.org:x", "example.org:x", undefined],
  [":80", ":80", undefined],
] as const)("splitHostAndPort(%j)", (authority, host, port) => {
  expect(splitHostAndPort(authority)).toEqual([host, port]);
});

test("encodeUsernamePassword brings text to one form", () => {
  const [combined, single] = ["u\u0308", "ü"].map((name) => encodeUsernamePassword(name, "p"));
  expect(combined).toEqual(single);
  expect(Array.from(encodeUsernamePassword(Uint8Array.of(255), "p"))).toEqual([255, 58, 112]);
});

describe("ranges", () => {
  test.each([
    ["bytes=1-2", 1, 3],
    ["bytes=6-", 6, undefined],
    ["bytes=-6", -6, undefined],
    ["bytes=-0", undefined, 0],
    ["Bytes = 0-0", 0, 1],
    [" bytes=0-0 ", 0, 1],
  ])("reads %j", (header, start, end) => {
    expect(parseRequestRange(header)).toEqual({ start, end });
  });

  test.each([
    "bytes=",
    "bytes=-",
    "bytes=1-2,6-10",
    "bytes=1_0-2",
    "bytes=+1-2",
    "bytes=0x1-2",
    "bytes=\u0661-2",
    "bytes=1 -2",
    "bytes=--1",
    "bytes",
    "foo=1-2",
    "",
    `bytes=${"0-0,".repeat(5000)}0-0`,
  ])("ignores %j", (header) => {
    expect(parseRequestRange(header)).toBeUndefined();
  });

  test("writes Content-Range", () => {
    expect(getContentRange(undefined, 1, 4)).toBe("bytes 0-0/4");
    expect(getContentRange(1, 3, 4)).toBe("bytes 1-2/4");
    expect(getContentRange(undefined, undefined, 4)).toBe("bytes 0-3/4");
  });
});

describe("header values with parameters", () => {
  test("are read", () => {
    const { value, parameters } = parseHeader(
      'form-data; foo="b\\\\a\\"r"; FILE*=utf-8\'\'T%C3%A4st; x; =y; foo2 = z ',
    );
    expect(value).toBe("form-data");
    expect(Object.fromEntries(parameters)).toEqual({
      foo: 'b\\a"r',
      file: "Täst",
      "": "y",
      foo2: "z",
    });
  });

  test("are written", () => {
    const parameters = { client_max_window_bits: 15, client_no_context_takeover: undefined };
    expect(encodeHeader("permessage-deflate", parameters)).toBe(
      "permessage-deflate; client_max_window_bits=15; client_no_context_takeover",
    );
    expect(encodeHeader("a", { b: 'c"d\\ e' })).toBe('a; b="c\\"d\\\\ e"');
    expect(() => encodeHeader("a", { b: "c\r\nX: y" })).toThrow(/control byte/);
  });

  test.each([";", '";"', "\\", '"', "a=b;", " ", "*=''"])("are linear in %j", (piece) => {
    expect(parseHeader(`x; a=${piece.repeat(100_000)}; b=1`).value).toBe("x");
  });
});

describe("start lines", () => {
  test("are read", () => {
    expect(parseRequestStartLine("GET /foo HTTP/1.1")).toEqual({
      method: "GET",
      path: "/foo",
      version: "HTTP/1.1",
    });
    expect(parseResponseStartLine("HTTP/1.1 200 Very OK")).toEqual({
      version: "HTTP/1.1",
      code: 200,
      reason: "Very OK",
    });
    expect(parseResponseStartLine("HTTP/1.0 204 ").reason).toBe("");
    expect(parseResponseStartLine("HTTP/1.1 204").reason).toBe("");
  });

  test.each([
    "GET  / HTTP/1.1",
    "GET / HTTP/2.0",
    "GET /",
    "G,T / HTTP/1.1",
    "GET /\0 HTTP/1.1",
    "",
  ])("%j is no request line", (line) => {
    expect(() => parseRequestStartLine(line)).toThrow(/Cannot parse/);
  });

  test.each(["HTTP/1.1 20 OK", "HTTP/1.1  200 OK", "HTTP/1.1 200 a\rb", "http/1.1 200 OK"])(
    "%j is no status line",
    (line) => {
      expect(() => parseResponseStartLine(line)).toThrow(/Cannot parse/);
    },
  );
});

describe("HTTPHeaders", () => {
  test("does not care for the case of names", () => {
    const headers = new HTTPHeaders([["content-TYPE", "a"]]);
    expect(headers.has("CONTENT-type")).toBe(true);
    expect([...headers]).toEqual([["Content-Type", "a"]]);
    headers.update([["Content-type", "b"]]);
    expect(headers.get("content-type")).toBe("b");
    expect(headers.size).toBe(1);
    expect(headers.delete("CONTENT-TYPE")).toBe(true);
    expect(headers.has("Content-Type")).toBe(false);
  });

  test("takes an object as well as pairs", () => {
    const headers = new HTTPHeaders({ "content-type": "a", Host: "b" });
    headers.update({ host: "c" });
    expect([...headers]).toEqual([
      ["Content-Type", "a"],
      ["Host", "c"],
    ]);
    expect(() => new HTTPHeaders({ A: "b\r\n" })).toThrow();
    const wrong = { A: 5 } as unknown as { A: string };
    expect(() => new HTTPHeaders(wrong)).toThrow("Cannot set header A: expected text, got 5");
  });

  test("keeps values of one name apart, and joins them on demand", () => {
    const headers = HTTPHeaders.parse("A: 1\r\na:2\nB: \t x \t\r\n");
    expect(headers.getList("a")).toEqual(["1", "2"]);
    expect(headers.get("a")).toBe("1,2");
    expect(headers.get("b")).toBe("x");
    const copy = headers.copy();
    copy.add("c", "3");
    expect(headers.has("c")).toBe(false);
    expect([...copy.names()]).toEqual(["A", "B", "C"]);
  });

  test.each([" folded: x", "no colon", ": x", "a b: c", "a : c", "a: b\rc", "a: b\0", "\u00e4: c"])(
    "%j is no header line",
    (line) => {
      expect(() => new HTTPHeaders().parseLine(line)).toThrow(/Cannot parse header/);
    },
  );

  test("100,000 equal names, and a name that is a property of objects", () => {
    const headers = new HTTPHeaders();
    for (let count = 0; count < 100_000; count++) headers.add("X-Same", "v");
    expect(headers.getList("x-same")).toHaveLength(100_000);
    headers.add("__proto__", "x");
    expect(headers.get("__proto__")).toBe("x");
  });

  test("blanks within a value are linear", () => {
    const value = `a${" ".repeat(200_000)}b`;
    expect(HTTPHeaders.parse(`x: ${value} `).get("x")).toBe(value);
  });
});

test("formatTimestamp takes dates and seconds", () => {
  expect(formatTimestamp(1359312200)).toBe("Sun, 27 Jan 2013 18:43:20 GMT");
  expect(formatTimestamp(new Date(1359312200_000))).toBe("Sun, 27 Jan 2013 18:43:20 GMT");
  expect(() => formatTimestamp(Number.NaN)).toThrow(/not a valid time/);
});
