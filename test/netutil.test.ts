import { describe, expect, test } from "vitest";
import {
  activatedSockets,
  DefaultResolver,
  isValidIp,
  OverrideResolver,
  type SslFiles,
  sslOptionsToContext,
} from "../src/netutil.ts";

test.each([
  "0.0.0.0",
  "127.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "1::",
  "fe80::1",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::ffff:1.2.3.4",
  "1:2:3:4:5:6:1.2.3.4",
  "ABCD:ef01:2345:6789:abcd:ef01:2345:6789",
])("%s is an IP address", (text) => {
  expect(isValidIp(text)).toBe(true);
});

test.each([
  "",
  "1",
  "127.1",
  "1.2.3",
  "1.2.3.4.",
  "1.2.3.4.5",
  "01.2.3.4",
  "256.1.1.1",
  "1.2.3.-4",
  "1.2.3.4\n",
  "0x7f.0.0.1",
  "localhost",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "::12345",
  "::g",
  "1.2.3.4::",
  "::1.2.3",
  "fe80::1%lo",
  "[::1]",
  "::1 ",
  ":1",
  "1:",
  "1".repeat(100_000),
  ":".repeat(100_000),
  "<script>",
  // Of plain JavaScript.
  undefined as unknown as string,
  5 as unknown as string,
])("%s is none", (text) => {
  expect(isValidIp(text)).toBe(false);
});

test("what becomes of clients without a certificate is one of three things", async () => {
  const files = { certfile: "/nowhere.pem", certReqs: "CERT_REQUIRED" } as unknown as SslFiles;
  await expect(sslOptionsToContext(files)).rejects.toThrow(/certReqs "CERT_REQUIRED"/);
});

describe("resolvers", () => {
  const resolver = new DefaultResolver();

  test("addresses are their own, of one family", async () => {
    expect(await resolver.resolve("127.0.0.1", 80)).toEqual([
      { family: 4, host: "127.0.0.1", port: 80 },
    ]);
    expect(await resolver.resolve("::1", 80, 6)).toEqual([{ family: 6, host: "::1", port: 80 }]);
    await expect(resolver.resolve("::1", 80, 4)).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  test("names are looked up", async () => {
    const hosts = (await resolver.resolve("localhost", 80)).map(({ host }) => host);
    expect(["127.0.0.1", "::1"]).toContain(hosts[0]);
    await expect(resolver.resolve("nowhere.invalid", 80)).rejects.toThrow();
  });

  test("a table comes first", async () => {
    const override = new OverrideResolver(resolver, {
      "a.test": "127.0.0.1",
      "a.test:443": ["127.0.0.2", 8443],
      "127.0.0.9": "127.0.0.3",
    });
    const resolve = async (host: string, port: number) =>
      (await override.resolve(host, port)).map((one) => `${one.host}:${one.port}`);
    expect(await resolve("a.test", 80)).toEqual(["127.0.0.1:80"]);
    expect(await resolve("a.test", 443)).toEqual(["127.0.0.2:8443"]);
    expect(await resolve("127.0.0.9", 1)).toEqual(["127.0.0.3:1"]);
    expect(await resolve("127.0.0.8", 1)).toEqual(["127.0.0.8:1"]);
  });
});

describe("sockets of the service manager", () => {
  test("are those for this process, once", () => {
    const pid = `${process.pid}`;
    const environment: Record<string, string | undefined> = {
      LISTEN_FDS: "2",
      LISTEN_PID: pid,
      LISTEN_FDNAMES: "web",
      OTHER: "kept",
    };
    const found = [
      { fd: 3, name: "web" },
      { fd: 4, name: "unknown" },
    ];
    expect(activatedSockets(environment)).toEqual(found);
    expect(environment).toEqual({ OTHER: "kept" });
    expect(activatedSockets(environment)).toEqual([]);
    expect(activatedSockets({ LISTEN_FDS: "1", LISTEN_PID: "1" })).toEqual([]);
    expect(activatedSockets({ LISTEN_FDS: "-1", LISTEN_PID: pid })).toEqual([]);
  });
});
