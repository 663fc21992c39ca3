/** The contract's tests of ends: half-close, close, abort, reset, and what may follow them. */
import { expect, test } from "vitest";
import { pass, until } from "../../support/until.ts";
import type { Bench } from "./bench.ts";
import { MIB, noise } from "./flow.ts";
import type { Probe } from "./probe.ts";
import { testUnless } from "./unless.ts";

/** What a write meets after the peer has gone: which of them depends on timing. */
const GONE = ["ECONNRESET", "EPIPE"];

/** Every call that a closed socket must bear in silence. */
function callEverything(probe: Probe): void {
  probe.write(Buffer.from("late"));
  probe.send(Buffer.from("late"));
  probe.socket.pause();
  probe.socket.resume();
  probe.socket.setNoDelay(false);
  probe.socket.setNoDelay(true);
  probe.socket.keepProcess(false);
  probe.socket.keepProcess(true);
  probe.shutdown();
  probe.finish();
  probe.abort();
  probe.finish();
}

export function testClosing(bench: Bench): void {
  const { noReset } = bench.limits;
  test("half-close by the client: the server hears end and answers", async () => {
    const answer = noise(MIB);
    const { client, server } = await bench.pair({
      end: (probe) => {
        probe.write(answer);
        probe.shutdown();
      },
    });
    client.write(Buffer.from("question"));
    client.shutdown();
    await until(() => client.closed && server.closed);
    expect(server.text).toBe("question");
    expect(Buffer.concat(client.chunks).equals(answer)).toBe(true);
    expect([client.ended, client.error, server.error]).toEqual([true, undefined, undefined]);
  });

  test("half-close by the server: the client hears end and goes on sending", async () => {
    const { client, server } = await bench.pair({
      open: (probe) => {
        probe.send(Buffer.from("bye"));
        probe.shutdown();
      },
    });
    await until(() => client.ended);
    expect([client.text, client.closed]).toEqual(["bye", false]);
    for (let i = 0; i < 5; i++) {
      client.write(Buffer.from(`${i}`));
      await pass(3);
    }
    client.shutdown();
    await until(() => client.closed && server.closed);
    expect([server.text, client.error, server.error]).toEqual(["01234", undefined, undefined]);
  });

  test("stays open for output after end, for as long as its owner likes", async () => {
    const { client, server } = await bench.pair();
    client.shutdown();
    await until(() => server.ended);
    await pass(50);
    expect([server.closed, client.closed]).toEqual([false, false]);
    server.send(Buffer.from("still here"));
    await until(() => client.text === "still here");
    server.finish();
    await until(() => client.closed && server.closed);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test("a half-closed, paused socket loses nothing when the peer closes", async () => {
    const bytes = noise(MIB);
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    client.shutdown();
    await until(() => server.ended);
    server.write(bytes.subarray(0, 1000));
    server.write(bytes.subarray(1000));
    server.finish();
    await pass(30);
    expect([client.length, client.ended, client.closed]).toEqual([0, false, false]);
    client.resume();
    await until(() => client.closed);
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
    expect([client.ended, client.error]).toEqual([true, undefined]);
  });

  test("the same when it pauses between two pieces", async () => {
    const bytes = noise(2 * MIB);
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    client.shutdown();
    await until(() => server.ended);
    server.write(bytes);
    server.finish();
    await pass(20);
    client.script.data = () => client.pause();
    while (!client.closed) {
      client.resume();
      await pass(5);
    }
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
    expect([client.ended, client.error]).toEqual([true, undefined]);
  });

  test("shutdown sends what is buffered first, and drops what is written later", async () => {
    const bytes = noise(4 * MIB);
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    server.write(bytes);
    server.shutdown();
    server.write(Buffer.from("late"));
    server.send(Buffer.from("late"));
    server.shutdown();
    client.resume();
    await until(() => client.ended);
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
  });

  test("shutdown from a drain that sends: all that waits goes out first", async () => {
    const bytes = noise(8 * MIB);
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    server.script.drain = (probe) => {
      probe.script = {};
      probe.write(bytes);
      probe.shutdown();
    };
    server.write(bytes);
    await until(() => server.socket.bufferedAmount > 0);
    client.resume();
    await until(() => client.ended || client.closed);
    expect(Buffer.concat(client.chunks).equals(Buffer.concat([bytes, bytes]))).toBe(true);
    expect(client.error).toBeUndefined();
  });

  test("close sends what is buffered, then closes", async () => {
    const bytes = noise(8 * MIB);
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    server.write(bytes);
    server.send(Buffer.from("end"));
    server.finish();
    await pass(20);
    expect(server.closed).toBe(false);
    client.resume();
    await until(() => client.ended && server.closed);
    const received = Buffer.concat(client.chunks);
    expect(received.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(received.subarray(bytes.length).toString()).toBe("end");
    expect(server.error).toBeUndefined();
  });

  test("close from a call that sends: the peer gets it all, then end", async () => {
    const { client, server } = await bench.pair({
      data: (bytes, probe) => {
        probe.send(bytes);
        probe.finish();
      },
    });
    client.write(Buffer.from("last"));
    await until(() => client.ended && server.closed);
    expect([client.text, server.error]).toEqual(["last", undefined]);
    client.finish();
    await until(() => client.closed);
    expect(client.error).toBeUndefined();
  });

  testUnless(noReset, "abort drops what is buffered, and the peer sees a reset", async () => {
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    server.write(noise(8 * MIB));
    server.abort();
    await until(() => server.closed);
    client.resume();
    await until(() => client.closed);
    expect([client.code, server.error]).toEqual(["ECONNRESET", undefined]);
    expect(client.length).toBeLessThan(8 * MIB);
  });

  testUnless(noReset, "abort resets a connection on which nothing waits", async () => {
    const { client, server } = await bench.pair({ data: (_, probe) => probe.abort() });
    client.write(Buffer.from("go away"));
    await until(() => client.closed && server.closed);
    expect([client.code, server.error]).toEqual(["ECONNRESET", undefined]);
  });

  test("abort after shutdown, and after end, closes at once", async () => {
    const { client, server } = await bench.pair();
    client.shutdown();
    await until(() => server.ended);
    client.abort();
    server.abort();
    await until(() => client.closed && server.closed);
  });

  testUnless(noReset, "abort ends a close that waits for a peer who does not read", async () => {
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    server.write(noise(8 * MIB));
    server.finish();
    await pass(20);
    expect(server.closed).toBe(false);
    server.abort();
    await until(() => server.closed);
    client.resume();
    await until(() => client.closed);
    expect(client.code).toBe("ECONNRESET");
  });

  test("a peer that goes away while it is written to ends the socket with an error", async () => {
    const { client, server } = await bench.pair();
    const block = noise(MIB);
    server.write(block);
    server.script.drain = () => server.write(block);
    await until(() => client.length > 0);
    client.abort();
    await until(() => server.closed);
    expect(GONE).toContain(server.code);
  });

  test("a peer that closes ends the socket once more is written to it", async () => {
    const { client, server } = await bench.pair();
    client.finish();
    await until(() => server.ended && client.closed);
    for (let i = 0; i < 100 && !server.closed; i++) {
      server.write(Buffer.from("anybody there?"));
      await pass(2);
    }
    await until(() => server.closed);
    expect(GONE).toContain(server.code);
  });

  test("who writes whenever nothing waits hears that the peer has gone", async () => {
    const { client, server } = await bench.pair();
    client.abort();
    await until(() => client.closed);
    const block = noise(30_000);
    let blocks = 0;
    // Promises alone go on here, as in a handler that awaits each flush: the runtime gets no turn.
    for (; blocks < 2000 && !server.closed && server.socket.bufferedAmount <= MIB; blocks++) {
      server.write(block);
      await undefined;
    }
    expect(blocks).toBeLessThan(2000);
    await until(() => server.closed);
  });

  test("a closed socket bears every call in silence", async () => {
    const { client, server } = await bench.pair();
    client.finish();
    callEverything(client);
    await until(() => client.closed);
    callEverything(client);
    server.abort();
    callEverything(server);
    await until(() => server.closed);
    callEverything(server);
    expect(server.text).toBe("");
  });

  test("close and abort in the factory", async () => {
    for (const act of ["finish", "abort"] as const) {
      const { listener, accepted } = await bench.listen({}, { open: (probe) => probe[act]() });
      const client = await bench.connect(listener.address);
      await until(() => accepted[0]?.closed === true && (client.ended || client.closed));
      client.abort();
      const other = await bench.listen();
      const early = await bench.connect(other.listener.address, { open: (probe) => probe[act]() });
      await until(() => early.closed);
    }
  });

  test("delivers no more once close or abort is called between two pieces", async () => {
    for (const act of ["finish", "abort"] as const) {
      const { client, server } = await bench.pair({
        open: (probe) => probe.pause(),
        data: (_, probe) => probe[act](),
      });
      client.write(noise(4 * MIB));
      await pass(20);
      server.resume();
      await until(() => server.closed && client.closed);
      expect(server.chunks).toHaveLength(1);
    }
  });

  test("a socket closed by another one's call hears nothing more", async () => {
    for (const act of ["finish", "abort"] as const) {
      const { listener, accepted } = await bench.listen();
      const clients = await Promise.all(
        Array.from({ length: 8 }, () => bench.connect(listener.address)),
      );
      await until(() => accepted.length === 8);
      for (const probe of accepted) {
        probe.script.data = () => {
          for (const other of accepted) other[act]();
        };
      }
      for (const client of clients) client.write(Buffer.from("hello"));
      await until(() => accepted.every((probe) => probe.closed));
      expect(accepted.filter((probe) => probe.length > 0)).toHaveLength(1);
    }
  });

  test("a paused socket hears of the peer's end after resume", async () => {
    const { client, server } = await bench.pair({ open: (probe) => probe.pause() });
    client.write(Buffer.from("rest"));
    client.finish();
    await until(() => client.closed);
    await pass(20);
    expect([server.length, server.ended, server.closed]).toEqual([0, false, false]);
    server.resume();
    await until(() => server.ended);
    expect([server.text, server.closed]).toEqual(["rest", false]);
  });

  testUnless(noReset, "a socket that replaced its handler closes to the new one", async () => {
    const { client, server } = await bench.pair();
    const second = bench.takeOver(server);
    client.abort();
    await until(() => second.closed);
    expect([second.code, server.closes]).toEqual(["ECONNRESET", 0]);
  });
}
