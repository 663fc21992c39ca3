/** The contract's tests of bytes: that all arrive, in order, where they should, when they may. */
import { expect, test } from "vitest";
import { pass, until } from "../../support/until.ts";
import { type Bench, NO_TLS_HALF_CLOSE } from "./bench.ts";
import { MIB, noise, pump, sip } from "./flow.ts";
import type { Script } from "./probe.ts";

const echo: Script = { data: (bytes, probe) => probe.send(bytes) };

export function testBytes(bench: Bench): void {
  // Encrypted, they take longer, and show no more.
  const long = bench.tls === undefined ? 64 : 8;
  test.each([1, 100, 65_536, 300_000])("echoes %i bytes", async (length) => {
    const { client } = await bench.pair(echo);
    const bytes = noise(length);
    client.write(bytes);
    await until(() => client.length === length);
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
  });

  test("time is that of performance.now(), of the batch within one", async () => {
    const times: number[] = [];
    const script: Script = {
      data: (bytes, probe) => {
        times.push(bench.tcp.time(), performance.now());
        probe.send(bytes);
      },
    };
    const before = performance.now();
    const { client } = await bench.pair(script);
    for (let i = 1; i <= 3; i++) {
      client.send(Buffer.from("x"));
      await until(() => client.length === i);
      await pass(2);
    }
    times.push(bench.tcp.time(), performance.now());
    expect([before, ...times]).toEqual([before, ...times].sort((a, b) => a - b));
    expect(bench.tcp.time()).toBeGreaterThan(times.at(-3) as number);
  });

  test("answers requests one after another", async () => {
    const { client } = await bench.pair(echo);
    for (let i = 1; i <= 50; i++) {
      client.send(Buffer.from(`${i},`));
      await until(() => client.text.endsWith(`${i},`));
    }
    expect(client.text.split(",")).toHaveLength(51);
  });

  test(`carries ${long} MiB each way between slow readers`, { timeout: 120_000 }, async () => {
    const { client, server } = await bench.pair();
    // Where there is no half-close, who has sent all waits for the other.
    const halfCloses = bench.tls === undefined || NO_TLS_HALF_CLOSE === undefined;
    const sentAll = halfCloses ? undefined : () => {};
    const toServer = { received: sip(server), sent: pump(client, long * MIB, "write", sentAll) };
    const toClient = { received: sip(client), sent: pump(server, long * MIB, "send", sentAll) };
    if (!halfCloses) {
      await until(() => Math.min(client.length, server.length) === long * MIB, 110);
      client.shutdown();
    }
    await until(() => client.closed && server.closed, 110);
    expect([client.length, server.length]).toEqual([long * MIB, long * MIB]);
    expect(toServer.received.digest("hex")).toBe(toServer.sent.digest("hex"));
    expect(toClient.received.digest("hex")).toBe(toClient.sent.digest("hex"));
    expect([client.error, server.error]).toEqual([undefined, undefined]);
    expect(Math.min(client.drains, server.drains)).toBeGreaterThan(0);
  });

  test("shows backpressure, and drain when it ends", async () => {
    const { client, server } = await bench.pair({ open: (probe) => probe.pause() });
    const block = noise(MIB);
    for (let i = 0; i < 16; i++) client.write(block);
    await pass(20);
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    expect(client.drains).toBe(0);
    server.keep = false;
    server.resume();
    await until(() => client.drains > 0 && server.length === 16 * MIB);
    expect(client.socket.bufferedAmount).toBe(0);
  });

  test("drain follows whenever bufferedAmount was seen above 0", async () => {
    let seen = 0;
    const script: Script = {
      data: (bytes, probe) => {
        probe.send(bytes);
        seen = probe.socket.bufferedAmount;
      },
    };
    const { client, server } = await bench.pair(script);
    client.write(Buffer.from("ping"));
    await until(() => client.text === "ping" && (seen === 0 || server.drains > 0));
    expect(server.socket.bufferedAmount).toBe(0);
  });

  test("keeps the order of sends and writes in one call", async () => {
    const script: Script = {
      data: (_, probe) => {
        probe.send(Buffer.from("one "));
        probe.send(Buffer.from("two "));
        probe.write(Buffer.from("three "));
        probe.send(Buffer.from("four "));
        probe.write(Buffer.from("five "));
        probe.write(Buffer.from("six "));
        probe.send(Buffer.from("seven"));
      },
    };
    const { client } = await bench.pair(script);
    client.write(Buffer.from("go"));
    await until(() => client.text.endsWith("seven"));
    expect(client.text).toBe("one two three four five six seven");
  });

  test("sends more in one call than the output region holds", async () => {
    const bytes = noise(3 * MIB);
    const script: Script = {
      data: (_, probe) => {
        for (let at = 0; at < bytes.length; at += 48 * 1024) {
          probe.send(bytes.subarray(at, at + 48 * 1024));
        }
      },
    };
    const { client } = await bench.pair(script);
    client.write(Buffer.from("go"));
    await until(() => client.length >= bytes.length);
    expect(Buffer.concat(client.chunks).equals(bytes)).toBe(true);
  });

  test("sends heads and their long bodies in order, whatever else a batch sends", async () => {
    const far = await bench.pair();
    const body = noise(40_000);
    const script: Script = {
      data: (_, probe) => {
        for (const name of ["one", "two"]) {
          probe.send(Buffer.from(`${name} `));
          probe.write(body);
        }
        probe.send(Buffer.from("three "));
        far.server.send(Buffer.from("far"));
        probe.write(body);
        probe.send(Buffer.from("end"));
      },
    };
    const { client } = await bench.pair(script);
    client.write(Buffer.from("go"));
    const parts = ["one ", body, "two ", body, "three ", body, "end"];
    const expected = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    await until(() => client.length === expected.length && far.client.text === "far");
    expect(Buffer.concat(client.chunks).equals(expected)).toBe(true);
  });

  test("bytes that may change can be changed at once", async () => {
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    // A Buffer, whose `slice` does not copy.
    const bytes = Buffer.alloc(MIB);
    for (let round = 0; round < 12; round++) {
      bytes.fill("a");
      server.socket.write(bytes, true);
      bytes.fill("b");
      await pass(1);
    }
    expect(server.socket.bufferedAmount).toBeGreaterThan(0);
    client.resume();
    await until(() => client.length === 12 * MIB);
    expect(Buffer.concat(client.chunks).includes("b")).toBe(false);
  });

  test("bytes that were lent may change when bufferedAmount is 0", async () => {
    const { client, server } = await bench.pair();
    const bytes = new Uint8Array(100_000);
    const sent: Buffer[] = [];
    for (let i = 1; i <= 10; i++) {
      bytes.fill(i);
      sent.push(Buffer.from(bytes));
      client.write(bytes);
      if (client.socket.bufferedAmount > 0) await until(() => client.socket.bufferedAmount === 0);
      bytes.fill(255);
    }
    await until(() => server.length === 10 * bytes.length);
    expect(Buffer.concat(server.chunks).equals(Buffer.concat(sent))).toBe(true);
  });

  test("sends from the factory, a microtask and a timer", async () => {
    const script: Script = {
      open: (probe) => {
        probe.send(Buffer.from("factory "));
        probe.write(Buffer.from("factory-write "));
      },
      data: (_, probe) => {
        queueMicrotask(() => probe.send(Buffer.from("microtask ")));
        setTimeout(() => {
          probe.send(Buffer.from("timer "));
          probe.write(Buffer.from("timer-write"));
        }, 5);
      },
    };
    const { client } = await bench.pair(script, { open: (probe) => probe.send(Buffer.from("hi")) });
    await until(() => client.text.endsWith("timer-write"));
    expect(client.text).toBe("factory factory-write microtask timer timer-write");
  });

  test("sends to another socket than the one that is heard", async () => {
    const far = await bench.pair();
    const near = await bench.pair({
      data: (bytes, probe) => {
        far.server.send(bytes);
        probe.send(Buffer.from("passed on"));
      },
    });
    near.client.write(Buffer.from("hello"));
    await until(() => far.client.text === "hello" && near.client.text === "passed on");
  });

  test("send may use a part of its room, or nothing", async () => {
    const { client, server } = await bench.pair();
    const start = bench.tcp.reserve(1000);
    Buffer.from(bench.memory.buffer, start, 1000).fill("-").write("here", 100);
    server.socket.send(start + 100, 4);
    server.send(Buffer.alloc(0));
    server.write(Buffer.alloc(0));
    server.write(Buffer.from("."));
    await until(() => client.text === "here.");
  });

  test("reserve gives room in the output region, or throws a RangeError", () => {
    const { output } = bench.memory;
    for (const length of [0, 1, 4096, output.length, 17, output.length]) {
      const start = bench.tcp.reserve(length);
      expect(start).toBeGreaterThanOrEqual(output.start);
      expect(start + length).toBeLessThanOrEqual(output.start + output.length);
    }
    expect(() => bench.tcp.reserve(output.length + 1)).toThrow(RangeError);
  });

  test("keeps what waits safe from later use of the output region", async () => {
    const { client, server } = await bench.pair({}, { open: (probe) => probe.pause() });
    const block = noise(MIB);
    for (let i = 0; i < 12; i++) {
      server.send(block);
      await pass(1);
    }
    expect(server.socket.bufferedAmount).toBeGreaterThan(0);
    const start = bench.tcp.reserve(MIB);
    new Uint8Array(bench.memory.buffer, start, MIB).fill(0);
    client.resume();
    await until(() => client.length === 12 * MIB);
    const received = Buffer.concat(client.chunks);
    for (let i = 0; i < 12; i++) {
      expect(received.subarray(i * MIB, (i + 1) * MIB).equals(block)).toBe(true);
    }
  });

  test("gives later bytes to the handler that replaced the first", async () => {
    const { client, server } = await bench.pair({
      data: (_, probe) => {
        probe.script = {};
        second = bench.takeOver(probe, echo);
      },
    });
    let second = server;
    client.write(Buffer.from("first"));
    await until(() => second !== server);
    client.write(Buffer.from("second"));
    await until(() => client.text === "second");
    expect([server.text, second.text]).toEqual(["first", "second"]);
    client.finish();
    await until(() => second.ended);
  });

  test("gives the rest of a long run to the handler that replaced the first", async () => {
    const bytes = noise(2 * MIB);
    const { client, server } = await bench.pair({
      open: (probe) => probe.pause(),
      data: (_, probe) => {
        second = bench.takeOver(probe);
      },
    });
    let second = server;
    client.write(bytes);
    await pass(20);
    server.resume();
    await until(() => server.length + second.length >= bytes.length && second !== server);
    expect(server.chunks).toHaveLength(1);
    const received = Buffer.concat([...server.chunks, ...second.chunks]);
    expect(received.equals(bytes)).toBe(true);
  });

  test("pauses for a second, delivers nothing meanwhile and loses nothing", async () => {
    const bytes = noise(8 * MIB);
    const { client, server } = await bench.pair({ data: (_, probe) => probe.pause() });
    client.write(bytes);
    client.shutdown();
    await until(() => server.length > 0);
    const before = server.length;
    await pass(1000);
    expect([server.length, server.ended]).toEqual([before, false]);
    server.script = {};
    server.resume();
    await until(() => server.ended);
    expect(Buffer.concat(server.chunks).equals(bytes)).toBe(true);
  });

  test("delivers nothing to a socket paused in its factory", async () => {
    const { client, server } = await bench.pair({ open: (probe) => probe.pause() });
    client.write(Buffer.from("waiting"));
    client.shutdown();
    await pass(30);
    expect([server.length, server.ended]).toEqual([0, false]);
    server.resume();
    await until(() => server.ended);
    expect(server.text).toBe("waiting");
  });

  test("pauses and resumes within one call, any number of times", async () => {
    const script: Script = {
      data: (bytes, probe) => {
        probe.pause();
        probe.pause();
        probe.resume();
        probe.resume();
        probe.send(bytes);
      },
    };
    const { client } = await bench.pair(script);
    client.write(Buffer.from("once "));
    await until(() => client.text === "once ");
    client.write(Buffer.from("more"));
    await until(() => client.text === "once more");
  });

  test("a socket paused by another one's call hears nothing, and loses nothing", async () => {
    const { listener, accepted } = await bench.listen();
    const clients = await Promise.all(
      Array.from({ length: 8 }, () => bench.connect(listener.address)),
    );
    await until(() => accepted.length === 8);
    // Whoever is heard first pauses all others, whose bytes may have been received already.
    for (const probe of accepted) {
      probe.script.data = () => {
        for (const other of accepted) if (other !== probe) other.pause();
      };
    }
    bench.call(() => {
      for (const client of clients) client.socket.write(Buffer.from("hello"));
    });
    await until(() => accepted.some((probe) => probe.length > 0));
    await pass(30);
    expect(accepted.filter((probe) => probe.length > 0)).toHaveLength(1);
    for (const probe of accepted) {
      probe.script.data = () => {};
      if (probe.paused) probe.resume();
    }
    await until(() => accepted.every((probe) => probe.text === "hello"));
  });
}
