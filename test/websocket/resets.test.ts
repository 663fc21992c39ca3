/**
 * Peers that reset their connection in the middle of something, over real sockets: both ends hear
 * of it once, log no error, and keep neither descriptors nor objects.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { deflateRawSync, constants as zlib } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { collectAll } from "../../src/collector.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { type LogRecord, type Sink, setSinks } from "../../src/log.ts";
import { Application } from "../../src/web.ts";
import {
  type CompressionOptions,
  type ReceivedMessage,
  WebSocketHandler,
  websocketConnect,
} from "../../src/websocket.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";
import { until } from "../support/until.ts";
import { frame, handshakeText } from "../support/websocket.ts";

const COUNT = 20;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const RSV1 = 0x40;
/** Where Linux lists this process's descriptors, and the machine's connections. */
const DESCRIPTORS = "/proc/self/fd";
const CONNECTIONS = "/proc/self/net/tcp";

/** What has been heard of one connection of ours. */
interface Heard {
  messages: number;
  closes: number;
}

let heard: Heard[];
let owners: WeakRef<object>[];
/** What `onMessage` returns. */
let answer: Promise<void> | undefined;
let records: LogRecord[];
let sinks: readonly Sink[];

function note(owner: object): Heard {
  const one = { messages: 0, closes: 0 };
  heard.push(one);
  owners.push(new WeakRef(owner));
  return one;
}

class Listening extends WebSocketHandler {
  readonly #heard = note(this);

  override getCompressionOptions(): CompressionOptions {
    return {};
  }
  override onMessage(): unknown {
    this.#heard.messages++;
    return answer;
  }
  override onClose(): void {
    this.#heard.closes++;
  }
}

const application = new Application([["/", Listening]], { logFunction: () => undefined });
const server = new HTTPServer(application, { loop });
let peers: Server;
/** The peers' ends of connections to our clients. */
let accepted: Socket[];

beforeAll(async () => {
  await server.listen(0, "127.0.0.1");
  peers = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (head: Buffer) => {
      const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(head.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1")
        .update(key + GUID)
        .digest("base64");
      accepted.push(socket);
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          "Sec-WebSocket-Extensions: permessage-deflate\r\n" +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  await new Promise<void>((resolve) => peers.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.stop();
  peers.close();
});

beforeEach(() => {
  heard = [];
  owners = [];
  accepted = [];
  answer = undefined;
  records = [];
  sinks = setSinks({ write: (record) => records.push(record) });
});

afterEach(() => {
  setSinks(...sinks);
});

function serverPort(): number {
  return server.addresses[0]?.port as number;
}

function peersPort(): number {
  return (peers.address() as { port: number }).port;
}

/** A peer of our server. */
async function openPeer(): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: serverPort() });
  socket.on("error", () => undefined);
  const answered = new Promise<void>((resolve) => socket.once("data", () => resolve()));
  socket.write(handshakeText({ "Sec-WebSocket-Extensions": "permessage-deflate" }));
  await answered;
  return socket;
}

/** A client of ours; gives its peer. */
async function openClient(): Promise<Socket> {
  let one: Heard | undefined;
  const early: ReceivedMessage[] = [];
  const onMessage = (message: ReceivedMessage | undefined): unknown => {
    if (one === undefined) return early.push(message ?? "");
    if (message === undefined) one.closes++;
    else one.messages++;
    return answer;
  };
  const options = { onMessage, compressionOptions: {}, loop };
  one = note(await websocketConnect(`ws://127.0.0.1:${peersPort()}/`, options));
  expect(early).toEqual([]);
  return accepted.at(-1) as Socket;
}

interface Side {
  readonly name: string;
  /** Whether the peer masks what it sends. */
  readonly masked: boolean;
  /** Opens a connection; gives the peer's end. */
  readonly open: () => Promise<Socket>;
  readonly port: () => number;
}

const sides: readonly Side[] = [
  { name: "server", masked: true, open: openPeer, port: serverPort },
  { name: "client", masked: false, open: openClient, port: peersPort },
];

