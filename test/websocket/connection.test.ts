/** A server's WebSocket on the fake host over time: order, closing, pings, slow readers, hooks. */

import { describe, expect, test } from "vitest";
import { PreparedMessage, WebSocketClosedError, WebSocketHandler } from "../../src/websocket.ts";
import {
  closeFrame,
  frame,
  handshakeText,
  open,
  openTo,
  RawPeer,
  serveSocket,
} from "../support/websocket.ts";

class Echo extends WebSocketHandler {
  override onMessage(message: string | Uint8Array): void {
    this.writeMessage(message);
  }
}

/** A promise, and what settles it. */
function gate(): { passed: Promise<void>; open: () => void } {
  let pass: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { passed, open: pass };
}

describe("order", () => {
  test("messages wait for open, and one at a time for onMessage", async () => {
    const opening = gate();
    const events: string[] = [];
    class Slow extends WebSocketHandler {
      override async open(): Promise<void> {
        await opening.passed;
        events.push("open");
      }
      override async onMessage(message: string | Uint8Array): Promise<void> {
        events.push(`begin ${message}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        events.push(`end ${message}`);
        if (message === "c") this.writeMessage("done");
      }
    }
    const peer = await openTo(Slow);
    peer.send(frame(1, "a"), frame(1, "b"));
    peer.send(frame(1, "c"));
    opening.open();
    await peer.hears(1);
    const each = ["a", "b", "c"].flatMap((name) => [`begin ${name}`, `end ${name}`]);
    expect(events).toEqual(["open", ...each]);
  });

  test("frames sent right behind the handshake are not lost", async () => {
    const server = await serveSocket(Echo);
    const client = await server.connect();
    const text = new TextEncoder().encode(handshakeText());
    client.send(Uint8Array.of(...text, ...frame(1, "early"), ...closeFrame(1000)));
    await client.rest();
    expect(new RawPeer(client).said).toEqual(['text "early"', "close 1000"]);
  });

  test("many small messages behind a slow one are all delivered in order", async () => {
    const numbers: number[] = [];
    class Slow extends WebSocketHandler {
      override onMessage(message: string | Uint8Array): Promise<void> | undefined {
        numbers.push(Number(message));
        if (numbers.length === 5000) this.writeMessage("all");
        return numbers.length % 100 === 1 ? Promise.resolve() : undefined;
      }
    }
    const peer = await openTo(Slow);
    const all = Array.from({ length: 5000 }, (_, i) => frame(1, String(i)));
    peer.send(Buffer.concat(all));
    expect(await peer.hears(1)).toEqual(['text "all"']);
    expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });
});

describe("messages", () => {
  test("text, bytes, JSON, and prepared ones", async () => {
    class Sender extends WebSocketHandler {
      override open(): void {
        this.writeMessage("text");
        this.writeMessage({ a: 1 });
        this.writeMessage(Uint8Array.of(1, 2));
        this.writeMessage("bytes", true);
        this.writeMessage(new TextEncoder().encode("as text"), false);
        const prepared = new PreparedMessage("all");
        this.writeMessage(prepared);
        this.writeMessage(prepared);
        expect(() => this.writeMessage(5 as unknown as string)).toThrow(TypeError);
        expect(() => this.writeMessage(Uint8Array.of(0xff), false)).toThrow("not UTF-8");
      }
      override onMessage(): void {}
    }
    const peer = await openTo(Sender);
    expect(await peer.hears(7)).toEqual([
      'text "text"',
      'text "{"a":1}"',
      "binary 2",
      "binary 5",
      'text "as text"',
      'text "all"',
      'text "all"',
    ]);
  });

  test.each([125, 126, 65535, 65536, 300_000])("of %i bytes, there and back", async (length) => {
    const peer = await openTo(Echo);
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    peer.send(frame(2, bytes));
    await peer.hears(1);
    expect(Buffer.compare(peer.frames[0]?.payload ?? bytes.subarray(1), bytes)).toBe(0);
    expect(peer.frames[0]?.masked).toBe(false);
  });

  test("a message of its own: what the handler changes changes no other", async () => {
    const kept: Uint8Array[] = [];
    class Keeper extends WebSocketHandler {
      override onMessage(message: string | Uint8Array): void {
        kept.push(message as Uint8Array);
        if (kept.length === 2) this.close();
      }
    }
    const peer = await openTo(Keeper);
    peer.send(frame(2, "aaa"));
    peer.send(frame(2, "bbb"));
    peer.send(frame(8));
    await peer.rest();
    expect(kept.map((bytes) => new TextDecoder().decode(bytes))).toEqual(["aaa", "bbb"]);
  });

  test("larger than the limit, whole or in fragments", async () => {
    for (const wire of [
      [frame(2, new Uint8Array(1001))],
      [frame(1, "x".repeat(600), { final: false }), frame(0, "x".repeat(401))],
    ]) {
      const peer = await openTo(Echo, { websocketMaxMessageSize: 1000 });
      peer.send(...wire);
      expect(await peer.rest()).toEqual(["close 1009"]);
    }
    const peer = await openTo(Echo, { websocketMaxMessageSize: 1000 });
    peer.send(frame(2, new Uint8Array(1000)));
    expect(await peer.hears(1)).toEqual(["binary 1000"]);
  });
});

describe("closing", () => {
  test("by the server: the client's answer ends it", async () => {
    const closed = gate();
    const seen: unknown[] = [];
    class Closing extends WebSocketHandler {
      override open(): void {
        this.close(4001, "enough");
        this.close(4002);
      }
      override onMessage(message: string | Uint8Array): void {
        seen.push(message);
      }
      override async onClose(): Promise<void> {
        seen.push(this.closeCode, this.closeReason);
        await expect(this.writeMessage("late")).rejects.toBeInstanceOf(WebSocketClosedError);
        closed.open();
      }
    }
    const peer = await openTo(Closing);
    expect(await peer.hears(1)).toEqual(["close 4001"]);
    peer.send(frame(1, "meanwhile"), closeFrame(4003, "fine"));
    await peer.rest();
    await closed.passed;
    expect(seen).toEqual(["meanwhile", 4003, "fine"]);
  });

  test("by the client: the code comes back, and onClose says what it was", async () => {
    const closed = gate();
    const seen: unknown[] = [];
    class Listening extends Echo {
      override onClose(): void {
        seen.push(this.closeCode, this.closeReason);
        closed.open();
      }
    }
    const peer = await openTo(Listening);
    peer.send(closeFrame(1000, "bye"), frame(1, "too late"));
    expect(await peer.rest()).toEqual(["close 1000"]);
    await closed.passed;
    expect(seen).toEqual([1000, "bye"]);
  });

  test("without a word", async () => {
    const closed = gate();
    const seen: unknown[] = [];
    class Listening extends Echo {
      override onClose(): void {
        seen.push(this.closeCode, this.closeReason);
        closed.open();
      }
    }
    const peer = await openTo(Listening);
    peer.client.socket?.abort();
    await closed.passed;
    expect(seen).toEqual([undefined, undefined]);
  });

  test("of all that a server has open, with 1001 when it stops", async () => {
    const server = await serveSocket(Echo);
    const peers = [await open(server), await open(server), await open(server)];
    const gone = server.server.drain();
    for (const peer of peers) {
      expect(await peer.hears(1)).toEqual(["close 1001"]);
      peer.send(closeFrame(1001));
      await peer.rest();
    }
    await gone;
  });

  test("refuses what a close cannot say", async () => {
    const errors: string[] = [];
    class Wrong extends Echo {
      override open(): void {
        const tries: [number, string?][] = [
          [1005],
          [1006],
          [999],
          [2999],
          [5000],
          [1000, "x".repeat(124)],
          [1000, 5 as unknown as string],
        ];
        for (const [code, reason] of tries) {
          try {
            this.close(code, reason);
          } catch (error) {
            errors.push((error as Error).name);
          }
        }
        this.close(undefined, "reason alone");
      }
    }
    const peer = await openTo(Wrong);
    expect(await peer.hears(1)).toEqual(["close 1000"]);
    expect(errors).toEqual([...new Array(6).fill("RangeError"), "TypeError"]);
  });

  test("a client that does not answer a close is cut off", async () => {
    class Closing extends Echo {
      override open(): void {
        this.close();
      }
    }
    const peer = await openTo(Closing, { websocketCloseTimeout: 0.02 });
    await peer.client.until(() => peer.client.closed);
    expect(peer.client.error).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("pings", () => {
  test("are answered, and answers are heard", async () => {
    const heard: string[] = [];
    class Pinging extends Echo {
      override open(): void {
        this.ping("hello");
        expect(() => this.ping("x".repeat(126))).toThrow(RangeError);
      }
      override onPing(data: Uint8Array): void {
        heard.push(`ping ${new TextDecoder().decode(data)}`);
      }
      override onPong(data: Uint8Array): void {
        heard.push(`pong ${new TextDecoder().decode(data)}`);
        this.close();
      }
    }
    const peer = await openTo(Pinging);
    peer.send(frame(9, "you?"), frame(10, "me"), frame(8));
    expect(await peer.rest()).toEqual(['ping "hello"', 'pong "you?"', "close"]);
    expect(heard).toEqual(["ping you?", "pong me"]);
  });

  test("that nobody answers end the connection", async () => {
    const peer = await openTo(Echo, { websocketPingInterval: 0.04, websocketPingTimeout: 0.02 });
    await peer.client.until(() => peer.client.ended || peer.client.closed);
    expect(peer.said).toEqual(['ping ""', "close 1000"]);
  });

  test("that are answered keep it", async () => {
    const peer = await openTo(Echo, { websocketPingInterval: 0.03 });
    for (let count = 1; count < 6; count++) {
      await peer.hears(count);
      peer.send(frame(10));
    }
    expect(peer.said.slice(0, 5)).toEqual(new Array(5).fill('ping ""'));
    expect(peer.client.ended || peer.client.closed).toBe(false);
    peer.client.socket?.close();
  });
});

describe("a slow reader", () => {
  test("makes writeMessage wait", async () => {
    const steps: string[] = [];
    class Writer extends Echo {
      override async open(): Promise<void> {
        for (let i = 0; i < 20; i++) {
          await this.writeMessage(new Uint8Array(100_000));
          steps.push("written");
        }
        this.close();
      }
    }
    const server = await serveSocket(Writer);
    const client = await server.connect();
    client.send(handshakeText());
    client.socket?.pause();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(steps.length).toBeLessThan(6);
    client.send(frame(8));
    client.socket?.resume();
    await client.rest();
    expect(steps.length).toBe(20);
  });

  test("is cut off once maxBufferedAmount bytes wait", async () => {
    const closed = gate();
    const amounts: number[] = [];
    const last: unknown[] = [];
    class Writer extends Echo {
      override open(): void {
        for (let i = 0; i < 100; i++) {
          const written = this.writeMessage(new Uint8Array(100_000));
          amounts.push(this.bufferedAmount);
          if (i === 99) written.catch((error) => last.push(error));
        }
      }
      override onClose(): void {
        closed.open();
      }
    }
    const server = await serveSocket(Writer, { websocketMaxBufferedAmount: 1_000_000 });
    const peer = open(server).catch(() => undefined);
    await closed.passed;
    await peer;
    expect(Math.max(...amounts)).toBeGreaterThan(900_000);
    expect(Math.max(...amounts)).toBeLessThan(1_200_000);
    expect(last[0]).toBeInstanceOf(WebSocketClosedError);
  });

  test("that takes nothing for sendTimeout is cut off", async () => {
    const closed = gate();
    class Writer extends Echo {
      override open(): void {
        this.writeMessage(new Uint8Array(2_000_000));
      }
      override onClose(): void {
        closed.open();
      }
    }
    const server = await serveSocket(Writer, { websocketSendTimeout: 0.04 });
    const client = await server.connect();
    client.send(handshakeText());
    client.socket?.pause();
    await closed.passed;
    client.socket?.close();
  });

  test("of pongs cannot make the server keep them", async () => {
    const closed = gate();
    class Listening extends Echo {
      override onClose(): void {
        closed.open();
      }
    }
    const server = await serveSocket(Listening, { websocketMaxBufferedAmount: 1000 });
    const peer = await open(server);
    peer.client.socket?.pause();
    const ping = frame(9, "x".repeat(125));
    const many = Buffer.concat(new Array(4000).fill(ping));
    peer.send(many);
    await closed.passed;
  });
});
