/**
 * What one request costs above the socket: parsing, routing, the handler, the response's bytes.
 * A socket that throws its output away delivers the same small request over and over.
 * Prints nanoseconds a request, the best and the median of some rounds.
 */

import { transferMemory, viewBytes } from "../../src/core.ts";
import { Application, RequestHandler } from "../../src/web.ts";
import { acceptorOf, Sink } from "./sink.ts";

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

const wire = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n";

async function measure(etag: boolean, rounds: number): Promise<number[]> {
  const accept = await acceptorOf(new Application([["/", Hello]], { etag }));
  const handler = accept(new Sink());
  const { start } = transferMemory.input;
  viewBytes(start, wire.length).set(new TextEncoder().encode(wire));
  const times: number[] = [];
  const count = 20_000;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (let request = 0; request < count; request++) handler.data(start, wire.length);
    times.push(((performance.now() - began) * 1e6) / count);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  handler.close(undefined);
  return times.sort((a, b) => a - b);
}

for (const etag of process.argv[2] ? [false, false, false, false] : [false, true, false, true]) {
  const times = await measure(etag, 60);
  const best = times[0]?.toFixed(0);
  const median = times[Math.floor(times.length / 2)]?.toFixed(0);
  console.log(`etag ${etag ? "on " : "off"}: best ${best} ns, median ${median} ns`);
}