/** Numbers that do not compress, and are the same each time. */
function noiseOf(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const noise = noiseOf(2000);

function deflated(data: Uint8Array): Uint8Array {
  return deflateRawSync(data, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** What follows a whole message, before the reset. */
const rows: { name: string; rest: (masked: boolean) => Uint8Array[] }[] = [
  { name: "a frame's head", rest: (masked) => [frame(2, noise, { masked }).subarray(0, 3)] },
  { name: "a frame", rest: (masked) => [frame(2, noise, { masked }).subarray(0, 500)] },
  {
    name: "a fragmented message, between frames",
    rest: (masked) => [frame(1, "begun", { masked, final: false })],
  },
  {
    name: "a fragmented message, in a frame",
    rest: (masked) => [
      frame(1, "begun", { masked, final: false }),
      frame(0, noise, { masked }).subarray(0, 500),
    ],
  },
  {
    name: "a compressed message",
    rest: (masked) => [
      frame(2, deflated(noise), { masked, reserved: RSV1, final: false }),
      frame(0, noise, { masked }).subarray(0, 500),
    ],
  },
];

/** Opens some; gives the peers' ends, and what the system calls both ends' descriptors. */
async function openMany({ open, port }: Side): Promise<{ sockets: Socket[]; links: Set<string> }> {
  const sockets: Socket[] = [];
  for (let i = 0; i < COUNT; i++) sockets.push(await open());
  const suffix = `:${port().toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(CONNECTIONS, "utf8").trim().split("\n").slice(1);
  const established = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, remote, state]) => state === "01" && `${local} ${remote}`.includes(suffix));
  const links = new Set(established.map((row) => `socket:[${row[9]}]`));
  // The list is not read at one moment: a few may be missing while others come and go.
  expect(links.size).toBeGreaterThan(COUNT);
  expect(isOpen(links)).toBe(true);
  return { sockets, links };
}

function isOpen(links: ReadonlySet<string>): boolean {
  return readdirSync(DESCRIPTORS).some((name) => {
    try {
      return links.has(readlinkSync(`${DESCRIPTORS}/${name}`));
    } catch {
      // The one that read the folder is gone by now.
      return false;
    }
  });
}

/** Resets the peers' sockets, which nobody holds from here on. */
function resetAll(sockets: Socket[]): void {
  accepted = [];
  for (const socket of sockets.splice(0)) socket.resetAndDestroy();
}

function everyCloses(): boolean {
  return heard.every(({ closes }) => closes > 0);
}

/** A few that the engine takes for used may stay: JavaScriptCore reads the stack as it lies. */
async function expectNothingLeft(links: ReadonlySet<string>): Promise<void> {
  await until(() => !isOpen(links));
  await until(() => {
    collectAll();
    return owners.filter((owner) => owner.deref() !== undefined).length < COUNT / 4;
  });
  expect(heard.map(({ closes }) => closes)).toEqual(new Array(COUNT).fill(1));
  expect(records.filter(({ level }) => level !== "debug")).toEqual([]);
}

const noDescriptors = existsSync(DESCRIPTORS) ? "" : " (skipped: descriptors are not listed here)";

describe.skipIf(noDescriptors !== "").each(sides)(`$name${noDescriptors}`, (side) => {
  const { masked } = side;

  test.each(rows)("a reset in the middle of $name", async ({ rest }) => {
    const { sockets, links } = await openMany(side);
    const first = frame(1, "first", { masked });
    for (const socket of sockets) socket.write(Buffer.concat([first, ...rest(masked)]));
    await until(() => heard.every(({ messages }) => messages === 1));
    resetAll(sockets);
    await until(everyCloses);
    await expectNothingLeft(links);
    expect(heard.filter(({ messages }) => messages !== 1)).toEqual([]);
  });

  test("a reset while onMessage waits ends the connection, and nothing more is delivered", async () => {
    let settle: () => void = () => undefined;
    answer = new Promise((resolve) => {
      settle = resolve;
    });
    const { sockets, links } = await openMany(side);
    const both = Buffer.concat([frame(1, "first", { masked }), frame(1, "second", { masked })]);
    for (const socket of sockets) socket.write(both);
    await until(() => heard.every(({ messages }) => messages === 1));
    resetAll(sockets);
    await until(everyCloses);
    settle();
    answer = undefined;
    await expectNothingLeft(links);
    expect(heard.filter(({ messages }) => messages !== 1)).toEqual([]);
  });

  test("a reset right behind a compressed message, which takes a while to decompress", async () => {
    const { sockets, links } = await openMany(side);
    const message = frame(2, deflated(noiseOf(200_000)), { masked, reserved: RSV1 });
    await Promise.all(
      sockets.map(
        (socket) => new Promise<void>((resolve) => socket.write(message, () => resolve())),
      ),
    );
    resetAll(sockets);
    await until(everyCloses);
    await expectNothingLeft(links);
  });
});
