/** What is done to a broker before it is connected, while it is gone, in its close, and against its rules. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { setSinks } from "../../src/log.ts";
import { type NatsConnection, NatsPubSub } from "../../src/pubsub/nats.ts";
import { type RedisClient, type RedisClientOptions, RedisPubSub } from "../../src/pubsub/redis.ts";
import { PublishError, type PubSub } from "../../src/pubsub.ts";
import { freePort, nats, redis, Service, systemProgram } from "../support/brokers.ts";
import { pass, until } from "../support/until.ts";

vi.setConfig({ testTimeout: 40_000 });

const redisServer = systemProgram("redis-server");
const natsServer = systemProgram("nats-server");

let logged: string[] = [];
let earlier: ReturnType<typeof setSinks>;
let services: Service[] = [];
let opened: PubSub[] = [];
beforeAll(() => {
  earlier = setSinks({ write: ({ message }) => logged.push(message) });
});
afterEach(async () => {
  await Promise.all(opened.map((broker) => broker.close()));
  await Promise.all(services.map((service) => service.stop()));
  [opened, services, logged] = [[], [], []];
});
afterAll(() => {
  setSinks(...earlier);
});

function running(service: Service): Service {
  services.push(service);
  return service;
}

function ours<Broker extends PubSub>(broker: Broker): Broker {
  opened.push(broker);
  return broker;
}

function redisOn(port: number): RedisPubSub {
  const reconnectStrategy = (): number => 50;
  return ours(
    new RedisPubSub(createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy } })),
  );
}

async function natsOn(port: number, user: object = {}): Promise<NatsPubSub> {
  const options = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 0, ...user };
  return ours(new NatsPubSub(await connect({ servers: `127.0.0.1:${port}`, ...options })));
}

const noRedis = redisServer === undefined ? " (no redis-server on this machine)" : "";
const noNats = natsServer === undefined ? " (no nats-server on this machine)" : "";

describe.skipIf(noRedis !== "")(`redis${noRedis}`, () => {
  test("all that is published while it connects waits for that", async () => {
    const { port } = running(await redis(redisServer ?? ""));
    const [here, there] = [redisOn(port), redisOn(port)];
    const heard: string[] = [];
    await there.subscribe("news", (message) => heard.push(message));
    await Promise.all(["1", "2", "3"].map((message) => here.publish("news", message)));
    await until(() => heard.length === 3);
    expect(heard).toEqual(["1", "2", "3"]);
  });

  test("closed while it connects, it leaves no connection behind", async () => {
    const { port } = running(await redis(redisServer ?? ""));
    const watcher = createClient({ socket: { host: "127.0.0.1", port } });
    await watcher.connect();
    try {
      const broker = redisOn(port);
      const connecting = broker.connect().catch(() => undefined);
      await broker.close();
      await connecting;
      expect(broker.connected).toBe(false);
      await expect(broker.connect()).rejects.toThrow("it is closed");
      const clients = async (): Promise<number> =>
        String(await watcher.sendCommand(["CLIENT", "LIST"]))
          .trim()
          .split("\n").length;
      await until(async () => (await clients()) === 1);
    } finally {
      watcher.destroy();
    }
  });

  test("a client that is open already is closed with its broker", async () => {
    const { port } = running(await redis(redisServer ?? ""));
    const client = createClient({ socket: { host: "127.0.0.1", port } });
    await client.connect();
    const broker = ours(new RedisPubSub(client));
    await broker.publish("news", "1");
    await broker.close();
    expect(client.isOpen).toBe(false);
  });
});

test.each([
  { name: "left out", given: {}, interval: 10_000, timeout: 30_000, pause: 2000 },
  {
    name: "said",
    given: { pingInterval: 5, socket: { socketTimeout: 6, reconnectStrategy: () => 7 } },
    interval: 5,
    timeout: 6,
    pause: 7,
  },
])("a Redis client watches its connection as it is told: $name", (row) => {
  const client = createClient(row.given);
  const made: RedisClientOptions[] = [];
  const nothing = async (): Promise<void> => undefined;
  const watched: RedisClient = {
    options: client.options,
    isOpen: false,
    isReady: false,
    on: () => undefined,
    duplicate: (overrides = {}) => {
      made.push(overrides);
      return watched;
    },
    connect: nothing,
    publish: nothing,
    subscribe: nothing,
    unsubscribe: nothing,
    destroy: () => undefined,
  };
  new RedisPubSub(watched);
  expect(made.length).toBe(2);
  for (const { pingInterval, socket } of made) {
    const { socketTimeout, reconnectStrategy } = socket as {
      socketTimeout: number;
      reconnectStrategy(tries: number): number;
    };
    expect([pingInterval, socketTimeout]).toEqual([row.interval, row.timeout]);
    expect(reconnectStrategy(1000)).toBe(row.pause);
  }
});

test.each([-1, Number.NaN, "5"])("no broker holds to a timeout of %j", (seconds) => {
  for (const name of ["publishTimeout", "subscribeTimeout"]) {
    const refused = new RangeError(`Cannot set ${name}: ${seconds} is not a number from 0 up`);
    const options = { [name]: seconds as number };
    expect(() => new RedisPubSub(createClient(), options)).toThrow(refused);
    expect(() => new NatsPubSub({} as NatsConnection, options)).toThrow(refused);
  }
});

test("a timeout of 0 is none", async () => {
  let answer = (): void => undefined;
  const connection: NatsConnection = {
    publish: () => undefined,
    subscribe: () => ({ unsubscribe: () => undefined }),
    flush: () => new Promise((resolve) => (answer = resolve)),
    status: async function* () {},
    closed: () => new Promise(() => undefined),
    close: async () => undefined,
    isClosed: () => false,
  };
  const broker = new NatsPubSub(connection, { publishTimeout: 0, subscribeTimeout: 0 });
  const done = Promise.all([broker.publish("a", "1"), broker.subscribe("a", () => undefined)]);
  done.catch(() => undefined);
  await pass(20);
  answer();
  expect((await done)[1].channel).toBe("a");
});

describe.skipIf(noNats !== "")(`nats${noNats}`, () => {
  test("who subscribes when it was given up hears so", async () => {
    const { port } = running(await nats(natsServer ?? ""));
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    const broker = ours(new NatsPubSub(connection));
    await connection.close();
    const told = 'Cannot subscribe to "news": the connection to NATS was given up';
    await expect(broker.subscribe("news", () => undefined)).rejects.toThrow(told);
  });

  test("who subscribes while it is gone waits until it knows", async () => {
    const server = running(await nats(natsServer ?? ""));
    const [here, there] = [await natsOn(server.port), await natsOn(server.port)];
    await server.stop();
    await until(() => !here.connected && !there.connected);
    const heard: string[] = [];
    let isKnown = false;
    const asked = there
      .subscribe("news", (message) => heard.push(message))
      .finally(() => {
        isKnown = true;
      });
    await pass(100);
    expect(isKnown).toBe(false);
    await server.start();
    await asked;
    await until(() => here.connected);
    await here.publish("news", "1");
    await until(() => heard.length === 1);
  });

  test("who waits for it to come back hears that it is closed", async () => {
    const server = running(await nats(natsServer ?? ""));
    const broker = await natsOn(server.port);
    await server.stop();
    await until(() => !broker.connected);
    const asked = broker.subscribe("news", () => undefined).catch((error: Error) => error.message);
    await broker.close();
    expect(await asked).toBe('Cannot subscribe to "news": it is closed');
  });

  test("what it refuses is an error, and told in the log", async () => {
    const port = await freePort();
    const file = join(mkdtempSync(join(tmpdir(), "squall-nats-")), "nats.conf");
    const permissions = "{ publish: { deny: secret }, subscribe: { deny: secret } }";
    const users = `{ user: ada, password: lovelace, permissions: ${permissions} }`;
    writeFileSync(file, `listen: "127.0.0.1:${port}"\nauthorization: { users: [${users}] }\n`);
    const service = running(new Service(port, [natsServer ?? "", "-c", file]));
    await service.start();
    const broker = await natsOn(port, { user: "ada", pass: "lovelace" });
    await expect(broker.subscribe("secret", () => undefined)).rejects.toThrow(
      /^Cannot subscribe to "secret": .*Permissions Violation/i,
    );
    await until(() => logged.some((line) => /^NATS: .*Permissions Violation/i.test(line)));
    await broker.subscribe("news", () => undefined);
    await broker.publish("news", "1");
    // All at once: each hears what became of its own.
    const channels = ["news", "secret", "news", "secret"];
    const fates = await Promise.allSettled(channels.map((channel) => broker.publish(channel, "2")));
    expect(fates.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
    ]);
    await expect(broker.publish("secret", "3")).rejects.toThrow(PublishError);
  });
});
