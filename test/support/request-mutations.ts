/**
 * Requests that are nearly right: whole ones from parts that matter to a parser, then a few bytes
 * changed, put in, taken out or doubled. Random bytes alone never come past the first line.
 */

import fc from "fast-check";

const methods = ["GET", "POST", "HEAD", "OPTIONS", "CONNECT", "BREW", "get", "M-SEARCH"];
const targets = [
  "/",
  "/a/b?c=d%20e",
  "*",
  "a:80",
  "http://a/",
  "http://u:p@b:1/c?d",
  "http://[::1]:80",
  '/"<>|^`{}\\',
];
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.2"];
const lines = [
  "Host: a",
  "Host: example.com:8888",
  "host:[2001:db8::7]:80",
  "Content-Length: 5",
  "content-length:0",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Connection: keep-alive, Upgrade",
  "Connection: close",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Cookie: a=b; c=d",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
  "Access-Control-Request-Headers: x",
  "X-A-Name-That-Nobody-Knows-And-That-Is-Long: \t y \t",
  "Empty:",
  "Latin: \xe9\xff",
  "Te: trailers",
];
/** What parsers get wrong. */
const seasoning = [
  "\r",
  "\n",
  "\r\n",
  " ",
  "\t",
  "\0",
  ":",
  ",",
  "\x7f",
  "\x80",
  "\x0b",
  "%",
  "[",
  "]",
  "@",
  "#",
  "-",
  "0",
];

const wholeRequest = fc
  .tuple(
    fc.constantFrom("", "", "", "\r\n", "\r\n\r\n"),
    fc.constantFrom(...methods),
    fc.constantFrom(...targets),
    fc.constantFrom(...versions),
    fc.array(fc.constantFrom(...lines), { maxLength: 6 }),
    fc.boolean(),
  )
  .map(([before, method, target, version, some, host]) => {
    const headers = host ? ["Host: a", ...some.filter((line) => !/^host/i.test(line))] : some;
    const text = headers.map((line) => `${line}\r\n`).join("");
    return `${before}${method} ${target} ${version}\r\n${text}\r\n`;
  });

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom("put", "replace", "remove", "double"),
  text: fc.oneof(fc.constantFrom(...seasoning), fc.integer({ min: 0, max: 255 }).map(latin1)),
});

function latin1(byte: number): string {
  return String.fromCharCode(byte);
}

/** Text of a request, as Latin-1. */
export const nearlyRequest: fc.Arbitrary<string> = fc
  .tuple(wholeRequest, fc.array(change, { maxLength: 3 }))
  .map(([request, changes]) => changes.reduce(changed, request));

function changed(
  text: string,
  { at, kind, text: put }: { at: number; kind: string; text: string },
) {
  const index = Math.floor(at * text.length);
  const rest = text.slice(index + (kind === "put" || kind === "double" ? 0 : 1));
  const middle = kind === "remove" ? "" : kind === "double" ? text.slice(index - 4, index) : put;
  return text.slice(0, index) + middle + rest;
}

/** Chunked bodies that are nearly right. */
export const nearlyChunked: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.constantFrom("5\r\nhello\r\n", "1\r\nx\r\n", "0\r\n", "\r\n", "A: b\r\n", "Host: c\r\n"),
      fc.constantFrom("a;b=c\r\n0123456789\r\n", '3;a="b\\"c"\r\nabc\r\n', "0\r\n\r\n", "00"),
      fc.constantFrom("\r", "\n", ";", "=", '"', " ", "-", "f", "\0", "\xff"),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(""), "latin1"));
