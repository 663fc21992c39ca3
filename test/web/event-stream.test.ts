import { setImmediate } from "node:timers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Sink, setSinks } from "../../src/log.ts";
import {
  Application,
  asynchronous,
  type EventStream,
  type EventStreamOptions,
  RequestHandler,
  type ServerSentEvent,
} from "../../src/web.ts";
import { type Client, serve, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let stream: EventStream;
let clients: Client[];
/** Methods that have not returned. */
let running = 0;
let heard: string[];
let messages: string[];
let sinks: readonly Sink[];
/** Ends the verb's method. */
let finish: () => void;

class Events extends RequestHandler {
  #options: EventStreamOptions = {};

  override initialize(options: EventStreamOptions): void {
    this.#options = options;
  }

  async get(): Promise<void> {
    stream = this.sse(this.#options);
    stream.closed.then(() => heard.push("closed"));
    running++;
    await new Promise<void>((resolve) => {
      finish = resolve;
      stream.closed.then(resolve);
    });
    running--;
    heard.push("method returns");
  }

  override onConnectionClose(): void {
    heard.push("onConnectionClose");
  }

  override onFinish(): void {
    heard.push("onFinish");
  }
}

beforeEach(() => {
  heard = [];
  clients = [];
  messages = [];
  sinks = setSinks({ write: ({ message }) => messages.push(message) });
});

afterEach(async () => {
  for (const client of clients) client.socket?.abort();
  await until(() => running === 0);
  setSinks(...sinks);
});

async function open(
  options: EventStreamOptions = {},
  request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
): Promise<{ client: Client; server: TestServer["server"] }> {
  const application = new Application([["/", Events, options]], { compressResponse: true });
  const { connect, server } = await serve(application);
  const client = await connect();
  clients.push(client);
  client.send(request);
  await client.until(() => client.received.includes("\r\n\r\n"));
  return { client, server };
}

/** The texts of the chunks that have come. */
function chunksOf(received: string): string[] {
  const body = received.slice(received.indexOf("\r\n\r\n") + 4);
  return Array.from(body.matchAll(/[0-9a-f]+\r\n([^\r]*)\r\n/gi), ([, text = ""]) => text);
}

/** Sends one event and gives it as it comes. */
async function sent(event: ServerSentEvent | string): Promise<string> {
  const { client } = await open();
  await stream.send(event);
  stream.close();
  await client.until(() => client.received.endsWith("0\r\n\r\n"));
  return chunksOf(client.received)[0] ?? "";
}

test("begins with a head that nobody may hold back or change", async () => {
  const { client } = await open({ retry: 500 });
  await client.until(() => chunksOf(client.received).length > 0);
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(client.received).toContain("\r\nContent-Type: text/event-stream\r\n");
  expect(client.received).toContain("\r\nCache-Control: no-cache, no-transform\r\n");
  expect(client.received).toContain("\r\nX-Accel-Buffering: no\r\n");
  expect(chunksOf(client.received)).toEqual(["retry: 500\n\n"]);
});

test("an event is not compressed, even for a client that would have it so", async () => {
  const { client } = await open({}, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  stream.send("hello");
  await client.until(() => client.received.includes("hello"));
  expect(client.received).not.toContain("Content-Encoding");
});

describe("an event is written line by line", () => {
  test.each<{ event: ServerSentEvent | string; text: string }>([
    { event: "hello", text: "data: hello\n\n" },
    { event: "", text: "data: \n\n" },
    { event: { data: { a: [1, "\n"] } }, text: 'data: {"a":[1,"\\n"]}\n\n' },
    { event: { data: "a\nb\r\nc\rd\n" }, text: "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n" },
    { event: { data: "a\n\nevent: evil" }, text: "data: a\ndata: \ndata: event: evil\n\n" },
    {
      event: { data: "x", event: "news", id: "7", retry: 100 },
      text: "event: news\nid: 7\nretry: 100\ndata: x\n\n",
    },
    { event: { id: "" }, text: "id: \n\n" },
  ])("$text", async ({ event, text }) => {
    expect(await sent(event)).toBe(text);
  });

  test("in UTF-8", async () => {
    expect(await sent("é")).toBe("data: Ã©\n\n");
  });

  test("and so is a comment", async () => {
    const { client } = await open();
    stream.comment("a\ndata: b");
    await client.until(() => chunksOf(client.received).length > 0);
    expect(chunksOf(client.received)).toEqual([": a\n: data: b\n\n"]);
  });
});

describe("what would make another event of it, or nothing, is refused", () => {
  test.each<ServerSentEvent>([
    { id: "1\ndata: evil" },
    { id: "1\r" },
    { id: "1\0" },
    { event: "a\nb" },
    { event: "a\rb" },
    { event: "\0" },
    { retry: -1 },
    { retry: 1.5 },
    { retry: Number.NaN },
    { data: Uint8Array.of(1) },
    { data: Promise.resolve("never awaited") },
    {},
    { message: "data itself" } as ServerSentEvent,
    5 as ServerSentEvent,
  ])("%j", async (event) => {
    const { client } = await open();
    expect(() => stream.send(event)).toThrow(TypeError);
    await stream.send("goes on");
    await client.until(() => client.received.includes("goes on"));
  });
});

test("tells what the client has, and reads it as UTF-8", async () => {
  await open({}, "GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: Ã©7\r\n\r\n");
  expect(stream.lastEventId).toBe("é7");
  await open();
  expect(stream.lastEventId).toBeUndefined();
});

describe("ends", () => {
  test("when the client goes", async () => {
    const { client } = await open();
    const { signal } = stream;
    client.socket?.abort();
    await stream.closed;
    await client.until(() => heard.includes("method returns"));
    expect(heard).toEqual(["onConnectionClose", "onFinish", "closed", "method returns"]);
    expect(signal.aborted).toBe(true);
    await expect(stream.send("late")).rejects.toMatchObject({ name: "StreamClosedError" });
    stream.send("late, and nobody waits for it");
    expect(stream.open).toBe(false);
  });

  test("when the client sends no more", async () => {
    const { client } = await open();
    client.socket?.shutdown();
    expect(await client.rest()).toMatch(/0\r\n\r\n$/);
    expect(heard).toContain("onConnectionClose");
  });

  test("when it is closed, and the connection can be used again", async () => {
    const { client } = await open();
    stream.close();
    stream.close();
    client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(() => client.received.includes("404 Not Found"));
    expect(heard).toEqual(["onFinish", "closed", "method returns"]);
  });

  test("when the method returns", async () => {
    const { client } = await open();
    finish();
    await stream.closed;
    await client.until(() => client.received.endsWith("0\r\n\r\n"));
  });

  test("when the server stops", async () => {
    const { client, server } = await open();
    const drained = server.drain();
    expect(await client.rest()).toMatch(/0\r\n\r\n$/);
    expect(await drained).toBe(0);
    expect(stream.open).toBe(false);
  });

  test("at once, if the client has gone before it begins", async () => {
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    class Late extends Events {
      override prepare(): Promise<void> {
        heard.push("waits");
        return waiting;
      }
    }
    const { connect } = await serve(new Application([["/", Late]]));
    const client = await connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(() => heard.includes("waits"));
    client.socket?.abort();
    await client.until(() => heard.includes("onConnectionClose"));
    goOn();
    await client.until(() => heard.includes("method returns"));
    expect(heard).toEqual(["waits", "onConnectionClose", "onFinish", "closed", "method returns"]);
  });

  test("before it begins, for HEAD", async () => {
    const { client } = await open({}, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.rest()).toMatch(/text\/event-stream[\s\S]*\r\n\r\n$/);
    expect(stream.open).toBe(false);
  });
});

test("stays open behind a method that does not finish", async () => {
  class Kept extends RequestHandler {
    static override guards = { get: asynchronous };
    get(): void {
      stream = this.sse();
    }
  }
  const { connect } = await serve(new Application([["/", Kept]]));
  const client = await connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(() => client.received.includes("\r\n\r\n"));
  await stream.send("later");
  await client.until(() => client.received.includes("data: later"));
  client.socket?.abort();
  await stream.closed;
});

test.each<EventStreamOptions>([
  { heartbeat: Number.NaN },
  { heartbeat: -1 },
  { maxBufferSize: Number.NaN },
])("%j can be held to by nobody", async (options) => {
  class Wrong extends RequestHandler {
    get(): void {
      expect(() => this.sse(options)).toThrow(RangeError);
      heard.push("refused");
    }
  }
  const { exchange } = await serve(new Application([["/", Wrong]]));
  await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect(heard).toEqual(["refused"]);
});

test("is refused once the headers are out", async () => {
  class Late extends RequestHandler {
    async get(): Promise<void> {
      await this.flush();
      expect(() => this.sse()).toThrow("Cannot begin an event stream: the headers have been sent");
      heard.push("refused");
    }
  }
  const { exchange } = await serve(new Application([["/", Late]]));
  await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect(heard).toEqual(["refused"]);
});

describe("a client that does not read", () => {
  test("holds back who waits for it", async () => {
    const { client } = await open();
    client.socket?.pause();
    const big = "x".repeat(700_000);
    let taken = 0;
    stream.send(big).then(() => taken++);
    const second = stream.send("small").then(() => taken++);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(taken).toBe(0);
    client.socket?.resume();
    await second;
    expect(taken).toBe(2);
  });

  test("is broken off when too much waits", async () => {
    const { client } = await open({ maxBufferSize: 1000 });
    client.socket?.pause();
    const big = "x".repeat(700_000);
    stream.send(big);
    await expect(stream.send("more")).rejects.toMatchObject({ name: "StreamClosedError" });
    await stream.closed;
    client.socket?.resume();
    await client.until(() => client.closed);
    expect(heard.slice(0, 2)).toEqual(["onFinish", "closed"]);
  });
});

describe("over minutes", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** Turns of the real loop, while the clock stands still. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  test.each([
    { heartbeat: undefined, minutes: 10, beats: 40 },
    { heartbeat: 60, minutes: 10, beats: 10 },
    { heartbeat: 0, minutes: 10, beats: 0 },
    { heartbeat: 30 * 24 * 3600, minutes: 0.05, beats: 0 },
  ])("heartbeat $heartbeat sends $beats", async ({ heartbeat, minutes, beats }) => {
    const application = new Application([
      ["/", Events, heartbeat === undefined ? {} : { heartbeat }],
    ]);
    const { connect } = await serve(application);
    const client = await connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await settle();
    for (let second = 0; second < minutes * 60; second += 5) {
      await vi.advanceTimersByTimeAsync(5000);
      await settle();
    }
    expect(chunksOf(client.received)).toEqual(Array(beats).fill(":\n\n"));
    expect(stream.open).toBe(true);
    client.socket?.abort();
    await settle();
    expect(stream.open).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
