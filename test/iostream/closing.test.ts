/** What becomes of a closed stream whose peer does not read what was written. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Socket } from "../../src/host.ts";
import { limitClose } from "../../src/iostream/closing.ts";
import { IOStream, StreamClosedError } from "../../src/iostream.ts";
import { setSinks } from "../../src/log.ts";
import { TCPClient } from "../../src/tcpclient.ts";
import { TCPServer, type TCPServerOptions } from "../../src/tcpserver.ts";
import { TimeoutError } from "../../src/util.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";
import { until } from "../support/until.ts";

/** More than the kernels of both ends hold. */
const MUCH = 32 * 1024 * 1024;

describe("the limit", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A socket that is being closed, with a limit of a minute, and what became of it. */
  function closing(bufferedAmount: number, seconds = 60) {
    vi.useFakeTimers();
    const socket = { bufferedAmount, abort: () => heard.push("aborted") };
    const heard: unknown[] = [];
    const stop = limitClose(socket as unknown as Socket, seconds, (error) => heard.push(error));
    return { socket, heard, stop };
  }

  test("a peer that takes nothing is given up after it, once", () => {
    const { heard } = closing(10);
    vi.advanceTimersByTime(59_999);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual([expect.any(TimeoutError), "aborted"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("one that takes something now and then has time for all of it", () => {
    const { socket, heard, stop } = closing(10);
    for (; socket.bufferedAmount > 0; socket.bufferedAmount--) vi.advanceTimersByTime(59_000);
    expect(heard).toEqual([]);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("TLS may add more than the peer has taken", () => {
    const { socket, heard } = closing(10);
    for (let look = 0; look < 10; look++) {
      socket.bufferedAmount += 10;
      vi.advanceTimersByTime(15_000);
    }
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(heard).toHaveLength(2);
  });

  test("0 is none", () => {
    closing(10, 0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Says much to whoever connects, and fails. */
class Failing extends TCPServer {
  failure: unknown;

  override handleStream(stream: IOStream): void {
    stream.write(new Uint8Array(MUCH)).catch((error: unknown) => {
      this.failure = error;
    });
    // The one error that is not logged.
    throw new StreamClosedError();
  }
}

const ways = [
  { name: "in the clear", why: undefined, tls: false },
  { name: "over TLS", why: noCertificates, tls: true },
];

describe.each(ways)("$name", ({ why, tls }) => {
  /** A server that fails, and a stream from it. */
  async function failing(options: TCPServerOptions = {}): Promise<[Failing, IOStream]> {
    const { server: sslOptions, ca } = tls ? certificates() : { server: {}, ca: "" };
    const server = new Failing({ loop, ...options, ...(tls && { sslOptions }) });
    await server.listen(0, "127.0.0.1");
    const port = server.addresses[0]?.port as number;
    const settings = tls ? { sslOptions: { ca, serverName: "localhost" } } : {};
    const stream = await new TCPClient({ loop }).connect("127.0.0.1", port, settings);
    server.stop();
    return [server, stream];
  }

  test.skipIf(why !== undefined)("a peer that does not read is broken off", async () => {
    const [server, stream] = await failing({ closeTimeout: 0.1 });
    await until(() => server.failure !== undefined);
    expect(server.failure).toBeInstanceOf(StreamClosedError);
    expect((server.failure as StreamClosedError).cause).toBeInstanceOf(TimeoutError);
    await expect(stream.readBytes(MUCH)).rejects.toThrow(StreamClosedError);
  });

  test.skipIf(why !== undefined)("a peer that reads gets all of it", async () => {
    const [server, stream] = await failing();
    expect((await stream.readUntilClose()).length).toBe(MUCH);
    expect(server.failure).toBeUndefined();
  });
});

describe.each(["maxBufferSize", "maxWriteBufferSize", "closeTimeout"])("%s", (name) => {
  test.each([-1, Number.NaN, "60"])("cannot be %o", (value) => {
    const options = { loop, [name]: value } as TCPServerOptions;
    expect(() => new TCPServer(options)).toThrow(`Cannot set ${name}`);
    expect(() => new IOStream({} as Socket, options)).toThrow(RangeError);
  });
});

test.each([
  [
    "throws",
    () => {
      throw new Error("at once");
    },
  ],
  [
    "rejects with",
    async () => {
      throw new Error("later");
    },
  ],
])("what a close callback %s is logged", async (_, callback) => {
  const messages: string[] = [];
  const earlier = setSinks({ write: (record) => messages.push(record.message) });
  try {
    const stream = new IOStream({ close() {} } as unknown as Socket, { loop, closeTimeout: 0 });
    stream.setCloseCallback(callback);
    stream.close();
    await until(() => messages.length === 1);
  } finally {
    setSinks(...earlier);
  }
  expect(messages[0]).toContain("Uncaught exception in a stream's close callback");
});
