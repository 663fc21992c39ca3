/**
 * The requests that parsers are measured with: one of the shortest, one of a browser, and many of
 * browsers that all differ, as one request over and over lets a processor learn its branches.
 */

export interface Corpus {
  readonly name: string;
  readonly requests: readonly Buffer[];
}

const chrome =
  "GET /assets/app/main.css?v=20240917 HTTP/1.1\r\n" +
  "Host: www.example.com\r\n" +
  "Connection: keep-alive\r\n" +
  'sec-ch-ua: "Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"\r\n' +
  "sec-ch-ua-mobile: ?0\r\n" +
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
  'sec-ch-ua-platform: "Linux"\r\n' +
  "Accept: text/css,*/*;q=0.1\r\n" +
  "Sec-Fetch-Site: same-origin\r\n" +
  "Sec-Fetch-Mode: no-cors\r\n" +
  "Sec-Fetch-Dest: style\r\n" +
  "Referer: https://www.example.com/account/overview\r\n" +
  "Accept-Encoding: gzip, deflate, br, zstd\r\n" +
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\r\n";

const agents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
  "curl/8.9.1",
];
const optional = [
  "Accept-Language: en-US,en;q=0.9",
  "Accept-Language: de-DE,de;q=0.8,en-US;q=0.5,en;q=0.3",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Cache-Control: no-cache",
  "Pragma: no-cache",
  "Upgrade-Insecure-Requests: 1",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: none",
  "Sec-Fetch-User: ?1",
  "Sec-CH-UA-Mobile: ?0",
  'Sec-CH-UA-Platform: "Windows"',
  "Priority: u=0, i",
  "DNT: 1",
  'If-None-Match: W/"65f1c2d0-1a2b"',
  "If-Modified-Since: Tue, 03 Sep 2024 09:12:44 GMT",
  "Origin: https://shop.example.org",
  "X-Requested-With: XMLHttpRequest",
  "X-Client-Trace: 00-4bf92f3577b34da6a3ce929d0e0e4736-01",
];

/** The same numbers in every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % bound;
  };
}

function browserRequest(below: (bound: number) => number): string {
  const pick = (from: readonly string[]) => from[below(from.length)] ?? "";
  const word = () => (below(2 ** 24) + 2 ** 20).toString(36);
  const path = Array.from({ length: 1 + below(4) }, word).join("/");
  const query = below(3) === 0 ? `?${word()}=${word()}&page=${below(90)}` : "";
  const cookies = Array.from({ length: below(5) }, () => `${word()}=${word()}${word()}`);
  const lines = [
    `Host: ${pick(["www.example.com", "localhost:8888", "api.shop.example.org", "10.0.0.7"])}`,
    "Connection: keep-alive",
    `User-Agent: ${pick(agents)}`,
    `Accept: ${pick(["*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"])}`,
    ...optional.filter(() => below(5) < 2),
  ];
  if (below(2) === 0) lines.push(`Referer: https://www.example.com/${word()}/${word()}`);
  if (cookies.length > 0) lines.push(`Cookie: ${cookies.join("; ")}`);
  return `GET /${path}${query} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** The three corpora, each as requests of their own bytes. */
export function corpora(): Corpus[] {
  const below = numbers(7);
  const varied = Array.from({ length: 512 }, () => Buffer.from(browserRequest(below), "latin1"));
  return [
    { name: "short", requests: [Buffer.from("GET /a HTTP/1.1\r\nHost: localhost:8888\r\n\r\n")] },
    { name: "browser", requests: [Buffer.from(chrome)] },
    { name: "varied", requests: varied },
  ];
}
