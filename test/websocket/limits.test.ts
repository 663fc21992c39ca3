/** A timeout of pings that is longer than their interval: what it comes to, and who is told. */

import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type LogRecord, setSinks } from "../../src/log.ts";
import { webSocketLimits } from "../../src/websocket/limits.ts";
import { WebSocketHandler } from "../../src/websocket.ts";
import { openTo } from "../support/websocket.ts";

let records: LogRecord[];

beforeEach(() => {
  records = [];
  const sinks = setSinks({ write: (record) => records.push(record) });
  onTestFinished(() => void setSinks(...sinks));
});

test.each([
  { pingInterval: 10, pingTimeout: undefined, timeout: 10 },
  { pingInterval: 10, pingTimeout: 10, timeout: 10 },
  { pingInterval: 10, pingTimeout: 3, timeout: 3 },
  { pingInterval: 10, pingTimeout: 0, timeout: 0 },
  { pingInterval: 0, pingTimeout: 30, timeout: 0 },
  { pingInterval: undefined, pingTimeout: 30, timeout: 0 },
])("$pingTimeout within $pingInterval says nothing", ({ timeout, ...options }) => {
  expect(webSocketLimits(options).pingTimeout).toBe(timeout);
  expect(records).toEqual([]);
});

test("one that is longer is cut, and warned of once in a process", async () => {
  class Quiet extends WebSocketHandler {
    override onMessage(): void {}
  }
  const settings = { websocketPingInterval: 10, websocketPingTimeout: 30 };
  for (let i = 0; i < 2; i++) {
    const { client } = await openTo(Quiet, settings);
    client.socket?.abort();
  }
  expect(webSocketLimits({ pingInterval: 5, pingTimeout: 6 }).pingTimeout).toBe(5);
  expect(records.map(({ level, logger }) => `${level} ${logger}`)).toEqual([
    "warning squall.general",
  ]);
  expect(records[0]?.message).toMatch(/pingTimeout of 10 seconds in place of 30/);
});
