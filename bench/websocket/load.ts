/**
 * The other end of the measured WebSockets, for run.ts, which starts it on the load's core and tells
 * it over IPC what to do. It counts bytes and takes no frames apart, on the sockets of our own host:
 * it must not be what is slow, or servers are measured half asleep.
 */
import { viewBytes } from "../../src/core.ts";
import type { Socket, SocketHandler } from "../../src/host.ts";
import { IOLoop } from "../../src/ioloop.ts";

export type Command =
  | { readonly do: "open"; readonly port: number; readonly path: string; readonly count: number }
  | {
      readonly do: "echo";
      readonly size: number;
      readonly binary: boolean;
      readonly seconds: number;
    }
  | { readonly do: "broadcast"; readonly size: number; readonly rounds: number }
  | { readonly do: "close" };

/** How often what was asked for was done, and how many connections are open. */
export interface Reply {
  readonly done: number;
  readonly open: number;
}

interface Peer {
  readonly socket: Socket;
  /** Bytes received since the last message was complete. */
  received: number;
}

const { tcp } = IOLoop.current();
const AT_ONCE = 64;
const MASK = [0x37, 0xfa, 0x21, 0x3d];
const peers: Peer[] = [];
/** What is done with received bytes. */
let hear: (peer: Peer, length: number) => void = () => {};

/** The length of a server's frame. */
function frameLength(size: number): number {
  return size + (size < 126 ? 2 : size < 65536 ? 4 : 10);
}

/** A client's frame with a payload of letters. */
function clientFrame(size: number, binary: boolean): Buffer {
  const head = [binary ? 0x82 : 0x81];
  if (size < 126) head.push(0x80 | size);
  else if (size < 65536) head.push(0xfe, size >> 8, size & 0xff);
  else
    head.push(
      0xff,
      0,
      0,
      0,
      0,
      (size >> 24) & 0xff,
      (size >> 16) & 0xff,
      (size >> 8) & 0xff,
      size & 0xff,
    );
  const payload = Buffer.alloc(size, "abcdefghijklmnopqrstuvwxyz");
  for (let i = 0; i < size; i++) payload[i] = (payload[i] ?? 0) ^ (MASK[i % 4] ?? 0);
  return Buffer.concat([Buffer.from(head), Buffer.from(MASK), payload]);
}

/** A connection: the handshake's answer, then bytes to count. */
class Connection implements SocketHandler {
  readonly peer: Peer;
  readonly #opened: (isOpen: boolean) => void;
  #head = "";
  #isOpen = false;

  constructor(socket: Socket, opened: (isOpen: boolean) => void) {
    this.peer = { socket, received: 0 };
    this.#opened = opened;
  }

  data(start: number, length: number): void {
    if (this.#isOpen) {
      hear(this.peer, length);
      return;
    }
    this.#head += String.fromCharCode(...viewBytes(start, length));
    if (!this.#head.endsWith("\r\n\r\n")) return;
    this.#isOpen = this.#head.startsWith("HTTP/1.1 101");
    this.#head = "";
    if (this.#isOpen) peers.push(this.peer);
    this.#opened(this.#isOpen);
  }

  end(): void {}

  drain(): void {}

  close(): void {
    const place = peers.indexOf(this.peer);
    if (place >= 0) peers.splice(place, 1);
    this.#opened(false);
  }
}

function open(port: number, path: string): Promise<boolean> {
  const request =
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  return new Promise((resolve) => {
    const connected = (socket: Socket): Connection => {
      socket.write(new TextEncoder().encode(request));
      return new Connection(socket, resolve);
    };
    tcp.connect({ host: "127.0.0.1", port }, connected).catch(() => resolve(false));
  });
}

async function openAll(port: number, path: string, count: number): Promise<number> {
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next++ < count) if (await open(port, path)) done++;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

/** Every connection has one message under way, for some seconds; counts those that came back. */
async function echo(size: number, binary: boolean, seconds: number): Promise<number> {
  const frame = clientFrame(size, binary);
  const expected = frameLength(size);
  const deadline = performance.now() + seconds * 1000;
  let done = 0;
  let underWay = peers.length;
  await new Promise<void>((resolve) => {
    hear = (peer, length) => {
      peer.received += length;
      if (peer.received < expected) return;
      peer.received -= expected;
      done++;
      if (performance.now() < deadline) peer.socket.write(frame);
      else if (--underWay === 0) resolve();
    };
    for (const { socket } of peers) socket.write(frame);
  });
  return done;
}

/** One connection says something, and all hear it; then again. Counts what was heard. */
async function broadcast(size: number, rounds: number): Promise<number> {
  const frame = clientFrame(size, false);
  const whole = frameLength(size) * peers.length;
  for (let round = 0; round < rounds; round++) {
    let heard = 0;
    await new Promise<void>((resolve) => {
      hear = (_peer, length) => {
        heard += length;
        if (heard === whole) resolve();
      };
      peers[round % peers.length]?.socket.write(frame);
    });
  }
  return rounds * peers.length;
}

/** Resets them: closed in order, they would keep their ports from the next run. */
async function closeAll(): Promise<number> {
  const all = peers.splice(0);
  for (const { socket } of all) socket.abort();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return all.length;
}

async function obey(command: Command): Promise<number> {
  if (command.do === "open") return await openAll(command.port, command.path, command.count);
  if (command.do === "echo") return await echo(command.size, command.binary, command.seconds);
  if (command.do === "broadcast") return await broadcast(command.size, command.rounds);
  return await closeAll();
}

process.on("message", async (command: Command) => {
  const done = await obey(command);
  const reply: Reply = { done, open: peers.length };
  process.send?.(reply);
});
