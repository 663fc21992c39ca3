/** TCPClient on the fake host: who wins a race, and what outlasts no timeout. */
import { expect, onTestFinished, test, vi } from "vitest";
import type { Host, Tcp } from "../src/host.ts";
import { IOLoop } from "../src/ioloop.ts";
import type { IOStream } from "../src/iostream.ts";
import type { ResolvedAddress, Resolver } from "../src/netutil.ts";
import { TCPClient } from "../src/tcpclient.ts";
import { TCPServer } from "../src/tcpserver.ts";
import { TimeoutError } from "../src/util.ts";
import { noCertificates } from "./support/certificates.ts";
import { Echo, echoes } from "./support/echo-server.ts";
import { createFakeHost } from "./support/fake-host.ts";
import { until } from "./support/until.ts";

/** A host on which addresses answer, refuse or say nothing, and what was tried on it. */
function scripted(script: Record<string, "answers" | "refuses" | "is silent">): {
  loop: IOLoop;
  tried: string[];
  resolver: Resolver;
} {
  const fake = createFakeHost();
  const tried: string[] = [];
  const openTcp: Host["openTcp"] = (memory) => {
    const tcp = fake.openTcp(memory);
    const connect: Tcp["connect"] = (options, connected) => {
      const host = options.host ?? "";
      tried.push(host);
      if (script[host] === "answers") return tcp.connect(options, connected);
      if (script[host] === "is silent") return new Promise(() => {});
      return Promise.reject(Object.assign(new Error(host), { code: "ECONNREFUSED" }));
    };
    return new Proxy(tcp, {
      get: (target, name) => {
        const value = name === "connect" ? connect : Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  const loop = new IOLoop({ ...fake, openTcp });
  const addresses = Object.keys(script).map(
    (host): ResolvedAddress => ({ family: host.includes(":") ? 6 : 4, host, port: 0 }),
  );
  const resolver: Resolver = {
    resolve: async (_, port, family) =>
      addresses
        .filter((one) => family === undefined || one.family === family)
        .map((one) => ({ ...one, port })),
  };
  return { loop, tried, resolver };
}

async function race(
  script: Parameters<typeof scripted>[0],
  settings: { family?: 4 | 6; timeout?: number } = {},
) {
  const { loop, tried, resolver } = scripted(script);
  const server = new Echo({ loop });
  await server.listen(0);
  const client = new TCPClient({ loop, resolver });
  const port = server.addresses[0]?.port ?? 0;
  const result = await client.connect("example.test", port, settings).then(
    async (stream) => {
      await echoes(stream);
      return stream.remoteAddress.host;
    },
    (error: unknown) => error,
  );
  return { result, tried };
}

test("tries families in turn, the next at once when one refuses", async () => {
  const { result, tried } = await race({
    "::1": "refuses",
    "::2": "refuses",
    "127.0.0.1": "refuses",
    "127.0.0.2": "answers",
  });
  expect([result, tried]).toEqual(["127.0.0.2", ["::1", "127.0.0.1", "::2", "127.0.0.2"]]);
});

test("does not wait for an address that says nothing", async () => {
  const { result, tried } = await race({ "::1": "is silent", "127.0.0.1": "answers" });
  expect([result, tried]).toEqual(["127.0.0.1", ["::1", "127.0.0.1"]]);
});

test("when all refuse, the first one's error; when none is left, an error too", async () => {
  const { result } = await race({ "::1": "refuses", "127.0.0.1": "refuses" });
  expect(result).toMatchObject({ message: "::1", code: "ECONNREFUSED" });
  expect((await race({})).result).toBeInstanceOf(Error);
});

test("one family alone, and a timeout", async () => {
  const only = await race({ "::1": "answers", "127.0.0.1": "answers" }, { family: 4 });
  expect([only.result, only.tried]).toEqual(["127.0.0.1", ["127.0.0.1"]]);
  const silent = await race({ "::1": "is silent" }, { timeout: 0.02 });
  expect(silent.result).toBeInstanceOf(TimeoutError);
});

test.skipIf(noCertificates !== undefined)("a handshake does not outlast it", async () => {
  const loop = new IOLoop(createFakeHost());
  const closed: Promise<void>[] = [];
  class Deaf extends TCPServer {
    override handleStream(stream: IOStream): void {
      closed.push(new Promise((resolve) => stream.setCloseCallback(resolve)));
      stream.readUntilClose().catch(() => undefined);
    }
  }
  const server = new Deaf({ loop });
  await server.listen(0, "127.0.0.1");
  const port = server.addresses[0]?.port ?? 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const settings = { sslOptions: { handshakeTimeout: 300 }, timeout: 10 };
  const connecting = new TCPClient({ loop }).connect("127.0.0.1", port, settings);
  const refused = expect(connecting).rejects.toThrow(TimeoutError);
  await until(() => closed.length === 1);
  vi.advanceTimersByTime(10_000);
  await refused;
  await closed[0];
});

test("a resolver that hangs does not outlast the timeout", async () => {
  const loop = new IOLoop(createFakeHost());
  const resolver: Resolver = { resolve: () => new Promise(() => {}) };
  const connecting = new TCPClient({ loop, resolver }).connect("a.test", 1, { timeout: 0.02 });
  await expect(connecting).rejects.toThrow(TimeoutError);
});

test("a port to come from is one", async () => {
  const client = new TCPClient({ loop: new IOLoop(createFakeHost()) });
  const connecting = client.connect("127.0.0.1", 1, { sourcePort: 65_536 });
  await expect(connecting).rejects.toThrow(/connect from port 65536/);
});
