/**
 * Plays the tester of the Autobahn test suite over real sockets, as a client of the server under test
 * or as a server of the client under test. It speaks in bytes, and checks those that come back for
 * itself: masking, fragments, lengths.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { viewBytes } from "../../../src/core.ts";
import type { Socket, SocketHandler } from "../../../src/host.ts";
import type { IOLoop } from "../../../src/ioloop.ts";
import { type Case, describe, type Frame, split } from "./case.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MASK = [0x37, 0xfa, 0x21, 0x3d];
const [MASK_WORD = 0] = new Int32Array(Uint8Array.from(MASK).buffer);
/** What is written before the loop gets a turn, so that the other end reads it in pieces. */
const AT_ONCE = 64;

/** Compresses what is sent and decompresses what is heard. */
export interface Transform {
  /** The payload of a compressed message. */
  deflate(payload: Uint8Array): Promise<Uint8Array>;
  inflate(payload: Uint8Array): Promise<Uint8Array>;
}

/** One frame's bytes. */
export function encode({ opcode, payload, final, reserved }: Frame, masked: boolean): Uint8Array {
  const { length } = payload;
  const room = new Uint8Array(16 + length + 4);
  room.set(payload, 16);
  if (masked) {
    const words = new Int32Array(room.buffer, 16, (length + 3) >> 2);
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) ^ MASK_WORD;
  }
  const head = [(final ? 0x80 : 0) | reserved | opcode];
  const bit = masked ? 0x80 : 0;
  if (length < 126) head.push(bit | length);
  else if (length < 65536) head.push(bit | 126, length >> 8, length & 0xff);
  else head.push(bit | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >> shift) & 0xff));
  if (masked) head.push(...MASK);
  room.set(head, 16 - head.length);
  return room.subarray(16 - head.length, 16 + length);
}

