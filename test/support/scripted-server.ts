/**
 * A server that says what a script has it say, byte for byte, on the fake host or on a real one; and
 * a client on the same loop. For tests of what peers can do to a client.
 */

import { setImmediate } from "node:timers/promises";
import { AsyncHTTPClient, type AsyncHTTPClientOptions } from "../../src/httpclient.ts";
import { IOLoop } from "../../src/ioloop.ts";
import { createFakeHost } from "./fake-host.ts";
import { Client } from "./server.ts";

/** The server's end of one connection. */
export class Peer extends Client {
  /** Heads that have been answered, or waited for. */
  #heads = 0;

  /** Resolves with the next head, when all of it is there. */
  async head(): Promise<string> {
    const nth = this.#heads++;
    const heads = (): string[] => this.received.split("\r\n\r\n");
    await this.until(() => heads().length > nth + 1 || this.closed);
    return heads()[nth] ?? "";
  }

  /** Says one response, whole. */
  answer(status: string, headers: Record<string, string> = {}, body = ""): void {
    const fields = { "Content-Length": String(body.length), ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    this.send(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`);
  }

  /** Says parts in turns of the event loop, so that each arrives by itself. */
  async sendParts(parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      this.send(part);
      await setImmediate();
      await setImmediate();
    }
  }
}

export interface ScriptedServer {
  readonly loop: IOLoop;
  readonly client: AsyncHTTPClient;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Connections in the order in which they came. */
  readonly peers: Peer[];
}

/** Serves a script, which is started for each connection. */
export async function scripted(
  script: (peer: Peer, number: number) => unknown,
  options: AsyncHTTPClientOptions = {},
  loop: IOLoop = new IOLoop(createFakeHost()),
): Promise<ScriptedServer> {
  const peers: Peer[] = [];
  const listener = await loop.tcp.listen({ host: "127.0.0.1", port: 0 }, (socket) => {
    const peer = new Peer();
    peer.socket = socket;
    peers.push(peer);
    void script(peer, peers.length);
    return peer;
  });
  const client = new AsyncHTTPClient({ forceInstance: true, ...options, loop });
  return { loop, client, url: `http://127.0.0.1:${listener.address.port}`, peers };
}

/** Answers every request on a connection in the same way. */
export function always(answer: (peer: Peer, head: string) => unknown) {
  return async (peer: Peer): Promise<void> => {
    for (;;) {
      const head = await peer.head();
      if (head === "" || peer.closed) return;
      await answer(peer, head);
    }
  };
}
