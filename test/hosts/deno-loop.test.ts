/** How deno-epoll shares Deno's event loop: what else runs there has its turn, however busy it is. */
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { epollHost } from "../../host-deno/host.ts";
import type { Host, Listener, Socket, SocketHandler, Tcp } from "../../src/host.ts";
import { createTransferMemory } from "../support/transfer-memory.ts";
import { until } from "../support/until.ts";

const memory = createTransferMemory();
const tcp: Tcp = (epollHost as Host).openTcp(memory);

/** Hears what arrives, and closes when its peer does. */
function hearing(data: (socket: Socket) => void): (socket: Socket) => SocketHandler {
  return (socket) => ({
    data: () => data(socket),
    end: () => socket.close(),
    drain: () => {},
    close: () => {},
  });
}

const BALL = new Uint8Array(200);
let rounds = 0;
let playing = true;
let table: Listener;
let players: Socket[] = [];

/** Keeps 64 pairs of sockets sending to each other as fast as they can. */
beforeEach(async () => {
  playing = true;
  rounds = 0;
  const answer = (socket: Socket) => socket.write(BALL);
  table = await tcp.listen({ host: "127.0.0.1", port: 0 }, hearing(answer));
  const again = (socket: Socket) => {
    rounds++;
    if (playing) socket.write(BALL);
  };
  const join = () => tcp.connect(table.address, hearing(again));
  players = await Promise.all(Array.from({ length: 64 }, join));
  for (const player of players) player.write(BALL);
});
afterEach(() => {
  playing = false;
  table.close();
  for (const player of players) player.close();
});

/** Does something again and again, and checks that the loop was never idle meanwhile. */
async function whileBusy(times: number, act: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) {
    const before = rounds;
    await act();
    await until(() => rounds > before);
  }
}

test("timers run while sockets are busy", async () => {
  await whileBusy(100, () => setTimeout(1));
});

test("Deno's own sockets are served while those of epoll are busy", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = server.addr as { hostname: string; port: number };
  const [client, accepted] = await Promise.all([Deno.connect(address), server.accept()]);
  const buffer = new Uint8Array(16);
  await whileBusy(50, async () => {
    await client.write(Uint8Array.of(1));
    expect(await accepted.read(buffer)).toBe(1);
  });
  for (const each of [client, accepted, server]) each.close();
});

test("what a batch's handlers awaited goes on before the next batch", async () => {
  const order: string[] = [];
  const log = (event: string) => hearing(() => order.push(event));
  const second = await tcp.listen({ host: "127.0.0.1", port: 0 }, log("next batch"));
  const toSecond = await tcp.connect(second.address, log("none"));
  const think = hearing(async () => {
    toSecond.write(BALL);
    for (let i = 0; i < 20; i++) await undefined;
    order.push("thought");
  });
  const first = await tcp.listen({ host: "127.0.0.1", port: 0 }, think);
  const toFirst = await tcp.connect(first.address, log("none"));
  toFirst.write(BALL);
  await until(() => order.length === 2);
  expect(order).toEqual(["thought", "next batch"]);
  for (const each of [toFirst, toSecond, first, second]) each.close();
});