/** One end of a connection to the peer under test. */
export class Tester implements SocketHandler {
  socket: Socket | undefined;
  /** What the peer has said, in short. */
  readonly said: string[] = [];
  /** The head of the peer's handshake. */
  head = "";
  ended = false;
  readonly #isClient: boolean;
  #bytes: Uint8Array = new Uint8Array(4096);
  #length = 0;
  #message: { opcode: number; compressed: boolean; parts: Uint8Array[] } | undefined;
  #transform: Transform | undefined;
  #order: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(isClient: boolean) {
    this.#isClient = isClient;
  }

  useTransform(transform: Transform): void {
    this.#transform = transform;
  }

  data(start: number, length: number): void {
    const needed = this.#length + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(viewBytes(start, length), this.#length);
    this.#length = needed;
    if (this.head === "") this.#takeHead();
    if (this.head !== "") this.#takeFrames();
    this.#wake();
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  drain(): void {
    this.#wake();
  }

  close(): void {
    this.ended = true;
    this.#wake();
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`Waited for ${condition}; said: ${this.said}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Sends what a case says, and waits for the end of the connection. */
  async run(testCase: Case): Promise<string[]> {
    const { chop, inTurn = false } = testCase;
    if (inTurn) await this.#sendInTurn(testCase);
    else if (chop === undefined) await this.#sendAll(this.#encoded(testCase));
    else await this.#sendAll(pieces(await this.#joined(testCase), chop));
    await this.until(() => this.ended || this.said.at(-1)?.startsWith("close") === true);
    await this.#order;
    if (!this.#isClient) this.socket?.close();
    await this.until(() => this.ended);
    this.socket?.close();
    return this.said;
  }

  async #joined(testCase: Case): Promise<Uint8Array> {
    const all: Uint8Array[] = [];
    for await (const part of this.#encoded(testCase)) all.push(part);
    return Buffer.concat(all);
  }

  async #sendAll(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    let count = 0;
    for await (const part of parts) {
      if (this.ended) return;
      this.socket?.write(part);
      if (++count <= AT_ONCE || count % AT_ONCE === 0) await turn();
      await this.until(() => this.ended || (this.socket?.bufferedAmount ?? 0) < 1e6);
    }
  }

  async #sendInTurn(testCase: Case): Promise<void> {
    let count = 0;
    for await (const part of this.#encoded(testCase)) {
      this.socket?.write(part);
      count++;
      await this.until(() => this.ended || this.said.length >= count);
    }
  }

  /** The bytes of each frame; those of a compressed message in the fragments that the case wants. */
  async *#encoded({ send, fragmentSize = Infinity }: Case): AsyncGenerator<Uint8Array, void> {
    for (const one of send) {
      const isData = one.opcode < 8;
      if (this.#transform === undefined || !isData) {
        yield encode(one, this.#isClient);
        continue;
      }
      const payload = await this.#transform.deflate(one.payload);
      for (const part of split({ ...one, payload, reserved: 0x40 }, fragmentSize)) {
        yield encode(part, this.#isClient);
      }
    }
  }

  #takeHead(): void {
    const text = Buffer.from(this.#bytes.subarray(0, this.#length)).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    this.head = text.slice(0, end + 4);
    this.#drop(end + 4);
  }

  #drop(length: number): void {
    this.#bytes.copyWithin(0, length, this.#length);
    this.#length -= length;
  }

  #takeFrames(): void {
    let at = 0;
    for (;;) {
      const used = this.#takeFrame(at);
      if (used === 0) break;
      at += used;
    }
    if (at > 0) this.#drop(at);
  }

  #takeFrame(at: number): number {
    const left = this.#length - at;
    if (left < 2) return 0;
    const [first = 0, second = 0] = this.#bytes.subarray(at, at + 2);
    const short = second & 0x7f;
    const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0);
    if (left < head) return 0;
    let length = short;
    if (short >= 126) {
      length = 0;
      const bytes = short === 126 ? 2 : 8;
      for (const byte of this.#bytes.subarray(at + 2, at + 2 + bytes)) length = length * 256 + byte;
    }
    if (left < head + length) return 0;
    if (second >= 0x80 === this.#isClient) this.said.push("wrong masking");
    const payload = this.#bytes.slice(at + head, at + head + length);
    if (second >= 0x80) {
      const key = this.#bytes.subarray(at + head - 4, at + head);
      for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i & 3] ?? 0);
    }
    this.#heard(first, payload);
    return head + length;
  }

  #heard(first: number, payload: Uint8Array): void {
    const opcode = first & 0x0f;
    if (opcode >= 8) {
      this.#later(async () => payload, opcode);
      return;
    }
    if (opcode !== 0) {
      this.#message = { opcode, compressed: (first & 0x40) !== 0, parts: [] };
    }
    const message = this.#message;
    if (message === undefined || (first & 0x30) !== 0) {
      this.said.push("wrong frame");
      return;
    }
    message.parts.push(payload);
    if (first < 0x80) return;
    this.#message = undefined;
    const whole = Buffer.concat(message.parts);
    const transform = this.#transform;
    if (!message.compressed) this.#later(async () => whole, message.opcode);
    else this.#later(async () => transform?.inflate(whole) ?? whole, message.opcode);
  }

  /** Notes what was heard, in its order; at once if nothing has to be decompressed. */
  #later(payload: () => Promise<Uint8Array>, opcode: number): void {
    this.#order = this.#order.then(async () => {
      this.said.push(describe(opcode, await payload()));
      this.#wake();
    });
  }
}

function* pieces(whole: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at += length) yield whole.subarray(at, at + length);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Connects to a server under test and does the handshake. */
export async function connectTester(
  loop: IOLoop,
  port: number,
  extensions?: string,
): Promise<Tester> {
  const tester = new Tester(true);
  await loop.tcp.connect({ host: "127.0.0.1", port }, (socket) => {
    tester.socket = socket;
    return tester;
  });
  const more = extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  const request =
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`;
  tester.socket?.write(Buffer.from(request));
  await tester.until(() => tester.head !== "");
  return tester;
}

/** Answers the handshake of a client under test; `extensions` makes the answer of its offer. */
export async function answerTester(
  tester: Tester,
  extensions?: (offer: string) => string,
): Promise<void> {
  await tester.until(() => tester.head !== "");
  const field = (name: string): string =>
    new RegExp(`^${name}: (.*)\r$`, "im").exec(tester.head)?.[1] ?? "";
  const accept = createHash("sha1")
    .update(field("Sec-WebSocket-Key") + GUID)
    .digest("base64");
  const agreed = extensions?.(field("Sec-WebSocket-Extensions"));
  const more = agreed === undefined ? "" : `Sec-WebSocket-Extensions: ${agreed}\r\n`;
  const answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
  tester.socket?.write(Buffer.from(answer));
}
