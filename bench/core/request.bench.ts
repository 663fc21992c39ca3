/**
 * What one request costs above the socket: parsing, routing, the handler, the response's bytes.
 * A socket that throws its output away delivers the same small request over and over.
 * Prints nanoseconds a request, the best and the median of some rounds.
 */

import { transferMemory, viewBytes } from "../../src/core.ts";
import type {
  Address,
  Host,
  Listener,
  Socket,
  SocketHandler,
  SocketHandlerFactory,
  Tcp,
} from "../../src/host.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { Application, RequestHandler } from "../../src/web.ts";

const NOWHERE: Address = { host: "127.0.0.1", port: 1, path: "" };

class Sink implements Socket {
  readonly localAddress = NOWHERE;
  readonly remoteAddress = NOWHERE;
  readonly tls = undefined;
  readonly bufferedAmount = 0;
  handler: SocketHandler = undefined as unknown as SocketHandler;
  sent = 0;
  send(_start: number, length: number): void {
    this.sent += length;
  }
  write(bytes: Uint8Array): void {
    this.sent += bytes.length;
  }
  sendFile(): boolean {
    return false;
  }
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  close(): void {}
  abort(): void {}
  setNoDelay(): void {}
  keepProcess(): void {}
}

class SinkTcp implements Tcp {
  accept: SocketHandlerFactory = () => {
    throw new Error("Cannot accept: nothing listens");
  };
  async listen(_options: object, accept: SocketHandlerFactory): Promise<Listener> {
    this.accept = accept;
    return { address: NOWHERE, close: () => undefined, setTls: () => undefined };
  }
  openListener(): Promise<never> {
    return Promise.reject(new Error("Cannot listen: there is no network"));
  }
  connect(): Promise<Socket> {
    return Promise.reject(new Error("Cannot connect: there is no network"));
  }
  startTls(): Promise<Socket> {
    return Promise.reject(new Error("Cannot begin TLS: there is no network"));
  }
  watch(): never {
    throw new Error("Cannot watch a descriptor: there is no loop");
  }
  time(): number {
    return performance.now();
  }
  reserve(): number {
    return transferMemory.output.start;
  }
}

class Hello extends RequestHandler {
  get(): void {
    this.write("Hello, world");
  }
}

const wire = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n";

async function measure(etag: boolean, rounds: number): Promise<number[]> {
  const tcp = new SinkTcp();
  const programCommand = (): string[] => [];
  const host: Host = {
    name: "sink",
    runtime: "none",
    stacks: "none",
    programCommand,
    openTcp: () => tcp,
  };
  const server = new HTTPServer(new Application([["/", Hello]], { etag }), {
    loop: new IOLoop(host),
  });
  await server.listen(0);
  const socket = new Sink();
  const handler = tcp.accept(socket);
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
