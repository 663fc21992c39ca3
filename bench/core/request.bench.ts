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

/** Bytes from one head to the next, and how many different ones there are at most. */
const STRIDE = 1088;
const MOST = 128;

/** `different` heads of one length, in turn: the same one comes again and again, or hardly any does. */
async function measure(etag: boolean, different: number): Promise<void> {
  const accept = await acceptorOf(new Application([["/", Hello]], { etag }));
  const handler = accept(new Sink());
  const { start } = transferMemory.input;
  let length = 0;
  for (let number = 0; number < different; number++) {
    const wire = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${1000 + number}\r\n\r\n`;
    length = wire.length;
    viewBytes(start + number * STRIDE, length).set(new TextEncoder().encode(wire));
  }
  let next = 0;
  const heads = different === 1 ? "the same head" : "other heads  ";
  await printRounds(`etag ${etag ? "on " : "off"}, ${heads}`, 60, 20_000, () => {
    handler.data(start + next * STRIDE, length);
    next = (next + 1) & (different - 1);
  });
  handler.close(undefined);
}

for (let round = 0; round < 2; round++) {
  for (const etag of [false, true]) {
    await measure(etag, 1);
    await measure(etag, MOST);
  }
}
