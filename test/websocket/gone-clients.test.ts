/** Clients that go while something about their WebSocket still waits. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LogRecord, type Sink, setSinks } from "../../src/log.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import type { Client } from "../support/server.ts";
import { handshakeText, serveSocket } from "../support/websocket.ts";

let heard: string[];
/** What hooks wait for. */
let waiting: Promise<void>;
let goOn: () => void;
let records: LogRecord[];
let sinks: readonly Sink[];

beforeEach(() => {
  heard = [];
  records = [];
  waiting = new Promise((resolve) => {
    goOn = resolve;
  });
  sinks = setSinks({ write: (record) => records.push(record) });
});

afterEach(() => {
  setSinks(...sinks);
});

class Quiet extends WebSocketHandler {
  override open(): void {
    heard.push("open");
  }
  override onMessage(): void {}
  override onClose(): void {
    heard.push("onClose");
  }
  override onConnectionClose(): void {
    heard.push("gone");
  }
  override onFinish(): void {
    heard.push(`finished ${this.getStatus()}`);
  }
}

class Preparing extends Quiet {
  override prepare(): Promise<void> {
    heard.push("waits");
    return waiting;
  }
}

class Checking extends Quiet {
  override checkOrigin(): Promise<boolean> {
    heard.push("waits");
    return waiting.then(() => true);
  }
}

const ways: { name: string; leave: (client: Client) => void }[] = [
  { name: "breaks off", leave: ({ socket }) => socket?.abort() },
  { name: "sends no more", leave: ({ socket }) => socket?.shutdown() },
];

describe.each([
  { name: "prepare", handler: Preparing },
  { name: "checkOrigin", handler: Checking },
])("while $name waits", ({ handler }) => {
  test.each(ways)("a client that $name gets no WebSocket", async ({ leave }) => {
    const { connect } = await serveSocket(handler);
    const client = await connect();
    client.send(handshakeText({ Origin: "http://example.org" }));
    await client.until(() => heard.includes("waits"));
    leave(client);
    await client.until(() => heard.includes("gone"));
    goOn();
    await client.until(() => heard.length > 2);
    expect(heard).toEqual(["waits", "gone", "finished 400"]);
    expect(client.received).not.toContain(" 101 ");
    expect(records.filter(({ level }) => level === "error")).toEqual([]);
  });
});

test("a promise of checkOrigin is waited for, and may refuse", async () => {
  class Refusing extends Quiet {
    override async checkOrigin(): Promise<boolean> {
      return false;
    }
  }
  const { exchange } = await serveSocket(Refusing);
  expect(await exchange(handshakeText({ Origin: "http://example.org" }))).toContain(" 403 ");
  expect(heard).toEqual(["finished 403"]);
});
