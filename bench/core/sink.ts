/**
 * A network without one, for what is measured above the socket: whatever is sent is thrown away.
 */

import { transferMemory } from "../../src/core.ts";
import {
  type Address,
  type Host,
  type Listener,
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type Tcp,
} from "../../src/host.ts";
import { HTTPServer } from "../../src/httpserver.ts";
import { IOLoop } from "../../src/ioloop.ts";
import type { Application } from "../../src/web.ts";

const NOWHERE: Address = { host: "127.0.0.1", port: 1, path: "" };

export class Sink implements Socket {
  readonly localAddress: Address = NOWHERE;
  readonly remoteAddress: Address = NOWHERE;
  readonly tls: undefined;
  readonly bufferedAmount: number = 0;
  handler: SocketHandler = NOBODY;
  /** Bytes that were thrown away. */
  sent: number = 0;
  send(_start: number, length: number): void {
    this.sent += length;
  }
  write(bytes: Uint8Array): void {
    this.sent += bytes.length;
  }
  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
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

/** Starts a server of an application; gives what accepts its connections. */
export async function acceptorOf(application: Application): Promise<SocketHandlerFactory> {
  const tcp = new SinkTcp();
  const programCommand = (): string[] => [];
  const host: Host = {
    name: "sink",
    runtime: "none",
    stacks: "none",
    programCommand,
    openTcp: () => tcp,
  };
  await new HTTPServer(application, { loop: new IOLoop(host) }).listen(0);
  return tcp.accept;
}

/**
 * Does something `count` times in each round, timers between them, and prints the nanoseconds of
 * one time: the best and the median of the rounds.
 */
export async function printRounds(
  title: string,
  rounds: number,
  count: number,
  act: () => void,
): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (let time = 0; time < count; time++) act();
    times.push(((performance.now() - began) * 1e6) / count);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  times.sort((a, b) => a - b);
  const best = times[0]?.toFixed(0);
  const median = times[Math.floor(times.length / 2)]?.toFixed(0);
  console.log(`${title}: best ${best} ns, median ${median} ns`);
}
