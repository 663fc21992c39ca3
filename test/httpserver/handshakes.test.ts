/** A stop while a client is in its TLS handshake, on the runtime's own sockets. */
import { expect, test } from "vitest";
import { HTTPServer } from "../../src/httpserver.ts";
import { TCPClient } from "../../src/tcpclient.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { certificates, noCertificates } from "../support/certificates.ts";
import { runtimeLoop as loop } from "../support/runtime-loop.ts";
import { until } from "../support/until.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

test.skipIf(noCertificates !== undefined)("is waited for, and its request answered", async () => {
  const { server: identity, ca } = certificates();
  let begun = 0;
  const sslOptions = { ...identity, handshakeBegun: () => begun++ };
  const server = new HTTPServer(new Application([["/", Hello]]), {
    loop,
    sslOptions,
    drainGrace: 5,
  });
  await server.listen(0, "127.0.0.1");
  const client = new TCPClient({ loop });
  const stream = await client.connect("127.0.0.1", server.addresses[0]?.port ?? 0);
  await until(() => begun === 1);

  const events: string[] = [];
  const stopping = server.drain().then((broken) => events.push(`stopped, ${broken} broken off`));
  const secure = await stream.startTls(false, { ca }, "localhost");
  await secure.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const answer = new TextDecoder().decode(await secure.readUntilClose());
  events.push("answered");
  await stopping;
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*Connection: close[\s\S]*Hello, world$/);
  expect(events).toEqual(["answered", "stopped, 0 broken off"]);
});

test.skipIf(noCertificates !== undefined)(
  "is not waited for if it takes long, or fails",
  async () => {
    const failures: string[] = [];
    const sslOptions = {
      ...certificates().server,
      handshakeFailed: (error: Error) => failures.push(error.message),
    };
    const server = new HTTPServer(new Application([]), { loop, sslOptions, drainGrace: 0.01 });
    await server.listen(0, "127.0.0.1");
    const client = new TCPClient({ loop });
    const port = server.addresses[0]?.port ?? 0;
    const failing = await client.connect("127.0.0.1", port);
    await failing.write("This is no TLS, whatever it is");
    await failing.readUntilClose();
    await until(() => failures.length === 1);
    const silent = await client.connect("127.0.0.1", port);
    expect(await server.drain()).toBe(0);
    silent.close();
  },
);
