/** Turns, kept connections and timeouts, against a scripted server on the fake host. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DeadlineTimer } from "../../src/httpclient/deadline-timer.ts";
import {
  AsyncHTTPClient,
  HTTPClient,
  HTTPClientError,
  HTTPTimeoutError,
} from "../../src/httpclient.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { createFakeHost } from "../support/fake-host.ts";
import { always, type Peer, scripted } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const hello = always((peer) => peer.answer("200 OK", {}, "hello"));

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable(),
    (error) => error,
  );
}

describe("kept connections", () => {
  test("one serves fetches one after the other", async () => {
    const { client, url, peers } = await scripted(hello);
    for (let count = 0; count < 5; count++) await client.fetch(url);
    expect(peers).toHaveLength(1);
    expect(client.idleConnections).toBe(1);
    client.close();
    expect(client.idleConnections).toBe(0);
    await peers[0]?.until(() => peers[0]?.ended === true);
  });

  test("are for one origin", async () => {
    const { client, url, peers } = await scripted(hello);
    await client.fetch(url);
    await client.fetch(url.replace("127.0.0.1", "localhost"));
    await client.fetch(url);
    expect(peers).toHaveLength(2);
    client.close();
  });

  test("the longest idle makes room for a newer one", async () => {
    const { client, url, peers } = await scripted(hello, { maxIdleConnections: 2 });
    await Promise.all([client.fetch(url), client.fetch(url), client.fetch(url)]);
    expect(client.idleConnections).toBe(2);
    await peers[0]?.until(() => peers[0]?.ended === true);
    expect(peers.map(({ ended }) => ended)).toEqual([true, false, false]);
    client.close();
  });

  test("are closed when they have been idle for long", async () => {
    const { client, url, peers } = await scripted(hello, { idleConnectionTimeout: 0.02 });
    await client.fetch(url);
    await peers[0]?.until(() => peers[0]?.ended === true);
    expect(client.idleConnections).toBe(0);
    await client.fetch(url);
    expect(peers).toHaveLength(2);
    client.close();
  });

  test("are none with a timeout of 0", async () => {
    const { client, url, peers } = await scripted(hello, { idleConnectionTimeout: 0 });
    await client.fetch(url);
    await client.fetch(url);
    expect(peers).toHaveLength(2);
  });

  test("are forgotten when the server closes them", async () => {
    const { client, url, peers } = await scripted(hello);
    await client.fetch(url);
    peers[0]?.socket?.close();
    await until(() => client.idleConnections === 0);
    await client.fetch(url);
    expect(peers).toHaveLength(2);
    client.close();
  });
});

describe("a kept connection that turns out to be closed", () => {
  /** Answers the first request, and closes over the second. */
  const stale = async (peer: Peer, number: number): Promise<void> => {
    await peer.head();
    peer.answer("200 OK", {}, String(number));
    await peer.head();
    peer.socket?.abort();
  };

  test.each(["GET", "HEAD", "DELETE", "OPTIONS", "PUT"])("%s is sent again", async (method) => {
    const { client, url, peers } = await scripted(stale);
    await client.fetch(url);
    await client.fetch(url, method === "PUT" ? { method, body: "a" } : { method });
    expect(peers).toHaveLength(2);
    client.close();
  });

  test("POST is not", async () => {
    const { client, url, peers } = await scripted(stale);
    await client.fetch(url);
    const error = await failure(client.fetch(url, { method: "POST", body: "a" }));
    expect(error).toMatchObject({ code: 599, name: "HTTPStreamClosedError" });
    expect(peers).toHaveLength(1);
  });

  test("a streamed body is not", async () => {
    const { client, url, peers } = await scripted(stale);
    await client.fetch(url);
    const bodyProducer = (write: (chunk: string) => Promise<void>) => write("a");
    const error = await failure(client.fetch(url, { method: "PUT", bodyProducer }));
    expect(error).toMatchObject({ code: 599, name: "HTTPStreamClosedError" });
    expect(peers).toHaveLength(1);
  });

  test("an answer that has begun is not asked for again", async () => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.answer("200 OK");
      await peer.head();
      peer.send("HTTP/1.1 2");
      peer.socket?.shutdown();
    });
    await client.fetch(url);
    expect(await failure(client.fetch(url))).toBeInstanceOf(HTTPClientError);
    expect(peers).toHaveLength(1);
  });

  test("once", async () => {
    const { client, url, peers } = await scripted(async (peer, number) => {
      await peer.head();
      if (number > 1) {
        peer.socket?.abort();
        return;
      }
      peer.answer("200 OK");
      await peer.head();
      peer.socket?.abort();
    });
    await client.fetch(url);
    expect(await failure(client.fetch(url))).toMatchObject({ code: 599 });
    expect(peers).toHaveLength(2);
  });
});

