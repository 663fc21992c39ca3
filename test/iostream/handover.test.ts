/** Streams that give their socket away: what they have read and not used goes with it. */
import { describe, expect, test } from "vitest";
import type { Socket, SocketHandler } from "../../src/host.ts";
import { IOStream, StreamClosedError } from "../../src/iostream.ts";
import { causeOf, pair, text } from "../support/stream-pair.ts";
import { until } from "../support/until.ts";

describe("handover", () => {
  test("the next handler gets what was not read, then the rest", async () => {
    const { stream, peer } = await pair();
    peer.write(`line\n${"x".repeat(100_000)}`);
    expect(text(await stream.readUntil("\n"))).toBe("line\n");
    const socket: Socket = stream.detach();
    let heard = 0;
    let ended = false;
    const handler: SocketHandler = {
      data: (_, length) => {
        heard += length;
      },
      end: () => {
        ended = true;
        socket.close();
      },
      drain: () => {},
      close: () => {},
    };
    socket.handler = handler;
    await until(() => heard === 100_000);
    await peer.write("more");
    peer.close();
    await until(() => ended);
    expect(heard).toBe(100_004);
    await causeOf(stream.readBytes(1));
    expect(() => stream.detach()).toThrow(StreamClosedError);
  });

  test("to nobody: what was not read is thrown away", async () => {
    const { stream, peer } = await pair();
    peer.write("line\nmore");
    expect(text(await stream.readUntil("\n"))).toBe("line\n");
    const socket = stream.detach();
    socket.write(new TextEncoder().encode("bye"));
    socket.shutdown();
    expect(text(await peer.readUntilClose())).toBe("bye");
  });

  test("to another stream and back, in the midst of a message", async () => {
    const { stream, peer } = await pair();
    peer.write("abcdef");
    expect(text(await stream.readBytes(2))).toBe("ab");
    const second = new IOStream(stream.detach());
    expect(text(await second.readBytes(2))).toBe("cd");
    const third = new IOStream(second.detach());
    expect(text(await third.readBytes(2))).toBe("ef");
    await third.write("done");
    expect(text(await peer.readBytes(4))).toBe("done");
    const reading = third.readBytes(1);
    expect(() => third.detach()).toThrow("under way");
    third.close();
    await causeOf(reading);
  });
});
