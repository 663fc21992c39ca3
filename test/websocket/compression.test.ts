/** permessage-deflate of a server on the fake host, against the runtime's own zlib. */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type CompressionOptions, PreparedMessage, WebSocketHandler } from "../../src/websocket.ts";
import { frame, open, openTo, type RawPeer, serveSocket } from "../support/websocket.ts";

const RSV1 = 0x40;
const flush = { finishFlush: constants.Z_SYNC_FLUSH };
const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };

class Echo extends WebSocketHandler {
  override getCompressionOptions(): CompressionOptions {
    return { threshold: 0 };
  }
  override onMessage(message: string | Uint8Array): unknown {
    return this.writeMessage(message);
  }
}

/** What a client sends of a message that refers to nothing before it. */
function compressed(text: string | Uint8Array): Uint8Array {
  return deflateRawSync(text, flush).subarray(0, -4);
}

/** The messages that the server has sent, with what came before as the context of each. */
function messages(peer: RawPeer): string[] {
  let context = Buffer.alloc(0);
  return peer.frames.map(({ payload, reserved }) => {
    if (reserved !== RSV1) return `plain ${new TextDecoder().decode(payload)}`;
    const { length } = context;
    const block = [0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255];
    const stored = length === 0 ? [] : [Uint8Array.from(block), context];
    const tail = Uint8Array.of(0, 0, 255, 255);
    const whole = inflateRawSync(Buffer.concat([...stored, payload, tail]), flush);
    context = whole.subarray(-32768);
    return whole.subarray(length).toString();
  });
}