describe("turns", () => {
  test("as many at once as maxClients, the others in order", async () => {
    let open = 0;
    let most = 0;
    const order: string[] = [];
    const { client, url, peers } = await scripted(
      always(async (peer, head) => {
        open++;
        most = Math.max(most, open);
        order.push(head.split(" ")[1] ?? "");
        await setTimeout(1);
        open--;
        peer.answer("200 OK");
      }),
      { maxClients: 3 },
    );
    const paths = Array.from({ length: 20 }, (_, number) => `/${number}`);
    await Promise.all(paths.map((path) => client.fetch(url + path)));
    expect(most).toBe(3);
    expect(peers).toHaveLength(3);
    expect(order).toEqual(paths);
    client.close();
  });

  test("time in the queue counts for the timeouts", async () => {
    const { client, url } = await scripted(() => undefined, { maxClients: 1 });
    const first = failure(client.fetch(url));
    const error = await failure(client.fetch(url, { connectTimeout: 0.02 }));
    expect(error).toBeInstanceOf(HTTPTimeoutError);
    expect(error).toMatchObject({ message: "HTTP 599: Timeout in the request queue" });
    client.close();
    expect(await first).toMatchObject({ message: "HTTP 599: The client is closed" });
  });

  test("one that is too late is not begun", async () => {
    const { client, url, peers } = await scripted(() => undefined, { maxClients: 1 });
    const options = { method: "POST", body: "", connectTimeout: 0.1, requestTimeout: 0.1 };
    const fetches = [1, 2, 3].map(() => failure(client.fetch(url, options)));
    await until(() => peers.length === 1);
    // The time of all of them is over before any of their timers can tell.
    const end = performance.now() + 150;
    while (performance.now() < end);
    const errors = await Promise.all(fetches);
    const queued = { message: "HTTP 599: Timeout in the request queue" };
    expect(errors).toMatchObject([
      { message: "HTTP 599: Timeout during the request" },
      queued,
      queued,
    ]);
    expect(peers).toHaveLength(1);
    client.close();
  });

  test("one that gives up just as its connection comes leaves none open", async () => {
    const loop = new IOLoop(createFakeHost());
    const { client, url, peers } = await scripted(() => undefined, { maxClients: 1 }, loop);
    const connect = loop.tcp.connect.bind(loop.tcp);
    for (let wait = 0; wait < 12; wait++) {
      const stop = new AbortController();
      loop.tcp.connect = async (options, connected) => {
        const socket = await connect(options, connected);
        let left = wait;
        const next = (): void => {
          if (left-- === 0) stop.abort(new Error("not any more"));
          else queueMicrotask(next);
        };
        next();
        return socket;
      };
      const fetching = client.fetch(url, { signal: stop.signal });
      await expect(fetching).rejects.toThrow("not any more");
    }
    await until(() => peers.every(({ closed, ended }) => closed || ended));
    client.close();
  });

  test("one that has given up is passed over", async () => {
    const { client, url } = await scripted(hello, { maxClients: 1 });
    const stop = new AbortController();
    const first = client.fetch(url);
    const second = failure(client.fetch(url, { signal: stop.signal }));
    const third = client.fetch(url);
    stop.abort(new Error("not any more"));
    expect(await second).toMatchObject({ message: "not any more" });
    await first;
    expect((await third).timeInfo.queue).toBeGreaterThan(0);
    client.close();
  });
});

