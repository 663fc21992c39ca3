/**
 * A server on the fake host, and a client that speaks to it in bytes: no network, the same course
 * every time, and every byte of the answer to look at.
 */

import { viewBytes } from "../../src/core.ts";
import type { Socket, SocketHandler } from "../../src/host.ts";
import { HTTPServer, type HTTPServerOptions, type RequestCallback } from "../../src/httpserver.ts";
import type { HTTPServerConnectionDelegate } from "../../src/httputil.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { createFakeHost } from "./fake-host.ts";

/** A server that listens on the fake host. */
export interface TestServer {
  readonly server: HTTPServer;
  connect(): Promise<Client>;
  /** Sends bytes on a connection of their own, ends it, and gives all that came back. */
  exchange(wire: string | readonly Uint8Array[]): Promise<string>;
}

/** One connection to the server, in text of one byte a character. */
export class Client implements SocketHandler {
  socket: Socket | undefined;
  received = "";
  ended = false;
  closed = false;
  error: Error | undefined;
  #waiting: (() => void)[] = [];

  data(start: number, length: number): void {
    this.received += Buffer.from(viewBytes(start, length)).toString("latin1");
    this.#wake();
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  drain(): void {
    this.#wake();
  }

  close(error: Error | undefined): void {
    this.closed = true;
    this.error = error;
    this.#wake();
  }

  send(wire: string | Uint8Array): void {
    this.socket?.write(typeof wire === "string" ? bytesOf(wire) : wire);
  }

  /** Resolves when the condition holds; rejects if it has not by the end of a few seconds. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 8000;
    while (!condition()) {
      if (Date.now() > deadline) {
        throw new Error(`Waited in vain; received so far: ${JSON.stringify(this.received)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves with everything received once the server has ended the connection. */
  async rest(): Promise<string> {
    await this.until(() => this.ended || this.closed);
    this.socket?.close();
    return this.received;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Serves an application or callback on a fake host of its own. */
export async function serve(
  handler: HTTPServerConnectionDelegate | RequestCallback,
  options: HTTPServerOptions = {},
): Promise<TestServer> {
  const loop = new IOLoop(createFakeHost());
  const server = new HTTPServer(handler, { ...options, loop });
  await server.listen(0);
  const port = server.addresses[0]?.port as number;
  const connect = async (): Promise<Client> => {
    const client = new Client();
    await loop.tcp.connect({ host: "127.0.0.1", port }, (socket) => {
      client.socket = socket;
      return client;
    });
    return client;
  };
  const exchange = async (wire: string | readonly Uint8Array[]): Promise<string> => {
    const client = await connect();
    for (const part of typeof wire === "string" ? [wire] : wire) {
      client.send(part);
      if (typeof wire !== "string") await new Promise((resolve) => setTimeout(resolve, 0));
    }
    client.socket?.shutdown();
    return client.rest();
  };
  return { server, connect, exchange };
}
