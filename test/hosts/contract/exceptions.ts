/** The contract's test of owners that fail: what a handler throws is the process's to hear. */
import { expect, test } from "vitest";
import type { SocketHandler } from "../../../src/host.ts";
import { until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { noise } from "./flow.ts";
import type { Probe } from "./probe.ts";

/** Runs with the test runner's own listeners out of the way, which would fail the test. */
async function catchUncaught(run: (caught: string[]) => Promise<void>): Promise<void> {
  const listeners = process.rawListeners("uncaughtException") as NodeJS.UncaughtExceptionListener[];
  const caught: string[] = [];
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => caught.push(error.message));
  try {
    await run(caught);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
}

/** Gives a socket an owner that throws whatever it hears. */
function sabotage(probe: Probe): void {
  const fail = (event: string) => () => {
    throw new Error(event);
  };
  const handler: SocketHandler = {
    data: fail("data"),
    end: fail("end"),
    drain: fail("drain"),
    close: fail("close"),
  };
  probe.released = true;
  probe.socket.handler = handler;
}

export function testExceptions(bench: Bench): void {
  test("what a handler throws reaches uncaughtException, and all goes on", async () => {
    const bystander = await bench.pair({ data: (bytes, probe) => probe.send(bytes) });
    await catchUncaught(async (caught) => {
      const { client, server } = await bench.pair();
      sabotage(server);
      client.write(Buffer.from("one"));
      await until(() => caught.length === 1);
      client.pause();
      bench.call(() => server.socket.write(noise(12_000_000)));
      client.keep = false;
      client.resume();
      await until(() => caught.length === 2 && client.length === 12_000_000);
      client.shutdown();
      await until(() => caught.length === 3);
      bench.call(() => server.socket.close());
      await until(() => caught.length === 4 && client.closed);
      expect(caught).toEqual(["data", "drain", "end", "close"]);
      bystander.client.write(Buffer.from("still here"));
      await until(() => bystander.client.text === "still here");
    });
  });

  test("a factory that throws costs its own connection alone", async () => {
    await catchUncaught(async (caught) => {
      const listener = await bench.tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
        throw new Error("factory");
      });
      const client = await bench.connect(listener.address);
      await until(() => client.closed || client.ended);
      expect(caught).toEqual(["factory"]);
      const other = await bench.connect(listener.address);
      await until(() => other.closed || other.ended);
      listener.close();
    });
  });

  test("connect rejects with what its factory throws", async () => {
    const { listener, accepted } = await bench.listen();
    const { host, port } = listener.address;
    const attempt = bench.tcp.connect({ host, port }, () => {
      throw new Error("factory");
    });
    await expect(attempt).rejects.toThrow("factory");
    await until(() => accepted[0]?.closed === true || accepted[0]?.ended === true);
  });
}
