/**
 * Opens connections along routes: finds addresses, connects to the first that answers, asks a proxy
 * for a tunnel, begins TLS. Whoever waits for it may give up meanwhile, and is asked at every step.
 */

import type { Socket, SocketHandler, TlsClientOptions } from "../host.ts";
import { type ClientConnectionOwner, HTTP1ClientConnection } from "../http1connection.ts";
import type { IOLoop } from "../ioloop.ts";
import type { Resolver } from "../netutil.ts";
import type { HeldLimits } from "./limits.ts";
import { openSocket } from "./request-socket.ts";
import type { Route } from "./route.ts";
import { tlsOptionsOf } from "./tls-settings.ts";
import { openTunnel } from "./tunnel.ts";

/** Who opens connections, and how. */
export interface ConnectorOptions {
  readonly loop: IOLoop;
  readonly owner: ClientConnectionOwner;
  readonly limits: HeldLimits;
  /** Left out, the sockets find the addresses of names by themselves. */
  readonly resolver: Resolver | undefined;
}

/** Nobody waits for the connection any more. */
class GivenUp extends Error {}

export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /**
   * Opens a connection; undefined if the signal says that it is not wanted any more. Rejects if there
   * is none to be had.
   */
  async open(route: Route, signal: AbortSignal): Promise<HTTP1ClientConnection | undefined> {
    try {
      return await this.#open(route, signal);
    } catch (error) {
      if (error instanceof GivenUp) return undefined;
      throw error;
    }
  }

  async #open(route: Route, signal: AbortSignal): Promise<HTTP1ClientConnection> {
    const { secureHost, tunnel, settings } = route;
    const tls = secureHost === undefined ? undefined : await tlsOptionsOf(settings, secureHost);
    if (tunnel === undefined) return this.#connect(route, tls, signal);
    const toProxy = await this.#connect(route, undefined, signal);
    const cancel = (): void => toProxy.cancel();
    signal.addEventListener("abort", cancel);
    const socket = await openTunnel(toProxy, tunnel, this.#options.limits.response);
    signal.removeEventListener("abort", cancel);
    return this.#secure(socket, tls ?? {}, route, signal);
  }

  async #connect(
    route: Route,
    tls: TlsClientOptions | undefined,
    signal: AbortSignal,
  ): Promise<HTTP1ClientConnection> {
    const { loop, resolver } = this.#options;
    const made = new MadeConnection(this.#options.owner, route.key);
    await openSocket(route, route.settings, { loop, signal, tls, resolver }, made.factory);
    return made.take(signal);
  }

  async #secure(
    socket: Socket,
    tls: TlsClientOptions,
    route: Route,
    signal: AbortSignal,
  ): Promise<HTTP1ClientConnection> {
    const made = new MadeConnection(this.#options.owner, route.key);
    await this.#options.loop.tcp.startTls(socket, { side: "client", ...tls, signal }, made.factory);
    return made.take(signal);
  }
}

/** Makes the handler of a socket, and holds it until the socket's promise has resolved. */
class MadeConnection {
  readonly #owner: ClientConnectionOwner;
  readonly #key: string;
  #connection: HTTP1ClientConnection | undefined;

  constructor(owner: ClientConnectionOwner, key: string) {
    this.#owner = owner;
    this.#key = key;
  }

  readonly factory = (socket: Socket): SocketHandler => {
    this.#connection = new HTTP1ClientConnection(socket, this.#key, this.#owner);
    return this.#connection;
  };

  take(signal: AbortSignal): HTTP1ClientConnection {
    if (this.#connection !== undefined && !signal.aborted) return this.#connection;
    this.#connection?.closeIdle();
    throw new GivenUp();
  }
}
