/** The name in a ClientHello, at every split, and in bytes that are none. */
import { type AddressInfo, createServer, type Server } from "node:net";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serverNameOf } from "../src/tls/client-hello.ts";

let server: Server;
let port = 0;
let heard: (bytes: Buffer) => void = () => {};

beforeAll(async () => {
  server = createServer((socket) => {
    socket.once("data", (bytes) => {
      heard(bytes as Buffer);
      socket.destroy();
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

/** What this runtime's TLS says first. */
async function hello(servername: string | undefined): Promise<Buffer> {
  const arrived = new Promise<Buffer>((resolve) => {
    heard = resolve;
  });
  const name = servername === undefined ? {} : { servername };
  const client = connect({ host: "127.0.0.1", port, ...name });
  client.on("error", () => {});
  const bytes = await arrived;
  client.destroy();
  return bytes;
}

describe("serverNameOf", () => {
  test("finds the name once the message is whole", async () => {
    const bytes = await hello("Www.Example.test");
    for (let end = 0; end < bytes.length; end++) {
      expect(serverNameOf(bytes.subarray(0, end))).toBeUndefined();
    }
    expect(serverNameOf(bytes)).toBe("www.example.test");
    expect(serverNameOf(Buffer.concat([bytes, Buffer.from("more")]))).toBe("www.example.test");
  });

  test("in several records", async () => {
    const bytes = await hello("example.test");
    const message = bytes.subarray(5);
    const records = [];
    for (let at = 0; at < message.length; at += 50) {
      const part = message.subarray(at, at + 50);
      records.push(Buffer.from([22, 3, 1, 0, part.length]), part);
    }
    expect(serverNameOf(Buffer.concat(records))).toBe("example.test");
  });

  test("there may be none", async () => {
    expect(serverNameOf(await hello(undefined))).toBe("");
    expect(serverNameOf(Buffer.from("GET / HTTP/1.1\r\n"))).toBe("");
    expect(serverNameOf(new Uint8Array(40_000).fill(22))).toBe("");
  });

  test("whatever the bytes are, nothing is thrown", async () => {
    const bytes = await hello("example.test");
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        expect(["string", "undefined"]).toContain(typeof serverNameOf(changed));
      }
    }
  });
});
