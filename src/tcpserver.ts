/**
 * Listens for connections and makes a handler for each. `httpserver` stands on it; a protocol of
 * one's own does too (Tornado `tcpserver`).
 */

import type { Address, Listener, ListenOptions, Socket, SocketHandler } from "./host.ts";
import { IOLoop } from "./ioloop.ts";

/** A server of some protocol over TCP or Unix sockets. */
export abstract class TCPServer {
  readonly loop: IOLoop;
  readonly #listeners: Listener[] = [];

  constructor(loop: IOLoop = IOLoop.current()) {
    this.loop = loop;
  }

  /**
   * Starts to accept connections on a port of an address, of all addresses by default. Port 0
   * takes a free one, see `addresses`. Rejects with the system's error if it cannot be bound.
   */
  async listen(port: number, address?: string, options: ListenOptions = {}): Promise<void> {
    const place = address === undefined ? { port } : { port, host: address };
    await this.#open({ ...options, ...place });
  }

  /** Starts to accept connections on a Unix socket. */
  async listenUnix(path: string, options: ListenOptions = {}): Promise<void> {
    await this.#open({ ...options, path });
  }

  /** Where the server listens, with the ports it took. */
  get addresses(): Address[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Stops accepting. Connections that are open go on. */
  stop(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** Makes the handler of a new connection. */
  protected abstract handleSocket(socket: Socket): SocketHandler;

  async #open(options: ListenOptions): Promise<void> {
    const accept = (socket: Socket): SocketHandler => this.handleSocket(socket);
    this.#listeners.push(await this.loop.tcp.listen(options, accept));
  }
}