describe("timeouts", () => {
  test("while connecting", async () => {
    const loop = new IOLoop(createFakeHost());
    loop.tcp.connect = () => new Promise(() => undefined);
    const client = new AsyncHTTPClient({ forceInstance: true, loop });
    const error = await failure(client.fetch("http://a/", { connectTimeout: 0.02 }));
    expect(error).toMatchObject({ message: "HTTP 599: Timeout while connecting" });
  });

  test("while connecting after a redirect", async () => {
    const { client, loop, url } = await scripted(async (peer) => {
      await peer.head();
      loop.tcp.connect = () => new Promise(() => undefined);
      peer.answer("302 X", { Location: "http://a/" });
    });
    const promise = client.fetch(url, { connectTimeout: 0.05, requestTimeout: 0 });
    expect(await failure(promise)).toMatchObject({ message: "HTTP 599: Timeout while connecting" });
    client.close();
  });

  test.each([
    { name: "without an answer", wire: "" },
    { name: "within a head", wire: "HTTP/1.1 200 OK\r\nA: " },
    { name: "within a body", wire: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe" },
  ])("$name", async ({ wire }) => {
    const { client, url, peers } = await scripted(async (peer) => {
      await peer.head();
      peer.send(wire);
    });
    const error = await failure(client.fetch(url, { requestTimeout: 0.02 }));
    expect(error).toMatchObject({ message: "HTTP 599: Timeout during the request" });
    await peers[0]?.until(() => peers[0]?.closed === true);
  });

  test("longer than timers can be are not over at once", async () => {
    let passed = 0;
    const timer = new DeadlineTimer(() => passed++);
    timer.hold(true);
    timer.watch(performance.now() + 1e12);
    for (let turns = 0; turns < 5; turns++) await setTimeout(2);
    timer.stop();
    expect(passed).toBe(0);
  });

  test("longer ones do not move shorter ones", async () => {
    const { client, url } = await scripted(() => undefined);
    const others = [failure(client.fetch(url, { requestTimeout: 300 }))];
    const short = failure(client.fetch(url, { requestTimeout: 0.05 }));
    others.push(failure(client.fetch(url, { requestTimeout: 600 })));
    const shorter = failure(client.fetch(url, { requestTimeout: 0.01 }));
    for (const one of [shorter, short]) expect(await one).toBeInstanceOf(HTTPTimeoutError);
    client.close();
    for (const one of others) {
      expect(await one).toMatchObject({ message: "HTTP 599: The client is closed" });
    }
  });
});

describe("instances", () => {
  test("one for each loop", () => {
    const loop = new IOLoop(createFakeHost());
    const client = new AsyncHTTPClient({ loop });
    expect(new AsyncHTTPClient({ loop })).toBe(client);
    expect(new AsyncHTTPClient({ loop: new IOLoop(createFakeHost()) })).not.toBe(client);
    expect(new AsyncHTTPClient({ loop, forceInstance: true })).not.toBe(client);
    expect(new HTTPClient({ loop })).not.toBe(client);
    expect(() => new AsyncHTTPClient({ loop, maxClients: 5 })).toThrow("Cannot set maxClients");
    client.close();
    expect(new AsyncHTTPClient({ loop })).not.toBe(client);
  });

  test("a closed one fetches nothing", async () => {
    const client = new HTTPClient({ loop: new IOLoop(createFakeHost()) });
    client.close();
    client.close();
    expect(await failure(client.fetch("http://a/"))).toMatchObject({
      message: "Cannot fetch: the client is closed",
    });
  });

  test("configure sets what later ones have", async () => {
    const { loop, url } = await scripted(always((peer, head) => peer.answer("200 OK", {}, head)));
    AsyncHTTPClient.configure({ defaults: { userAgent: "spider", headers: { "X-A": "1" } } });
    try {
      const client = new AsyncHTTPClient({ loop, defaults: { headers: { "X-B": "2" } } });
      const { body } = await client.fetch(url);
      const head = String.fromCharCode(...body);
      expect(head).toContain("User-Agent: spider");
      expect(head).toContain("X-B: 2");
      expect(head).not.toContain("X-A");
      client.close();
    } finally {
      AsyncHTTPClient.configure({});
    }
  });

  test.each([{ maxClients: 0 }, { maxIdleConnections: -1 }, { maxBodySize: Number.NaN }])(
    "%o is refused",
    (options) => {
      expect(() => new HTTPClient(options)).toThrow(RangeError);
    },
  );
});
