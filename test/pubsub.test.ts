/** Brokers of messages: in the process, and Redis and NATS as real servers that go and come back. */
import { connect } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { setSinks } from "../src/log.ts";
import { NatsPubSub } from "../src/pubsub/nats.ts";
import { RedisPubSub } from "../src/pubsub/redis.ts";
import { checkChannel, LocalPubSub, PublishError, type PubSub } from "../src/pubsub.ts";
import { nats, redis, type Service, systemProgram } from "./support/brokers.ts";
import { until } from "./support/until.ts";

vi.setConfig({ testTimeout: 40_000 });

const redisProgram = systemProgram("redis-server");

interface Broker {
  readonly name: string;
  /** Where its server is; undefined for none. */
  readonly program?: string | undefined;
  startServer?(program: string): Promise<Service>;
  open(port: number, options?: { readonly publishTimeout: number }): Promise<PubSub>;
}

const brokers: readonly Broker[] = [
  { name: "local", open: async () => new LocalPubSub() },
  {
    name: "redis",
    program: redisProgram,
    startServer: redis,
    open: async (port, pubSubOptions) => {
      const reconnectStrategy = (): number => 50;
      return new RedisPubSub(
        createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy } }),
        pubSubOptions,
      );
    },
  },
  {
    name: "nats",
    program: systemProgram("nats-server"),
    startServer: nats,
    open: async (port, pubSubOptions) => {
      const options = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 0 };
      const connection = await connect({ servers: `127.0.0.1:${port}`, ...options });
      return new NatsPubSub(connection, pubSubOptions);
    },
  },
];

let logged: string[];
let earlier: ReturnType<typeof setSinks>;
beforeAll(() => {
  earlier = setSinks({ write: ({ message }) => logged.push(message) });
});
afterAll(() => {
  setSinks(...earlier);
});

for (const { name, program, startServer, open } of brokers) {
  const isMissing = startServer !== undefined && program === undefined;
  const why = isMissing ? ` (no ${name}-server on this machine)` : "";

  describe.skipIf(isMissing)(`${name}${why}`, () => {
    let service: Service | undefined;
    let opened: PubSub[] = [];

    beforeAll(async () => {
      service = await startServer?.(program ?? "");
    });
    afterEach(async () => {
      await Promise.all(opened.map((broker) => broker.close()));
      opened = [];
    });
    afterAll(() => service?.stop());

    async function broker(options?: { readonly publishTimeout: number }): Promise<PubSub> {
      logged = [];
      const made = await open(service?.port ?? 0, options);
      opened.push(made);
      return made;
    }

    /** Two ends: of two processes, as far as the broker can tell, or both in this one. */
    async function pair(): Promise<[PubSub, PubSub]> {
      const first = await broker();
      return [first, service === undefined ? first : await broker()];
    }

    test("a message reaches every subscription of its channel, in order, and no other", async () => {
      const [here, there] = await pair();
      const heard: string[] = [];
      const hear =
        (who: string) =>
        (message: string, channel: string): void => {
          heard.push(`${who} ${channel} ${message}`);
        };
      await here.subscribe("chat.one", hear("a"));
      await there.subscribe("chat.one", hear("b"));
      await there.subscribe("chat.two", hear("c"));
      for (const message of ["1", "2", "äöü €"]) await here.publish("chat.one", message);
      await until(() => heard.length === 6);
      for (const who of ["a", "b"]) {
        const own = heard.filter((line) => line.startsWith(who));
        expect(own).toEqual(["1", "2", "äöü €"].map((message) => `${who} chat.one ${message}`));
      }
    });

    test("who has unsubscribed hears nothing more, others go on", async () => {
      const [here, there] = await pair();
      const heard: string[] = [];
      const callback = (message: string): void => {
        heard.push(message);
      };
      const first = await there.subscribe("news", callback);
      await there.subscribe("news", callback);
      await here.publish("news", "twice");
      await until(() => heard.length === 2);
      await first.unsubscribe();
      await first.unsubscribe();
      await here.publish("news", "once");
      await here.publish("news", "last");
      await until(() => heard.includes("last"));
      expect(heard).toEqual(["twice", "twice", "once", "last"]);
    });

    test("who unsubscribes once more takes no other subscription along", async () => {
      const [here, there] = await pair();
      const heard: string[] = [];
      const first = await there.subscribe("news", () => undefined);
      await first.unsubscribe();
      await there.subscribe("news", (message) => heard.push(message));
      await first.unsubscribe();
      await here.publish("news", "1");
      await until(() => heard.length === 1);
    });

    test("what a callback throws is logged, and the next one hears the message", async () => {
      const [here, there] = await pair();
      const heard: string[] = [];
      await there.subscribe("news", () => {
        throw new Error("deaf");
      });
      await there.subscribe("news", async (message) => {
        heard.push(message);
        throw new Error("deaf later");
      });
      await here.publish("news", "all the same");
      await until(() => heard.length === 1 && logged.length === 2);
      for (const line of logged)
        expect(line).toBe('Uncaught exception in a subscription of "news"');
    });

    test("what is no message, channel or callback is refused", async () => {
      const here = await broker();
      for (const message of [Uint8Array.of(1), { a: 1 }, 5, null, undefined]) {
        await expect(here.publish("news", message as unknown as string)).rejects.toThrow(TypeError);
      }
      const none = undefined as unknown as string & (() => void);
      await expect(here.publish(none, "text")).rejects.toThrow(TypeError);
      await expect(here.subscribe("news", none)).rejects.toThrow(TypeError);
    });

    test("the longest channel is one; a longer one is refused, and costs no connection", async () => {
      const [here, there] = await pair();
      const heard: string[] = [];
      const longest = "€".repeat(1024);
      await here.subscribe(longest, (message) => heard.push(message));
      await there.publish(longest, "1");
      const refused =
        'Cannot use "xxxxxxxxxxxxxxxxxxxx"... as a channel: 5000 characters, more than 1024';
      await expect(there.publish("x".repeat(5000), "2")).rejects.toThrow(new TypeError(refused));
      await there.publish(longest, "3");
      await until(() => heard.length === 2);
      expect(heard).toEqual(["1", "3"]);
    });

    test("nothing can be done once it is closed", async () => {
      const [, there] = await pair();
      await there.subscribe("news", () => undefined);
      await there.close();
      await there.close();
      expect(there.connected).toBe(false);
      await expect(there.publish("news", "late")).rejects.toThrow(PublishError);
      await expect(there.subscribe("news", () => undefined)).rejects.toThrow("it is closed");
    });

    if (startServer === undefined) return;

    test("while the server is gone, publishing fails; subscriptions come back", async () => {
      const [here, there] = await pair();
      const third = await broker();
      const heard: string[] = [];
      await there.subscribe("news", (message) => heard.push(message));
      await third.subscribe("news", () => undefined);
      await here.publish("news", "before");
      await until(() => heard.length === 1);
      const server = service as Service;
      await server.stop();
      // Also the message that is sent before the client has noticed.
      await expect(here.publish("news", "into the void")).rejects.toThrow(PublishError);
      await until(() => ![here, there, third].some(({ connected }) => connected));
      // Who waits for the server hears when it is closed instead.
      const late = third.subscribe("late", () => undefined).catch(() => undefined);
      await third.close();
      await late;
      const failure = await here.publish("news", "still gone").catch((error) => error);
      expect(failure).toBeInstanceOf(PublishError);
      expect(failure.message).toMatch(/^Cannot publish to "news": \w+ cannot be reached$/);
      await server.start();
      await until(() => here.connected && there.connected);
      await here.publish("news", "after");
      await until(() => heard.includes("after"));
      expect(heard.filter((message) => message !== "into the void")).toEqual(["before", "after"]);
      const told = logged.filter((line) => line.includes("cannot be reached"));
      expect(told.length).toBe(3);
      expect(logged.join()).toContain("can be reached again");
    });

    test("a server that answers no more: publishing fails in time", async () => {
      const here = await broker({ publishTimeout: 0.5 });
      const publishes = (): Promise<boolean> =>
        here.publish("news", "?").then(
          () => true,
          () => false,
        );
      await until(publishes);
      const server = service as Service;
      server.freeze();
      try {
        const publish = (): Promise<unknown> => here.publish("news", "?").catch((error) => error);
        let failure: unknown;
        // The server may be stopped a moment later.
        await until(async () => {
          failure = await publish();
          return failure !== undefined;
        });
        expect(failure).toBeInstanceOf(PublishError);
        expect(String(failure)).toContain('Cannot publish to "news": no answer in 0.5 s');
      } finally {
        server.thaw();
      }
      await until(publishes);
    });
  });
}

