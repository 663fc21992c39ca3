/**
 * The core as JavaScript, in a server on a runtime without WebAssembly: whatever it is asked, at
 * whatever place in the core's memory, it answers as the core that is WebAssembly does.
 */

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Program, RUN } from "../support/program.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "../support/until.ts";
import { closeFrame, frame, KEY } from "../support/websocket.ts";

const file = fileURLToPath(new URL("./without-wasm-server.js", import.meta.url));
/** How each runtime is told to do without. */
const flags =
  "Deno" in globalThis ? ["--v8-flags=--jitless"] : process.versions.bun ? [] : ["--jitless"];
const env = { BUN_JSC_useWasm: "0" };

interface Server {
  readonly program: Program;
  readonly line: string;
  readonly port: number;
}

async function start(program: Program): Promise<Server> {
  const [line, port] = await program.says(/Squall .*:(\d+)\/$/m);
  return { program, line, port: Number(port) };
}

let wasm: Server;
let scalar: Server;
beforeAll(async () => {
  [wasm, scalar] = await Promise.all([
    start(new Program(process.execPath, [...RUN, file], {})),
    start(new Program(process.execPath, [...RUN, ...flags, file], env)),
  ]);
});
afterAll(async () => {
  await Promise.all([wasm?.program.end(), scalar?.program.end()]);
});

const HEAD = "HTTP/1.1\r\nHost: localhost\r\n";
const LAST = "Connection: close\r\n\r\n";

function post(type: string, body: string): string {
  return `POST /page/p ${HEAD}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n${LAST}${body}`;
}

const part = (name: string, value: string): string =>
  `--cut\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`;

/** Requests of all lengths, so that each begins at another place. */
const pipeline = Array.from({ length: 40 }, (_, at) => {
  const more = at === 39 ? "Connection: close\r\n" : "";
  return `GET /page/${"x".repeat(at)}?number=${at} ${HEAD}X-Pad: ${"y".repeat(at % 7)}\r\n${more}\r\n`;
}).join("");

const cases = [
  { name: "40 pages in a row", wire: pipeline, says: /<!-- many --><a title='x{39}'>39</ },
  { name: "a signed value", wire: `GET /signed/value ${HEAD}${LAST}`, says: /\["value",null\]/ },
  {
    name: "a form",
    wire: post("application/x-www-form-urlencoded", "word=a%20b&word=%C3%A9"),
    says: /"words":\["a b","é"\]/,
  },
  {
    name: "an upload",
    wire: post(
      "multipart/form-data; boundary=cut",
      `${part('name="word"', "w")}${part('name="f"; filename="a.txt"', "bytes\r\n")}--cut--\r\n`,
    ),
    says: /\["a.txt","bytes\\r\\n"\]/,
  },
  {
    name: "a chunked body",
    wire: `POST /page/p ${HEAD}Transfer-Encoding: chunked\r\n${LAST}3;a=b\r\nabc\r\n11\r\n${"d".repeat(17)}\r\n0\r\n\r\n`,
    says: /"body":"abcd{17}"/,
  },
  { name: "a bad head", wire: `GET / ${HEAD}Bad Name: x\r\n\r\n`, says: /^HTTP\/1.1 400 / },
  {
    name: "a bad chunk",
    wire: `POST /page/p ${HEAD}Transfer-Encoding: chunked\r\n\r\n-5\r\n`,
    says: /^HTTP\/1.1 400 /,
  },
];

/** All that a server answers, without what changes from one time to the next. */
async function answer({ port }: Server, wire: string): Promise<string> {
  const client = new RawClient("127.0.0.1", port);
  client.send(wire);
  await client.whole();
  return client.received.toString().replace(/^(Date: |Set-Cookie: _xsrf=).*$/gm, "$1");
}

test("the servers run on different builds", () => {
  expect(wasm.line).toContain("wasm simd");
  expect(scalar.line).toContain("wasm scalar");
});

test.each(cases)("$name", async ({ wire, says }) => {
  const expected = await answer(wasm, wire);
  expect(expected).toMatch(says);
  expect(await answer(scalar, wire)).toBe(expected);
});

test("messages of a WebSocket", async () => {
  const messages = ["", "abc", "é".repeat(70), "漢".repeat(40_000)];
  const handshake = `GET /echo ${HEAD}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;
  const client = new RawClient("127.0.0.1", scalar.port);
  client.send(handshake);
  await until(() => client.text.includes("\r\n\r\n"));
  expect(client.text).toMatch(/^HTTP\/1.1 101 /);
  const headLength = client.text.indexOf("\r\n\r\n") + 4;
  for (const message of messages) client.send(frame(1, message));
  client.send(closeFrame(1000));
  await client.whole();
  const frames = [...messages.map((message) => frame(1, message, { masked: false }))];
  const expected = Buffer.concat([...frames, closeFrame(1000, "", { masked: false })]);
  expect(client.received.subarray(headLength).equals(expected)).toBe(true);
});
