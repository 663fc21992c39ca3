/** The examples of the RFCs, as they are printed there, on every build. Hashes are in crypto.test.ts. */

import { describe, expect, test } from "vitest";
import { METHODS } from "../../core-wasm/http/names.ts";
import {
  FRAME_FINAL,
  FRAME_KEY,
  FRAME_LENGTH_LOW,
  FRAME_OPCODE,
  FRAME_RESERVED,
  INPUT,
} from "../../core-wasm/layout.ts";
import { builds, type CoreBuild, put, statusName } from "../support/core-builds.ts";
import { requestFacts, requestHead, responseFacts } from "../support/heads.ts";

/** Lines as a document prints them, without their line ends. */
function wire(lines: string): Buffer {
  return Buffer.from(
    `${lines
      .trim()
      .split("\n")
      .map((line) => line.trim())
      .join("\r\n")}\r\n\r\n`,
  );
}

const requests = [
  {
    name: "RFC 9110 section 3.9",
    lines: `GET /hello.txt HTTP/1.1
            User-Agent: curl/7.64.1
            Host: www.example.com
            Accept-Language: en, mi`,
    facts: ["method=GET", "path=/hello.txt", "host=www.example.com", 'Accept-Language: "en, mi"'],
  },
  {
    name: "RFC 9112 section 3.2.1",
    lines: `GET /where?q=now HTTP/1.1
            Host: www.example.org`,
    facts: ["form=origin", "path=/where", "query=q=now", "host=www.example.org", "keep-alive"],
  },
  {
    name: "RFC 9112 section 3.2.2",
    lines: `GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1
            Host: www.example.org`,
    facts: ["form=absolute", "path=/pub/WWW/TheProject.html", "host=www.example.org"],
  },
  {
    name: "RFC 9112 section 3.2.3",
    lines: `CONNECT www.example.com:80 HTTP/1.1
            Host: www.example.com`,
    facts: ["form=authority", "target=www.example.com:80", "known=CONNECT"],
  },
  {
    name: "RFC 9112 section 3.2.4",
    lines: `OPTIONS * HTTP/1.1
            Host: www.example.org:8001`,
    facts: ["form=asterisk", "host=www.example.org:8001", "known=OPTIONS"],
  },
  {
    name: "RFC 9112 section 3.2.4, to a proxy",
    lines: `OPTIONS http://www.example.org:8001 HTTP/1.1
            Host: www.example.org:8001`,
    facts: ["form=absolute", "host=www.example.org:8001", "path="],
  },
  {
    name: "RFC 6455 section 1.3",
    lines: `GET /chat HTTP/1.1
            Host: server.example.com
            Upgrade: websocket
            Connection: Upgrade
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
            Origin: http://example.com
            Sec-WebSocket-Protocol: chat, superchat
            Sec-WebSocket-Version: 13`,
    facts: ["upgrade", 'Sec-WebSocket-Key: "dGhlIHNhbXBsZSBub25jZQ=="', "headers=7"],
  },
];

const responses = [
  {
    name: "RFC 9110 section 3.9",
    lines: `HTTP/1.1 200 OK
            Date: Mon, 27 Jul 2009 12:28:53 GMT
            Server: Apache
            Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT
            ETag: "34aa387-d-1568eb00"
            Accept-Ranges: bytes
            Content-Length: 51
            Vary: Accept-Encoding
            Content-Type: text/plain`,
    facts: ["code=200", "reason=OK", "length=51", "keep-alive", 'ETag: ""34aa387-d-1568eb00""'],
  },
  {
    name: "RFC 6455 section 1.3",
    lines: `HTTP/1.1 101 Switching Protocols
            Upgrade: websocket
            Connection: Upgrade
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
            Sec-WebSocket-Protocol: chat`,
    facts: ["code=101", "reason=Switching Protocols", "upgrade", "no-body"],
  },
];