describe("messages", () => {
  test("are compressed both ways, each able to refer to those before", async () => {
    const peer = await openTo(Echo, {}, OFFER);
    const texts = ["first first first message", "", "first message again", "ü".repeat(1000)];
    for (const text of texts) peer.send(frame(1, compressed(text), { reserved: RSV1 }));
    await peer.hears(texts.length);
    expect(messages(peer)).toEqual(texts);
    expect(peer.frames.every(({ reserved }) => reserved === RSV1)).toBe(true);
  });

  test("that say again what was said take next to nothing, also behind a long one", async () => {
    const text = "abcdefghijklmnopqrstuvwxyz, 0123456789 and ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const long = Uint8Array.from({ length: 40_000 }, (_, i) => Math.imul(i, i * 40503) >>> 8);
    const peer = await openTo(Echo, {}, OFFER);
    for (const each of [text, text, long, long.subarray(39_000)]) peer.send(frame(2, each));
    await peer.hears(4);
    const lengths = peer.frames.map(({ payload }) => payload.length);
    expect(lengths[0]).toBeGreaterThan(text.length / 2);
    expect(lengths[1]).toBeLessThan(10);
    expect(lengths[3]).toBeLessThan(30);
    expect(messages(peer)[1]).toBe(text);
  });

  test("with nothing agreed on that could be referred to stand for themselves", async () => {
    const offer = "permessage-deflate; server_no_context_takeover";
    const peer = await openTo(Echo, {}, { "Sec-WebSocket-Extensions": offer });
    for (let count = 0; count < 2; count++) peer.send(frame(1, "the same, and once more the same"));
    await peer.hears(2);
    expect(peer.frames[1]?.payload).toEqual(peer.frames[0]?.payload);
  });

  test("refer back as zlib refers", async () => {
    const peer = await openTo(Echo, {}, OFFER);
    const { createDeflateRaw } = await import("node:zlib");
    const stream = createDeflateRaw();
    const parts: Uint8Array[] = [];
    stream.on("data", (part) => parts.push(part));
    const texts = ["hello hello hello", "hello hello again", "x".repeat(40_000), "xxxx hello xxxx"];
    for (const text of texts) {
      parts.length = 0;
      stream.write(text);
      await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
      const bytes = Buffer.concat(parts);
      peer.send(frame(1, bytes.subarray(0, -4), { reserved: RSV1 }));
    }
    await peer.hears(texts.length);
    expect(messages(peer)).toEqual(texts);
  });

  test("in fragments, with frames cut anywhere", async () => {
    const peer = await openTo(Echo, {}, OFFER);
    const bytes = compressed("fragmented ".repeat(20));
    peer.send(frame(1, bytes.subarray(0, 3), { reserved: RSV1, final: false }));
    peer.send(frame(9, "between"));
    for (const byte of frame(0, bytes.subarray(3))) peer.send(Uint8Array.of(byte));
    await peer.hears(2);
    expect(peer.said[0]).toBe('pong "between"');
    expect(peer.frames.length).toBe(2);
  });

  test("below the threshold go as they are, and so may the client's", async () => {
    class Threshold extends Echo {
      override getCompressionOptions(): CompressionOptions {
        return { threshold: 20 };
      }
    }
    const peer = await openTo(Threshold, {}, OFFER);
    peer.send(frame(1, "short"), frame(1, "long enough to be compressed"));
    await peer.hears(2);
    expect(messages(peer)).toEqual(["plain short", "long enough to be compressed"]);
  });

  test("long ones, done on other threads, keep their order; the close comes last", async () => {
    const long = "0123456789".repeat(10_000);
    class Sender extends Echo {
      override open(): void {
        this.writeMessage(long);
        this.writeMessage("short one");
        this.writeMessage(long);
        expect(this.bufferedAmount).toBeGreaterThan(200_000);
        this.close();
      }
    }
    const peer = await openTo(Sender, {}, OFFER);
    await peer.hears(4);
    expect(messages({ frames: peer.frames.slice(0, 3) } as RawPeer)).toEqual([
      long,
      "short one",
      long,
    ]);
    expect(peer.said[3]).toBe("close");
    peer.send(frame(8));
    await peer.rest();
  });

  test("long ones of the client keep their order too", async () => {
    const noise = Uint8Array.from(
      { length: 50_000 },
      (_, i) => Math.imul(i, i * 2654435761) >>> 24,
    );
    const peer = await openTo(Echo, {}, OFFER);
    peer.send(frame(2, compressed(noise), { reserved: RSV1 }), frame(1, "behind"));
    await peer.hears(2);
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([2, 1]);
  });

  test("a stream that ends within a message, and one that goes on after it", async () => {
    const peer = await openTo(Echo, {}, OFFER);
    const ended = deflateRawSync("ended, ");
    peer.send(frame(1, Buffer.concat([ended, Uint8Array.of(0)]), { reserved: RSV1 }));
    peer.send(frame(1, Buffer.concat([ended, compressed("and on")]), { reserved: RSV1 }));
    await peer.hears(2);
    expect(messages(peer)).toEqual(["ended, ", "ended, and on"]);
  });

  test("prepared ones are compressed once for all, and the context goes on", async () => {
    const prepared = new PreparedMessage("to all of you, to all of you, to all of you");
    class Sender extends Echo {
      override open(): void {
        this.writeMessage("before");
        this.writeMessage(prepared);
        this.writeMessage("to all of you, and then to you");
      }
    }
    const server = await serveSocket(Sender);
    const peers = [await open(server, OFFER), await open(server, OFFER), await open(server)];
    for (const peer of peers) await peer.hears(3);
    const [one, other, plain] = peers.map((peer) => peer.frames[1]?.payload);
    expect(one).toEqual(other);
    expect(plain).toEqual(new TextEncoder().encode("to all of you, to all of you, to all of you"));
    expect(messages(peers[0] as RawPeer)[2]).toBe("to all of you, and then to you");
  });

  test("windows of 9 bits are not looked beyond", async () => {
    const offer = "permessage-deflate; server_max_window_bits=9";
    const peer = await openTo(Echo, {}, { "Sec-WebSocket-Extensions": offer });
    const noise = Uint8Array.from({ length: 400 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const text = Buffer.concat([noise, new Uint8Array(300), noise]);
    peer.send(frame(2, text));
    await peer.hears(1);
    const payload = peer.frames[0]?.payload ?? new Uint8Array(0);
    const bytes = Buffer.concat([payload, Uint8Array.of(0, 0, 255, 255)]);
    expect(inflateRawSync(bytes, { ...flush, windowBits: 9 }).equals(text)).toBe(true);
  });

  test("options that zlib cannot do are the server's mistake", async () => {
    class Wrong extends Echo {
      override getCompressionOptions(): CompressionOptions {
        return { compressionLevel: 10 };
      }
      override logException(): void {}
    }
    expect((await openTo(Wrong, {}, OFFER)).head).toContain(" 500 ");
  });
});

describe("what cannot be decompressed", () => {
  const limit = { websocketMaxMessageSize: 10_000 };
  const noise = Uint8Array.from({ length: 9_000 }, (_, i) => Math.imul(i, i * 2654435761) >>> 24);
  const many = Buffer.concat(new Array(40).fill(deflateRawSync("x")));
  const rows: { name: string; send: Uint8Array[]; code: number }[] = [
    {
      name: "a bomb of 10 MB in 10 KB",
      send: [frame(2, compressed(new Uint8Array(10_000_000)), { reserved: RSV1 })],
      code: 1009,
    },
    {
      name: "a byte too many",
      send: [frame(2, compressed(new Uint8Array(10_001)), { reserved: RSV1 })],
      code: 1009,
    },
    {
      name: "garbage",
      send: [frame(2, new Uint8Array(100).fill(0xff), { reserved: RSV1 })],
      code: 1007,
    },
    {
      name: "text that is not UTF-8",
      send: [frame(1, compressed(noise), { reserved: RSV1 })],
      code: 1007,
    },
    { name: "forty streams in a message", send: [frame(2, many, { reserved: RSV1 })], code: 1007 },
    {
      name: "RSV1 in a continuation",
      send: [
        frame(1, "", { final: false, reserved: RSV1 }),
        frame(0, compressed("x"), { reserved: RSV1 }),
      ],
      code: 1002,
    },
    { name: "RSV1 in a ping", send: [frame(9, "", { reserved: RSV1 })], code: 1002 },
  ];

  test.each(rows)("$name", async ({ send, code }) => {
    const peer = await openTo(Echo, limit, OFFER);
    peer.send(...send);
    expect(await peer.rest()).toEqual([`close ${code}`]);
  });

  test("that is as long as it may be can, though it takes more bytes compressed", async () => {
    let seed = 1;
    const random = Uint8Array.from({ length: 10_000 }, () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
      return seed >>> 24;
    });
    for (const more of ["", "; client_no_context_takeover"]) {
      const offer = { "Sec-WebSocket-Extensions": `permessage-deflate${more}` };
      const peer = await openTo(Echo, limit, offer);
      const bytes = compressed(random);
      expect(bytes.length).toBeGreaterThan(random.length);
      // Whole, in fragments, and as a stream that ends, behind which there is nothing.
      peer.send(frame(2, bytes, { reserved: RSV1 }));
      peer.send(frame(2, bytes.subarray(0, 5000), { reserved: RSV1, final: false }));
      peer.send(frame(0, bytes.subarray(5000)));
      const ended = new Uint8Array([...deflateRawSync(random), 0]);
      peer.send(frame(2, ended, { reserved: RSV1 }));
      await peer.hears(3);
      expect(peer.frames.map(({ opcode }) => opcode)).toEqual([2, 2, 2]);
      peer.send(frame(2, compressed(new Uint8Array(10_001)), { reserved: RSV1 }));
      expect((await peer.rest()).at(-1)).toBe("close 1009");
    }
  });

  test("but just what the limit allows can", async () => {
    const peer = await openTo(Echo, limit, OFFER);
    peer.send(frame(2, compressed(new Uint8Array(10_000)), { reserved: RSV1 }));
    peer.send(frame(2, compressed(new Uint8Array(10_000)), { reserved: RSV1 }));
    await peer.hears(2);
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([2, 2]);
  });
});
