/** Streams on the fake host: reads, their limits and their ends, writes. */
import { describe, expect, test } from "vitest";
import {
  type IOStream,
  StreamBufferFullError,
  StreamClosedError,
  UnsatisfiableReadError,
} from "../src/iostream.ts";
import { everySplit } from "./support/every-split.ts";
import { causeOf, type Pair, pair, text } from "./support/stream-pair.ts";
import { until } from "./support/until.ts";

const MIB = 1024 * 1024;

function reportEnough({ stream }: Pair): void {
  stream.close(new Error("enough"));
}

describe("reads", () => {
  const cases = [
    {
      name: "until a delimiter",
      read: (s: IOStream) => s.readUntil("\r\n"),
      wire: "a\rb\r\nrest",
      got: "a\rb\r\n",
    },
    {
      name: "until a delimiter of bytes",
      read: (s: IOStream) => s.readUntil(Uint8Array.of(0)),
      wire: "ab\0rest",
      got: "ab\0",
    },
    {
      name: "until an expression",
      read: (s: IOStream) => s.readUntilRegex(/\r?\n\r?\n/g),
      wire: "a: b\r\n\r\nrest",
      got: "a: b\r\n\r\n",
    },
    {
      name: "a number of bytes",
      read: (s: IOStream) => s.readBytes(5),
      wire: "12345rest",
      got: "12345",
    },
    { name: "no bytes", read: (s: IOStream) => s.readBytes(0), wire: "rest", got: "" },
    {
      name: "into bytes of one's own",
      read: async (s: IOStream) => {
        const target = new Uint8Array(4);
        expect(await s.readInto(target)).toBe(4);
        return target;
      },
      wire: "1234rest",
      got: "1234",
    },
  ];
  test.each(cases)("$name, at every split", async ({ read, wire, got }) => {
    for (const chunks of everySplit(Buffer.from(wire, "latin1"))) {
      const { stream, peer } = await pair();
      const reading = read(stream);
      for (const chunk of chunks) {
        await peer.write(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(text(await reading)).toBe(got);
      expect(text(await stream.readBytes(4))).toBe("rest");
      peer.close();
      await causeOf(stream.readBytes(1));
    }
  });

  test("a part, as soon as there is any", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readBytes(100, { partial: true });
    await peer.write("some");
    expect(text(await reading)).toBe("some");
    await peer.write("and more");
    const target = new Uint8Array(100);
    await until(() => !peer.writing);
    expect(await stream.readInto(target, { partial: true })).toBe(8);
    expect(text(target.subarray(0, 8))).toBe("and more");
  });

  test("all until the end, also when there is none", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readUntilClose();
    peer.write(new Uint8Array(3 * MIB));
    peer.close();
    expect((await reading).length).toBe(3 * MIB);
    expect((await stream.readUntilClose()).length).toBe(0);
    expect(stream.closed).toBe(true);
  });

  test("lines in one piece, one after another", async () => {
    const { stream, peer } = await pair();
    peer.write("one\ntwo\nthree\n");
    const lines = [];
    for (let i = 0; i < 3; i++) lines.push(text(await stream.readUntil("\n")));
    expect(lines).toEqual(["one\n", "two\n", "three\n"]);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "%f bytes are no number",
    async (length) => {
      const { stream } = await pair();
      expect(() => stream.readBytes(length)).toThrow(RangeError);
      expect(stream.reading).toBe(false);
    },
  );

  test("one at a time", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readBytes(1);
    expect(stream.reading).toBe(true);
    expect(() => stream.readBytes(1)).toThrow("another read");
    peer.write("x");
    await reading;
    expect(stream.reading).toBe(false);
  });

  test("a delimiter that comes byte by byte after a mebibyte costs no quadratic time", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readUntil("END");
    await peer.write(Buffer.alloc(MIB, "EN"));
    let looks = 0;
    const { indexOf } = Buffer.prototype;
    Buffer.prototype.indexOf = function (this: Buffer, ...args: Parameters<typeof indexOf>) {
      looks += this.length - Number(args[1] ?? 0);
      return indexOf.apply(this, args);
    } as typeof indexOf;
    try {
      for (let i = 0; i < 200; i++) {
        await peer.write("E");
        await new Promise((resolve) => setImmediate(resolve));
      }
      await peer.write("ND");
      expect((await reading).length).toBe(MIB + 202);
    } finally {
      Buffer.prototype.indexOf = indexOf;
    }
    expect(looks).toBeLessThan(2 * MIB);
  });

  test("an expression that matches late is found, though not looked for at every byte", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readUntilRegex(/x+y/);
    for (let i = 0; i < 200; i++) await peer.write(Buffer.alloc(1024, "x"));
    await peer.write("y");
    expect((await reading).length).toBe(200 * 1024 + 1);
  });
});

