/** What becomes of hooks that throw, and of those that answer too late. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LogRecord, type Sink, setSinks } from "../../src/log.ts";
import { WebSocketClosedError, WebSocketError, WebSocketHandler } from "../../src/websocket.ts";
import { closeFrame, frame, openTo } from "../support/websocket.ts";

let records: LogRecord[];
let sinks: readonly Sink[];

beforeEach(() => {
  records = [];
  sinks = setSinks({ write: (record) => records.push(record) });
});

afterEach(() => {
  setSinks(...sinks);
});

describe("hooks that throw", () => {
  class Failing extends WebSocketHandler {
    logged: unknown;
    override open(): void {
      if (this.request.headers.has("X-Fail")) throw new Error("open fails");
    }
    override onMessage(message: string | Uint8Array): unknown {
      if (message === "now") throw new Error("onMessage fails");
      return Promise.reject(new Error("onMessage fails later"));
    }
    override logException(error: unknown): void {
      failures.push((error as Error).message);
    }
  }
  const failures: string[] = [];

  test("close with 1011", async () => {
    for (const [headers, message] of [
      [{ "X-Fail": "1" }, "x"],
      [{}, "now"],
      [{}, "later"],
    ] as const) {
      const peer = await openTo(Failing, {}, headers);
      peer.send(frame(1, message), frame(1, message));
      expect(await peer.rest()).toEqual(["close 1011"]);
    }
    expect(failures).toEqual(["open fails", "onMessage fails", "onMessage fails later"]);
  });
});

describe("an answer that comes too late", () => {
  let heard: string[];
  let waiting: Promise<void>;
  let goOn: () => void;

  beforeEach(() => {
    heard = [];
    waiting = new Promise((resolve) => {
      goOn = resolve;
    });
  });

  class Slow extends WebSocketHandler {
    override async onMessage(message: string | Uint8Array): Promise<void> {
      if (message === "close") this.close();
      await waiting;
      heard.push("answers");
      await this.writeMessage("answer");
    }
    override onClose(): void {
      heard.push("onClose");
    }
  }

  test("for the client that asked is no error of the handler's", async () => {
    const peer = await openTo(Slow);
    peer.send(frame(1, "close"));
    expect(await peer.hears(1)).toEqual(["close"]);
    goOn();
    peer.send(frame(8));
    await peer.client.until(() => heard.includes("onClose"));
    expect(heard).toEqual(["answers", "onClose"]);
    expect(records.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("for another client is", async () => {
    class Telling extends WebSocketHandler {
      override async onMessage(): Promise<void> {
        await friend?.writeMessage("news");
      }
    }
    let friend: WebSocketHandler | undefined;
    class Friend extends WebSocketHandler {
      override onMessage(): void {}
      override open(): void {
        friend = this;
        this.close();
      }
    }
    await (await openTo(Friend)).hears(1);
    const peer = await openTo(Telling);
    peer.send(frame(1, "tell"));
    expect(await peer.rest()).toEqual(["close 1011"]);
    expect(records.map(({ level }) => level)).toContain("error");
  });
});

describe("closeSignal", () => {
  let reasons: unknown[];

  /** Its hooks wait for news, until their client has gone. */
  class Waiting extends WebSocketHandler {
    override onMessage(message: string | Uint8Array): unknown {
      const { closeSignal } = this;
      const waits = new Promise((_, reject) => {
        closeSignal.addEventListener("abort", () => reject(closeSignal.reason));
      });
      waits.catch((error) => reasons.push(error));
      this.writeMessage(closeSignal.aborted ? "is gone" : "waits");
      return message === "awaited" ? waits : undefined;
    }
    override onClose(): void {
      handler = this;
    }
  }
  let handler: WebSocketHandler | undefined;

  beforeEach(() => {
    reasons = [];
    handler = undefined;
  });

  test("is aborted when the WebSocket has closed, also for who asks later", async () => {
    const peer = await openTo(Waiting);
    peer.send(frame(1, "not awaited"), closeFrame(1001, "bye"));
    expect(await peer.rest()).toEqual(['text "waits"', "close 1001"]);
    await peer.client.until(() => reasons.length > 0);
    expect(reasons).toEqual([new WebSocketClosedError(1001, "bye")]);
    expect(handler?.closeSignal.aborted).toBe(true);
  });

  test("lets go a hook that waits when the client goes; that is no error of the handler's", async () => {
    const peer = await openTo(Waiting);
    peer.send(frame(1, "awaited"));
    expect(await peer.hears(1)).toEqual(['text "waits"']);
    peer.client.socket?.abort();
    await peer.client.until(() => reasons.length > 0);
    expect(reasons).toEqual([new WebSocketClosedError()]);
    expect(records.filter(({ level }) => level === "error")).toEqual([]);
  });
});

test("before the handshake, the error says that the WebSocket is not open yet", async () => {
  const failures: unknown[] = [];
  class Early extends WebSocketHandler {
    override prepare(): void {
      try {
        this.ping();
      } catch (error) {
        failures.push(error);
      }
    }
    override onMessage(): void {}
  }
  await openTo(Early);
  expect(failures).toEqual([new WebSocketClosedError(undefined, undefined, "not open yet")]);
  expect(failures[0]).toBeInstanceOf(WebSocketError);
});
