/**
 * A broker whose machine has vanished: it refuses nothing and closes nothing, it only answers no
 * more. A server that is stopped for a while, and a cable that is cut.
 */
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { connect } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { setSinks } from "../../src/log.ts";
import { NatsPubSub } from "../../src/pubsub/nats.ts";
import { RedisPubSub } from "../../src/pubsub/redis.ts";
import { PublishError, type PubSub } from "../../src/pubsub.ts";
import { nats, redis, type Service, systemProgram } from "../support/brokers.ts";
import { until } from "../support/until.ts";

vi.setConfig({ testTimeout: 40_000 });

const TIMES = { publishTimeout: 0.3, subscribeTimeout: 0.3 };

interface Broker {
  readonly name: string;
  readonly program: string | undefined;
  startServer(program: string): Promise<Service>;
  /** With the options of the guide, and shorter times. */
  open(port: number): Promise<PubSub>;
  /** Without them: nothing is noticed for minutes. */
  openTrusting(port: number): Promise<PubSub>;
}

const brokers: readonly Broker[] = [
  {
    name: "redis",
    program: systemProgram("redis-server"),
    startServer: redis,
    open: async (port) => {
      const times = { socketTimeout: 500, reconnectStrategy: () => 50 };
      const socket = { host: "127.0.0.1", port, ...times };
      return new RedisPubSub(createClient({ pingInterval: 100, socket }), TIMES);
    },
    openTrusting: async (port) =>
      new RedisPubSub(createClient({ socket: { host: "127.0.0.1", port } }), TIMES),
  },
  {
    name: "nats",
    program: systemProgram("nats-server"),
    startServer: nats,
    open: async (port) => {
      const times = { pingInterval: 100, timeout: 300, reconnectTimeWait: 50, reconnectJitter: 0 };
      const options = { servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1, ...times };
      return new NatsPubSub(await connect(options), TIMES);
    },
    openTrusting: async (port) =>
      new NatsPubSub(await connect({ servers: `127.0.0.1:${port}` }), TIMES),
  },
];

/** Cables to a server. Those that are cut carry nothing more, and no end can tell. */
class Cables {
  readonly #server = createServer((near) => this.#lay(near));
  readonly #ends = new Set<Socket>();
  #port = 0;

  async start(port: number): Promise<number> {
    this.#port = port;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** New ones work. */
  cut(): void {
    for (const end of this.#ends) end.removeAllListeners("data").resume();
  }

  stop(): void {
    this.#server.close();
    for (const end of this.#ends) end.destroy();
  }

  #lay(near: Socket): void {
    const far = connectTo(this.#port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(from);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
    }
  }
}

function isPublished(broker: PubSub, text: string): Promise<boolean> {
  return broker.publish("news", text).then(
    () => true,
    () => false,
  );
}

let earlier: ReturnType<typeof setSinks>;
beforeAll(() => {
  earlier = setSinks({ write: () => undefined });
});
afterAll(() => {
  setSinks(...earlier);
});

for (const { name, program, startServer, open, openTrusting } of brokers) {
  const why = program === undefined ? ` (no ${name}-server on this machine)` : "";

  describe.skipIf(program === undefined)(`${name}${why}`, () => {
    let server: Service;
    let opened: PubSub[] = [];
    beforeAll(async () => {
      server = await startServer(program ?? "");
    });
    afterEach(async () => {
      server.thaw();
      await Promise.all(opened.map((broker) => broker.close()));
      opened = [];
    });
    afterAll(() => server.stop());

    async function pair(opens: (port: number) => Promise<PubSub>, port: number): Promise<PubSub[]> {
      opened = [await opens(port), await opens(port)];
      return opened;
    }

    test("who only subscribes notices, and hears again afterwards", async () => {
      const [here, there] = (await pair(open, server.port)) as [PubSub, PubSub];
      const heard: string[] = [];
      await there.subscribe("news", (message) => heard.push(message));
      await here.publish("news", "before");
      await until(() => heard.length === 1);
      server.freeze();
      await until(() => !there.connected && !here.connected);
      await expect(here.publish("news", "into the void")).rejects.toThrow(PublishError);
      server.thaw();
      await until(() => there.connected && here.connected);
      await here.publish("news", "after");
      await until(() => heard.length === 2);
      expect(heard).toEqual(["before", "after"]);
    });

    test("who goes on publishing gets a new connection, and so does who subscribes", async () => {
      const cables = new Cables();
      try {
        const [here, there] = (await pair(open, await cables.start(server.port))) as [
          PubSub,
          PubSub,
        ];
        const heard: string[] = [];
        await there.subscribe("news", (message) => heard.push(message));
        await here.publish("news", "before");
        cables.cut();
        expect(await isPublished(here, "into the void")).toBe(false);
        // Always some on the way, so that the connection is never silent.
        const gone = new Set<PubSub>();
        await until(() => {
          isPublished(here, "perhaps");
          for (const each of [here, there]) if (!each.connected) gone.add(each);
          return gone.size === 2;
        });
        await until(() => here.connected && there.connected);
        await here.publish("news", "after");
        await until(() => heard.includes("after"));
      } finally {
        await Promise.all(opened.map((broker) => broker.close()));
        cables.stop();
      }
    });

    test("a subscription that is not confirmed in time is none", async () => {
      const [here, there] = (await pair(openTrusting, server.port)) as [PubSub, PubSub];
      const heard: string[] = [];
      await there.subscribe("weather", (message) => heard.push(message));
      await here.publish("weather", "fine");
      await until(() => heard.length === 1);
      server.freeze();
      // The server may be stopped a moment later.
      await until(async () => !(await isPublished(here, "?")));
      const late = there.subscribe("news", (message) => heard.push(message));
      await expect(late).rejects.toThrow('Cannot subscribe to "news": no answer in 0.3 s');
      server.thaw();
      await there.subscribe("weather", () => undefined);
      await until(() => isPublished(here, "late"));
      await here.publish("weather", "rain");
      await until(() => heard.length === 2);
      expect(heard).toEqual(["fine", "rain"]);
    });
  });
}