/** Frames with what their head says: final, reserved bits, opcode, length; and the text in them. */
const frames = [
  {
    name: "RFC 6455 section 5.7, unmasked",
    hex: "810548656c6c6f",
    head: [1, 0, 1, 5],
    text: "Hello",
  },
  {
    name: "RFC 6455 section 5.7, masked",
    hex: "818537fa213d7f9f4d5158",
    head: [1, 0, 1, 5],
    text: "Hello",
  },
  {
    name: "RFC 6455 section 5.7, first fragment",
    hex: "010348656c",
    head: [0, 0, 1, 3],
    text: "Hel",
  },
  { name: "RFC 6455 section 5.7, last fragment", hex: "80026c6f", head: [1, 0, 0, 2], text: "lo" },
  { name: "RFC 6455 section 5.7, ping", hex: "890548656c6c6f", head: [1, 0, 9, 5], text: "Hello" },
  {
    name: "RFC 6455 section 5.7, masked pong",
    hex: "8a8537fa213d7f9f4d5158",
    head: [1, 0, 10, 5],
    text: "Hello",
  },
  { name: "RFC 6455 section 5.7, 256 bytes", hex: "827e0100", head: [1, 0, 2, 256] },
  { name: "RFC 6455 section 5.7, 64 KiB", hex: "827f0000000000010000", head: [1, 0, 2, 65_536] },
  { name: "RFC 7692 section 7.2.3.1", hex: "c107f248cdc9c90700", head: [1, 0x40, 1, 7] },
  { name: "RFC 7692 section 7.2.3.1, first fragment", hex: "4103f248cd", head: [0, 0x40, 1, 3] },
  { name: "RFC 7692 section 7.2.3.1, last fragment", hex: "8004c9c90700", head: [1, 0, 0, 4] },
  { name: "RFC 7692 section 7.2.3.2", hex: "c105f200110000", head: [1, 0x40, 1, 5] },
  {
    name: "RFC 7692 section 7.2.3.3",
    hex: "c10b000500faff48656c6c6f00",
    head: [1, 0x40, 1, 11],
  },
];

function place(build: CoreBuild, bytes: Buffer): number {
  put(build, INPUT, bytes, bytes.length);
  return bytes.length;
}

describe.each(builds)("$name", (build) => {
  test.each(requests)("request of $name", ({ lines, facts }) => {
    const length = place(build, wire(lines));
    expect(build.wasm.parseRequestHead(INPUT, length, 100, 8192)).toBe(length);
    expect(requestFacts(requestHead(build, INPUT))).toEqual(expect.arrayContaining(facts));
  });

  test.each(responses)("response of $name", ({ lines, facts }) => {
    const length = place(build, wire(lines));
    const get = METHODS.indexOf("GET");
    expect(build.wasm.parseResponseHead(INPUT, length, 100, get)).toBe(length);
    expect(responseFacts(build, INPUT)).toEqual(expect.arrayContaining(facts));
  });

  test("Transfer-Encoding of RFC 9112 section 6.1, which is more than chunked", () => {
    const length = place(
      build,
      wire(`POST / HTTP/1.1
            Host: www.example.com
            Transfer-Encoding: gzip, chunked`),
    );
    const status = build.wasm.parseRequestHead(INPUT, length, 100, 8192);
    expect(statusName(status)).toBe("UNKNOWN_TRANSFER_CODING");
  });

  test.each(frames)("frame of $name", ({ hex, head, text }) => {
    const bytes = Buffer.from(hex, "hex");
    const length = place(build, bytes);
    const masked = (bytes[1] ?? 0) >> 7;
    const taken = build.wasm.parseFrameHead(INPUT, length, masked, 0x40);
    const words = [FRAME_FINAL, FRAME_RESERVED, FRAME_OPCODE, FRAME_LENGTH_LOW];
    expect(words.map((word) => build.table[word])).toEqual(head);
    if (text === undefined) return;
    build.wasm.mask(INPUT + taken, length - taken, build.table[FRAME_KEY] ?? 0, 0);
    expect(build.memory.toString("latin1", INPUT + taken, INPUT + length)).toBe(text);
  });
});
