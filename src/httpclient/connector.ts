/**
 * Opens connections along routes: finds addresses, connects to the first that answers, asks a proxy
 * for a tunnel, begins TLS. Whoever waits for it may give up meanwhile, and is asked at every step.
 */

import { lookup } from "node:dns/promises";
import type { ConnectOptions, Socket, SocketHandler, TlsClientOptions } from "../host.ts";
import { type ClientConnectionOwner, HTTP1ClientConnection } from "../http1connection.ts";
import type { HeldLimits } from "./limits.ts";
import type { Route } from "./route.ts";
import { tlsOptionsOf } from "./tls-settings.ts";
import { openTunnel } from "./tunnel.ts";

/** Finds the addresses of a host, the preferred one first. */
export type ResolveHost = (host: string, port: number) => Promise<readonly string[]>;

export interface ConnectorOptions {
  readonly resolve: ResolveHost | undefined;
  /** Addresses, or other names, in place of names. */
  readonly hostnameMapping: Readonly<Record<string, string>>;
}

/** One wish for a connection, which may be given up before there is one. */
export class Attempt {
  wanted = true;
  /** What to do then at once, rather than at the next step. */
  onCancel: (() => void) | undefined;

  cancel(): void {
    this.wanted = false;
    this.onCancel?.();
  }
}

/** Nobody waits for the connection any more. */
class GivenUp extends Error {}

async function resolveIpv4(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, family: 4 });
  return found.map(({ address }) => address);
}

export class Connector {
  readonly #owner: ClientConnectionOwner;
  readonly #limits: HeldLimits;
  readonly #options: ConnectorOptions;

  constructor(owner: ClientConnectionOwner, limits: HeldLimits, options: ConnectorOptions) {
    this.#owner = owner;
    this.#limits = limits;
    this.#options = options;
  }

  /** Undefined if it is not wanted any more. Rejects if there is no connection to be had. */
  async open(route: Route, attempt: Attempt): Promise<HTTP1ClientConnection | undefined> {
    try {
      return await this.#open(route, attempt);
    } catch (error) {
      if (error instanceof GivenUp) return undefined;
      throw error;
    }
  }

  async #open(route: Route, attempt: Attempt): Promise<HTTP1ClientConnection> {
    const tls =
      route.secureHost === undefined
        ? undefined
        : await tlsOptionsOf(route.settings, route.secureHost);
    const direct = route.tunnel === undefined ? tls : undefined;
    const first = await this.#connect(route, direct, attempt);
    if (route.tunnel === undefined) return first;
    attempt.onCancel = () => first.cancel();
    const socket = await openTunnel(first, route.tunnel, this.#limits.response);
    attempt.onCancel = undefined;
    return this.#secure(socket, tls ?? {}, route, attempt);
  }

  async #connect(
    route: Route,
    tls: TlsClientOptions | undefined,
    attempt: Attempt,
  ): Promise<HTTP1ClientConnection> {
    let failure: unknown;
    for (const place of await this.#placesOf(route)) {
      if (!attempt.wanted) throw new GivenUp();
      try {
        const options = tls === undefined ? place : { ...place, tls };
        const made = this.#maker(route, attempt);
        await this.#owner.tcp.connect(options, made.factory);
        return made.connection();
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  async #secure(
    socket: Socket,
    tls: TlsClientOptions,
    route: Route,
    attempt: Attempt,
  ): Promise<HTTP1ClientConnection> {
    if (!attempt.wanted) {
      socket.abort();
      throw new GivenUp();
    }
    const made = this.#maker(route, attempt);
    await this.#owner.tcp.startTls(socket, { side: "client", ...tls }, made.factory);
    return made.connection();
  }

  /** A factory for a socket's handler, and what it made. */
  #maker(route: Route, attempt: Attempt) {
    let connection: HTTP1ClientConnection | undefined;
    const factory = (socket: Socket): SocketHandler => {
      connection = new HTTP1ClientConnection(socket, route.key, this.#owner);
      return connection;
    };
    return {
      factory,
      connection: (): HTTP1ClientConnection => {
        if (connection !== undefined && attempt.wanted) return connection;
        connection?.closeIdle();
        throw new GivenUp();
      },
    };
  }

  async #placesOf({ host, port, path, settings }: Route): Promise<readonly ConnectOptions[]> {
    if (path !== undefined) return [{ path }];
    const { resolve, hostnameMapping } = this.#options;
    const name = Object.hasOwn(hostnameMapping, host) ? (hostnameMapping[host] ?? host) : host;
    // Sockets find the addresses of a name by themselves, of both families.
    if (resolve === undefined && settings.allowIpv6) return [{ host: name, port }];
    const addresses = await (resolve ?? resolveIpv4)(name, port);
    const usable = settings.allowIpv6 ? addresses : addresses.filter((one) => !one.includes(":"));
    if (usable.length > 0) return usable.map((address) => ({ host: address, port }));
    throw Object.assign(new Error(`Cannot find ${name}: the resolver knows no address of it`), {
      code: "ENOTFOUND",
    });
  }
}
