/**
 * What one request costs above the socket: parsing, routing, the handler, the response's bytes.
 * A socket that throws its output away delivers the same small request over and over.
 * Prints nanoseconds a request, the best and the median of some rounds.
 */

import { transferMemory, viewBytes } from "../../src/core.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { acceptorOf, printRounds, Sink } from "./sink.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

const wire = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n";

async function measure(etag: boolean): Promise<void> {
  const accept = await acceptorOf(new Application([["/", Hello]], { etag }));
  const handler = accept(new Sink());
  const { start } = transferMemory.input;
  viewBytes(start, wire.length).set(new TextEncoder().encode(wire));
  await printRounds(`etag ${etag ? "on " : "off"}`, 60, 20_000, () =>
    handler.data(start, wire.length),
  );
  handler.close(undefined);
}

for (const etag of process.argv[2] ? [false, false, false, false] : [false, true, false, true]) {
  await measure(etag);
}