describe("limits", () => {
  test.each([
    { name: "readUntil", read: (s: IOStream) => s.readUntil("\n", { maxBytes: 4 }) },
    { name: "readUntilRegex", read: (s: IOStream) => s.readUntilRegex(/\n/, { maxBytes: 4 }) },
  ])("$name within maxBytes, and not within it", async ({ read }) => {
    for (const wire of ["123\n", "1234\n", "1234", "12345678"]) {
      const { stream, peer } = await pair();
      const reading = read(stream);
      await peer.write(wire);
      if (wire === "123\n") expect(text(await reading)).toBe(wire);
      else expect(await causeOf(reading)).toBeInstanceOf(UnsatisfiableReadError);
      if (wire === "123\n") continue;
      expect(stream.closed).toBe(true);
      expect(stream.error).toBeInstanceOf(UnsatisfiableReadError);
    }
  });

  test("more than maxBufferSize closes the stream", async () => {
    const { stream, peer } = await pair({ maxBufferSize: 100_000 });
    const reading = stream.readUntil("\n");
    peer.write(new Uint8Array(200_000));
    expect(await causeOf(reading)).toBeInstanceOf(StreamBufferFullError);
    expect(() => stream.readBytes(100_001)).toThrow(StreamBufferFullError);
  });

  test("what exceeds maxBufferSize does not pass for all until the end", async () => {
    const { stream, peer } = await pair({ maxBufferSize: 100_000 });
    const reading = stream.readUntilClose();
    peer.write(new Uint8Array(200_000));
    expect(await causeOf(reading)).toBeInstanceOf(StreamBufferFullError);
    expect(await causeOf(stream.readUntilClose())).toBeInstanceOf(StreamBufferFullError);
    expect((await stream.readBytes(100_000)).length).toBe(100_000);
  });

  test("readInto and partial reads are not held to it", async () => {
    const { stream, peer } = await pair({ maxBufferSize: 1000 });
    peer.write(new Uint8Array(MIB)).catch(() => {});
    expect(await stream.readInto(new Uint8Array(500_000))).toBe(500_000);
    const part = await stream.readBytes(MIB, { partial: true });
    expect(part.length).toBeGreaterThan(0);
  });

  test("who does not read holds the peer back", async () => {
    const { stream, peer } = await pair();
    let written = 0;
    const writing = (async () => {
      for (; written < 16; written++) await peer.write(new Uint8Array(MIB));
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBeLessThan(3);
    expect(peer.writing).toBe(true);
    expect((await stream.readBytes(16 * MIB)).length).toBe(16 * MIB);
    await writing;
    expect(peer.writing).toBe(false);
  });

  test("more than maxWriteBufferSize is refused, and nothing of it written", async () => {
    const { stream, peer } = await pair({}, { maxWriteBufferSize: MIB });
    const first = peer.write(new Uint8Array(MIB));
    await expect(peer.write(new Uint8Array(MIB))).rejects.toThrow(StreamBufferFullError);
    await expect(peer.write(new Uint8Array(2 * MIB))).rejects.toThrow(StreamBufferFullError);
    expect((await stream.readBytes(MIB)).length).toBe(MIB);
    await first;
    // In bytes, of which this text has three for each character.
    await expect(peer.write("\u20ac".repeat(MIB / 2))).rejects.toThrow(StreamBufferFullError);
    await peer.write("fits");
    expect(text(await stream.readBytes(4))).toBe("fits");
  });
});

test.each([undefined, 5, new ArrayBuffer(4), new Uint16Array(2)])(
  "%o is not written",
  async (data) => {
    const { stream } = await pair();
    expect(() => stream.write(data as unknown as Uint8Array)).toThrow(TypeError);
    expect(stream.closed).toBe(false);
  },
);

describe("ends", () => {
  test("what came before the end can be read and answered after it", async () => {
    const { stream, peer } = await pair();
    peer.write("question\n");
    peer.shutdown();
    await until(() => stream.reading === false);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(text(await stream.readUntil("\n"))).toBe("question\n");
    await stream.write("answer");
    expect(await causeOf(stream.readUntil("\n"))).toBeUndefined();
    expect(stream.closed).toBe(true);
    expect(text(await peer.readUntilClose())).toBe("answer");
  });

  test("an idle stream closes with its peer, and says so once", async () => {
    const { stream, peer } = await pair();
    let calls = 0;
    stream.setCloseCallback(() => calls++);
    peer.close();
    await until(() => stream.closed);
    await until(() => calls === 1);
    expect(stream.error).toBeUndefined();
    stream.close();
    await expect(stream.write("late")).rejects.toThrow(StreamClosedError);
    stream.setCloseCallback(() => calls++);
    await until(() => calls === 2);
  });

  test("with allowHalfOpen, a stream whose peer has ended is written to", async () => {
    const { stream, peer } = await pair({ allowHalfOpen: true });
    peer.shutdown();
    expect(text(await stream.readUntilClose())).toBe("");
    expect(stream.closed).toBe(false);
    await stream.write("still there");
    stream.close();
    expect(text(await peer.readUntilClose())).toBe("still there");
  });

  test("a reset is the cause of what fails by it", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readBytes(10);
    peer.detach().abort();
    expect(await causeOf(reading)).toMatchObject({ code: "ECONNRESET" });
    expect(stream.error).toMatchObject({ code: "ECONNRESET" });
    expect(await causeOf(stream.write("x"))).toMatchObject({ code: "ECONNRESET" });
  });

  test("a reset, and an error of one's own, end a read until the end with what came before", async () => {
    for (const end of [(s: Pair) => s.peer.detach().abort(), reportEnough]) {
      const both = await pair();
      both.peer.write("1before");
      await both.stream.readBytes(1);
      const reading = both.stream.readUntilClose();
      end(both);
      expect(text(await reading)).toBe("before");
      expect(both.stream.error).toBeInstanceOf(Error);
    }
  });

  test("a read of one's own stream fails when it is closed; writes are sent", async () => {
    const { stream, peer } = await pair();
    const reading = stream.readBytes(10);
    const writing = stream.write(new Uint8Array(4 * MIB));
    stream.close(new Error("enough"));
    expect(await causeOf(reading)).toMatchObject({ message: "enough" });
    expect((await peer.readUntilClose()).length).toBe(4 * MIB);
    await writing;
  });

  test("the close callback comes after the read that was under way", async () => {
    const { stream, peer } = await pair();
    const order: string[] = [];
    stream.setCloseCallback(() => order.push("closed"));
    const reading = stream.readUntilClose().then(() => order.push("read"));
    peer.close();
    await reading;
    await until(() => order.length === 2);
    expect(order).toEqual(["read", "closed"]);
  });
});
