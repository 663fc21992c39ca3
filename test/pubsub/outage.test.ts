/** A broker that is gone for ten seconds, with the clients' own ways to come back. */
import { connect } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { setSinks } from "../../src/log.ts";
import { NatsPubSub } from "../../src/pubsub/nats.ts";
import { RedisPubSub } from "../../src/pubsub/redis.ts";
import { PublishError, type PubSub } from "../../src/pubsub.ts";
import { nats, redis, type Service, systemProgram } from "../support/brokers.ts";
import { pass, until } from "../support/until.ts";

vi.setConfig({ testTimeout: 60_000 });

const OUTAGE = 10_000;

const brokers = [
  {
    name: "redis",
    program: systemProgram("redis-server"),
    startServer: redis,
    open: async (port: number): Promise<PubSub> =>
      new RedisPubSub(createClient({ socket: { host: "127.0.0.1", port } })),
  },
  {
    name: "nats",
    program: systemProgram("nats-server"),
    startServer: nats,
    open: async (port: number): Promise<PubSub> =>
      new NatsPubSub(await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 })),
  },
];

let earlier: ReturnType<typeof setSinks>;
beforeAll(() => {
  earlier = setSinks({ write: () => undefined });
});
afterAll(() => {
  setSinks(...earlier);
});

/** Publishes again and again until the promise settles; gives what became of each message. */
async function publishUntil(over: Promise<unknown>, broker: PubSub): Promise<unknown[]> {
  let isOver = false;
  over.finally(() => {
    isOver = true;
  });
  const fates: unknown[] = [];
  for (let count = 0; !isOver; count++) {
    fates.push(await broker.publish("news", `lost ${count}`).catch((error: unknown) => error));
    await pass(50);
  }
  return fates;
}

// At the same time, as each takes as long as it is about.
describe.concurrent("gone for ten seconds", () => {
  for (const { name, program, startServer, open } of brokers) {
    const why = program === undefined ? ` (no ${name}-server on this machine)` : "";

    test.skipIf(program === undefined)(`${name}${why}`, async () => {
      const server: Service = await startServer(program ?? "");
      const [here, there] = [await open(server.port), await open(server.port)];
      try {
        const heard: string[] = [];
        const hear = (message: string, channel: string): void => {
          heard.push(`${channel}: ${message}`);
        };
        await there.subscribe("news", hear);
        await there.subscribe("weather", hear);
        const left = await there.subscribe("gossip", hear);
        await here.publish("news", "before");
        await until(() => heard.length === 1);

        await server.stop();
        await until(() => !here.connected && !there.connected);
        const over = pass(OUTAGE);
        // Both are known to the broker once it is back.
        const asked = there.subscribe("sport", hear);
        const gone = left.unsubscribe();
        const fates = await publishUntil(over, here);
        expect(fates.length).toBeGreaterThan(1);
        expect(fates.filter((fate) => !(fate instanceof PublishError))).toEqual([]);

        await server.start();
        await until(() => here.connected && there.connected);
        await Promise.all([asked, gone]);
        for (const channel of ["gossip", "news", "weather", "sport"]) {
          await here.publish(channel, "after");
        }
        await until(() => heard.includes("sport: after"));
        expect(heard).toEqual(["news: before", "news: after", "weather: after", "sport: after"]);
      } finally {
        await Promise.all([here.close(), there.close()]);
        await server.stop();
      }
    });
  }
});
