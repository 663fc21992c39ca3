/** Handlers that wait for minutes, and clients that go meanwhile: on the runtime's own sockets. */
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { Condition, Event } from "../../src/locks.ts";
import { type Sink, setSinks } from "../../src/log.ts";
import { Application, type EventStream, RequestHandler } from "../../src/web.ts";
import { runtimeLoop } from "../support/runtime-loop.ts";
import { serve } from "../support/server.ts";
import { pass, until } from "../support/until.ts";

let news: Condition;
let ready: Event;
let preparing: number;
let gone: number;
let finished: number;
let reasons: unknown[];
let streams: EventStream[];
let sinks: readonly Sink[];

class Poll extends RequestHandler {
  async get(): Promise<void> {
    try {
      await news.wait({ signal: this.closeSignal });
    } catch (error) {
      reasons.push(error);
      throw error;
    }
    this.write("news");
  }

  override onConnectionClose(): void {
    gone++;
  }

  override onFinish(): void {
    finished++;
  }
}

/** Waits for something else first. */
class SlowPoll extends Poll {
  override async prepare(): Promise<void> {
    preparing++;
    await ready.wait();
  }
}

class Events extends RequestHandler {
  async get(): Promise<void> {
    const stream = this.sse();
    streams.push(stream);
    await stream.closed;
  }
}

const application = new Application([
  ["/", Poll],
  ["/slow", SlowPoll],
  ["/events", Events],
]);

beforeEach(() => {
  news = new Condition();
  ready = new Event();
  preparing = 0;
  gone = 0;
  finished = 0;
  reasons = [];
  streams = [];
  sinks = setSinks();
});

afterEach(() => {
  setSinks(...sinks);
});

describe("on real sockets", () => {
  let server: HTTPServer;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = new HTTPServer(application, { loop: runtimeLoop });
    await server.listen(0, "127.0.0.1");
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.stop();
    await until(() => server.connectionCount === 0);
  });

  /** A client that has asked, and what it gets. */
  function ask(path: string): { socket: Socket; received: () => string } {
    const socket = connect(server.addresses[0]?.port as number, "127.0.0.1");
    sockets.push(socket);
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("error", () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    return { socket, received: () => text };
  }

  test("many polls are woken at once, and their connections go on", async () => {
    const clients = Array.from({ length: 100 }, () => ask("/"));
    await until(() => news.waiting === 100);
    news.notifyAll();
    await until(() => clients.every(({ received }) => received().endsWith("\r\n\r\nnews")));
    for (const { socket } of clients) socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => news.waiting === 100);
    expect(finished).toBe(100);
    expect(gone).toBe(0);
  });

  test.each([
    { name: "closes", leave: (socket: Socket) => socket.end() },
    { name: "is killed", leave: (socket: Socket) => socket.destroy() },
    { name: "resets", leave: (socket: Socket) => socket.resetAndDestroy() },
  ])("a client that $name waits no longer, the others do", async ({ leave }) => {
    const [leaving, staying] = [ask("/"), ask("/")];
    await until(() => news.waiting === 2);
    leave(leaving.socket);
    await until(() => news.waiting === 1);
    expect(gone).toBe(1);
    expect(reasons).toMatchObject([{ name: "StreamClosedError" }]);
    await until(() => finished === 1);
    news.notifyAll();
    await until(() => staying.received().endsWith("news"));
    expect(gone).toBe(1);
  });

  test.each([
    { what: "an empty line", more: "\r\n" },
    { what: "another request", more: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
    { what: "a part of one", more: "GET / HT" },
  ])("a client that has sent $what as well, and goes, is noticed", async ({ more }) => {
    const { socket } = ask("/");
    await until(() => news.waiting === 1);
    socket.end(more);
    await until(() => gone === 1);
    await until(() => news.waiting === 0 || finished === 1);
    expect(reasons[0]).toMatchObject({ name: "StreamClosedError" });
  });

  test("a client that sends ahead without end is not read without end", async () => {
    const { socket, received } = ask("/");
    await until(() => news.waiting === 1);
    const more = Buffer.from("GET /none HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000));
    let written = 0;
    while (written < 400 && (socket.writableLength < 4 * more.length || written < 100)) {
      socket.write(more);
      written++;
    }
    await pass(50);
    expect(socket.writableLength).toBeGreaterThan(0);
    news.notifyAll();
    await until(() => received().includes("news") && received().includes("404"));
  });

  test("a client that goes before the handler asks for its signal is not waited for", async () => {
    const { socket } = ask("/slow");
    await until(() => preparing === 1);
    socket.destroy();
    await until(() => gone === 1);
    ready.set();
    await until(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ name: "StreamClosedError" }]);
    expect(news.waiting).toBe(0);
  });

  test("a stream of events arrives one by one, and ends with its client", async () => {
    const { socket, received } = ask("/events");
    await until(() => streams.length === 1);
    const [stream] = streams as [EventStream];
    for (const text of ["one", "two"]) {
      await stream.send({ data: text });
      await until(() => received().includes(`data: ${text}\n\n`));
    }
    socket.destroy();
    await stream.closed;
    await until(() => server.connectionCount === 0);
  });
});

describe("over minutes", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("a poll outlasts every timeout of the server", async () => {
    const { connect: open } = await serve(application);
    const client = await open();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (let minute = 0; minute < 30; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.received).toBe("");
    expect(client.closed).toBe(false);
    news.notifyAll();
    await until(() => client.received.endsWith("news"));
    client.socket?.abort();
  });
});