test.each(["", "two words", "news.*", "news.>", "line\nbreak", ".news", "a..b", "news."])(
  "%j is no channel",
  (name) => {
    expect(() => checkChannel(name)).toThrow(TypeError);
  },
);

describe.skipIf(redisProgram === undefined)(
  `a Redis client that gives up${redisProgram === undefined ? " (no redis-server on this machine)" : ""}`,
  () => {
    let server: Service;
    let broker: RedisPubSub;
    const heard: string[] = [];
    const hear = (message: string, channel: string): void => {
      heard.push(`${channel}: ${message}`);
    };

    beforeAll(async () => {
      logged = [];
      server = await redis(redisProgram ?? "");
      const socket = { host: "127.0.0.1", port: server.port, reconnectStrategy: false } as const;
      broker = new RedisPubSub(createClient({ socket }));
    });

    afterAll(async () => {
      await broker.close();
      await server.stop();
    });

    test("says so in the log; nothing waits for ever, and who calls next connects", async () => {
      await broker.subscribe("news", hear);
      const gossip = await broker.subscribe("gossip", hear);
      await server.stop();
      const givenUp = (line: string): boolean => line.startsWith("Redis connection given up");
      await until(() => logged.filter(givenUp).length === 2);
      await expect(broker.publish("news", "1")).rejects.toThrow(PublishError);
      await expect(broker.subscribe("sport", hear)).rejects.toThrow("ECONNREFUSED");
      await gossip.unsubscribe();

      await server.start();
      await broker.subscribe("sport", hear);
      for (const channel of ["gossip", "news", "sport"]) await broker.publish(channel, "2");
      await until(() => heard.length === 2);
      expect(heard).toEqual(["news: 2", "sport: 2"]);
    });
  },
);

test("a Redis that was never there: publishing fails in time, subscribing waits", async () => {
  logged = [];
  const client = createClient({ socket: { host: "127.0.0.1", port: 1 } });
  const broker = new RedisPubSub(client, { publishTimeout: 0.2 });
  await expect(broker.publish("news", "1")).rejects.toThrow(/no answer in 0.2 s/);
  await expect(broker.publish("news", "2")).rejects.toThrow("Redis cannot be reached");
  expect(broker.connected).toBe(false);
  await broker.close();
});
