/**
 * A WebSocket peer in bytes, for tests: makes any frame, also those that no honest peer sends, and
 * takes apart what the other side answers. Shares no code with what it tests.
 */

import { Application, type Settings } from "../../src/web.ts";
import type { WebSocketHandler } from "../../src/websocket.ts";
import { bytesOf, type Client, serve, type TestServer } from "./server.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const MASK = [0x37, 0xfa, 0x21, 0x3d];

export interface FrameOptions {
  readonly final?: boolean;
  /** Bits of 0x70. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** Bytes in which the length is said: 0 for the shortest, or 2 or 8. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the head says, if that is not the payload's length. */
  readonly length?: number;
}

/** One frame's bytes. */
export function frame(
  opcode: number,
  payload: string | Uint8Array = "",
  options: FrameOptions = {},
): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { final = true, reserved = 0, masked = true, length = bytes.length } = options;
  const shortest = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const lengthBytes = options.lengthBytes ?? shortest;
  const head = [(final ? 0x80 : 0) | reserved | opcode];
  head.push((masked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127));
  for (let byte = lengthBytes - 1; byte >= 0; byte--) {
    head.push(Math.floor(length / 256 ** byte) & 0xff);
  }
  if (masked) head.push(...MASK);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(masked ? bytes.map((byte, i) => byte ^ (MASK[i % 4] as number)) : bytes, head.length);
  return whole;
}

export function closeFrame(code: number, reason = "", options: FrameOptions = {}): Uint8Array {
  const text = new TextEncoder().encode(reason);
  return frame(8, Uint8Array.of(code >> 8, code & 0xff, ...text), options);
}

/** A frame that was received. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly final: boolean;
  readonly reserved: number;
  readonly masked: boolean;
  readonly payload: Uint8Array;
}

/** The frames at the beginning of bytes, and how many bytes they take. */
export function parseFrames(bytes: Uint8Array): { frames: ReceivedFrame[]; used: number } {
  const frames: ReceivedFrame[] = [];
  let at = 0;
  for (;;) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    if (at + 2 > bytes.length) break;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    let length = lengthBytes === 0 ? short : 0;
    for (const byte of bytes.subarray(at + 2, at + 2 + lengthBytes)) length = length * 256 + byte;
    const masked = second >= 0x80;
    const keyAt = at + 2 + lengthBytes;
    const start = keyAt + (masked ? 4 : 0);
    if (start + length > bytes.length) break;
    const key = bytes.slice(keyAt, start);
    const payload = bytes.slice(start, start + length);
    if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0);
    const final = first >= 0x80;
    frames.push({ opcode: first & 0x0f, final, reserved: first & 0x70, masked, payload });
    at = start + length;
  }
  return { frames, used: at };
}

/** What frames say, in short: `text "hello"`, `binary 3`, `close 1000 "bye"`, `pong "x"`. */
export function describeFrames(frames: readonly ReceivedFrame[]): string[] {
  return frames.map(({ opcode, payload, reserved }) => {
    const text = new TextDecoder().decode(payload);
    if (opcode === 8) {
      const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
      return payload.length === 0 ? "close" : `close ${code}`;
    }
    const name = ["more", "text", "binary"][opcode] ?? { 9: "ping", 10: "pong" }[opcode];
    const kind = reserved === 0 ? name : `${name}+${reserved.toString(16)}`;
    return opcode === 2 ? `${kind} ${payload.length}` : `${kind} "${text}"`;
  });
}

export function handshakeText(headers: Record<string, string> = {}, path = "/"): string {
  const all: Record<string, string> = {
    Host: "example.org",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A client on the fake host whose handshake has been answered. */
export class RawPeer {
  readonly client: Client;
  readonly head: string;

  constructor(client: Client) {
    this.client = client;
    const end = client.received.indexOf("\r\n\r\n") + 4;
    this.head = client.received.slice(0, end);
    client.received = client.received.slice(end);
  }

  get frames(): ReceivedFrame[] {
    return parseFrames(bytesOf(this.client.received)).frames;
  }

  /** What has been received, in short. */
  get said(): string[] {
    return describeFrames(this.frames);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.client.send(bytes);
  }

  /** What the server has said once it has said this much, or has ended the connection. */
  async hears(count: number): Promise<string[]> {
    await this.client.until(
      () => this.frames.length >= count || this.client.ended || this.client.closed,
    );
    return this.said;
  }

  /** What the server has said once it has ended the connection. */
  async rest(): Promise<string[]> {
    await this.client.rest();
    return this.said;
  }
}

type HandlerClass = new (
  ...args: ConstructorParameters<typeof WebSocketHandler>
) => WebSocketHandler;

export async function open(
  server: TestServer,
  headers: Record<string, string> = {},
): Promise<RawPeer> {
  const client = await server.connect();
  client.send(handshakeText(headers));
  await client.until(() => client.received.includes("\r\n\r\n") || client.closed);
  return new RawPeer(client);
}

export function serveSocket(handler: HandlerClass, settings: Settings = {}): Promise<TestServer> {
  return serve(new Application([["/", handler]], { logFunction: () => undefined, ...settings }));
}

/** Serves one handler on the fake host, and opens a WebSocket to it. */
export async function openTo(
  handler: HandlerClass,
  settings: Settings = {},
  headers: Record<string, string> = {},
): Promise<RawPeer> {
  return open(await serveSocket(handler, settings), headers);
}
