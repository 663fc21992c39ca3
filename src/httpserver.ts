/**
 * The HTTP server: listens, gives every socket an HTTP/1.x connection, and watches over their
 * timeouts. Takes its requests' delegates from an application or a callback; knows no handlers.
 */

import {
  NOBODY,
  type Socket,
  type SocketHandler,
  type Tcp,
  type TlsServerOptions,
} from "./host.ts";
import {
  type ConnectionLimits,
  type ConnectionOwner,
  clock,
  connectionLimits,
  HTTP1ServerConnection,
  secondsSince,
  warmUp,
} from "./http1connection.ts";
import { CallbackDelegate, type RequestCallback } from "./httpserver/callback-delegate.ts";
import { ConnectionList } from "./httpserver/connection-list.ts";
import { DecompressDelegate } from "./httpserver/decompress-delegate.ts";
import { DRAIN_LINGER, type DrainOptions, drain, drainOptions } from "./httpserver/drain.ts";
import { ProxyDelegate } from "./httpserver/proxy-delegate.ts";
import type { Departure, HTTPServerConnectionDelegate } from "./httputil.ts";
import type { IOLoop, Timeout } from "./ioloop.ts";
import { genLog } from "./log.ts";
import { stopOnSignals } from "./shutdown.ts";
import { TCPServer } from "./tcpserver.ts";
import { checkLimit, timerDelay } from "./util.ts";

export { banner } from "./httpserver/banner.ts";
export { CallbackDelegate, type RequestCallback } from "./httpserver/callback-delegate.ts";
export type { DrainOptions } from "./httpserver/drain.ts";

/** Options of a server: every limit of its connections, how it stops, and these. */
export interface HTTPServerOptions extends Partial<ConnectionLimits>, DrainOptions {
  /**
   * Most connections at once. At the limit an idle one is closed, of those that have been there
   * longest; if there is none, the new one is reset. 0: no limit.
   */
  readonly maxConnections?: number;
  /**
   * Speaks TLS, so that URLs begin with `https:`: certificate, key and whom to trust. They are
   * renewed by `setSslOptions`.
   */
  readonly sslOptions?: TlsServerOptions;
  /** `http` or `https`, as the request reports it, if a proxy in front of it speaks TLS. */
  readonly protocol?: "http" | "https";
  /**
   * The server is behind a proxy that sets X-Real-Ip or X-Forwarded-For, and X-Scheme or
   * X-Forwarded-Proto: requests report what these say. Without such a proxy anybody could set them.
   */
  readonly xheaders?: boolean;
  /** IP addresses of further proxies, which are passed over at the end of X-Forwarded-For. */
  readonly trustedDownstream?: Iterable<string>;
  /**
   * Undoes the Content-Encoding of request bodies: gzip, deflate, br, and zstd where the runtime has
   * it. `maxBodySize` holds for them compressed and decompressed. Handlers find the coding in
   * X-Consumed-Content-Encoding. False by default.
   */
  readonly decompressRequest?: boolean;
  /**
   * SIGTERM and SIGINT stop the server gracefully and end the process, see `shutdown`. By default
   * for servers that `Application.listen` makes, or that `start` runs.
   */
  readonly stopOnSignals?: boolean;
  readonly loop?: IOLoop;
}

/** How often timeouts are looked at, in seconds, unless a timeout is too short for that. */
const TICK = 1;
/** Seconds without a refused connection after which the next one is worth a line in the log. */
const REFUSED_AGAIN = 60;

/** A non-blocking HTTP/1.1 server (Tornado `httpserver.HTTPServer`). */
export class HTTPServer extends TCPServer {
  readonly #owner: ServerOwner;
  readonly #drainOptions: Required<DrainOptions>;
  readonly #stopOnSignals: boolean | undefined;
  #draining: Promise<number> | undefined;
  #ignoreSignals: (() => void) | undefined;

  /** Serves a delegate, such as an `Application`, or a callback that gets whole requests. */
  constructor(
    handler: HTTPServerConnectionDelegate | RequestCallback,
    options: HTTPServerOptions = {},
  ) {
    super(options);
    checkArguments(handler, options);
    warmUp();
    const delegate = typeof handler === "function" ? new CallbackDelegate(handler) : handler;
    this.#owner = new ServerOwner(this.loop, delegate, options, () => this.handshakes);
    this.#drainOptions = drainOptions(options);
    this.#stopOnSignals = options.stopOnSignals;
    if (options.stopOnSignals === true) this.#ignoreSignals = stopOnSignals(this);
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#owner.connections.size;
  }

  /** Listens on what was bound, in one or several processes, until signals stop it gracefully. */
  override async start(
    processes = 1,
    options: Parameters<TCPServer["start"]>[1] = {},
  ): Promise<void> {
    await super.start(processes, options);
    if (this.#stopOnSignals !== false) this.#ignoreSignals ??= stopOnSignals(this);
  }

  /** Stops accepting, and leaves signals alone. Connections that are open go on. */
  override stop(): void {
    super.stop();
    this.#ignoreSignals?.();
    this.#ignoreSignals = undefined;
  }

  /** The server is stopping: each response says `Connection: close`, health checks say 503. */
  get draining(): boolean {
    return this.#owner.closing;
  }

  /**
   * Stops gracefully: accepts no more, finishes what is in flight, tells WebSockets and others that
   * joined to leave, closes idle connections after `drainGrace`, and breaks off what is left after
   * `drainTimeout`. Resolves when nothing is open, with the number of those broken off.
   */
  drain(): Promise<number> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  /**
   * Ends what is open: idle connections at once, the others after their response, which says
   * `Connection: close`, and has no deadline. Resolves when all are gone. Call `stop()` before.
   */
  async closeAllConnections(): Promise<void> {
    this.#owner.close();
    await drain(this.#owner, 0, 0);
  }

  async #drain(): Promise<number> {
    const { drainDelay, drainTimeout, drainGrace } = this.#drainOptions;
    this.#owner.close();
    if (drainDelay > 0) await new Promise((resolve) => setTimeout(resolve, timerDelay(drainDelay)));
    super.stop();
    // Who had connected by then is accepted now.
    await new Promise((resolve) => setImmediate(resolve));
    const broken = await drain(this.#owner, drainTimeout, drainGrace);
    this.stop();
    return broken;
  }

  protected override handleSocket(socket: Socket): SocketHandler {
    return this.#owner.accept(socket);
  }
}

/** What the connections share: limits, clock, delegate, and the set of them. */
class ServerOwner implements ConnectionOwner {
  readonly delegate: HTTPServerConnectionDelegate;
  readonly limits: ConnectionLimits;
  readonly tcp: Tcp;
  readonly protocol: string;
  readonly connections = new ConnectionList<HTTP1ServerConnection>();
  readonly departures = new Set<Departure>();
  now = 0;
  closing = false;
  #leaving = false;
  #refusedAt: number | undefined;
  lingerTimeout: number;
  readonly #loop: IOLoop;
  readonly #maxConnections: number;
  readonly #tick: number;
  #timer: Timeout | undefined;

  readonly #handshakes: () => number;

  constructor(
    loop: IOLoop,
    delegate: HTTPServerConnectionDelegate,
    options: HTTPServerOptions,
    handshakes: () => number,
  ) {
    this.#loop = loop;
    this.#handshakes = handshakes;
    this.limits = connectionLimits(options);
    this.delegate = outermost(delegate, options, this.limits.maxBodySize);
    this.lingerTimeout = this.limits.lingerTimeout;
    this.tcp = loop.tcp;
    this.protocol = options.protocol ?? (options.sslOptions === undefined ? "http" : "https");
    const { maxConnections = 0 } = options;
    this.#maxConnections = checkLimit("maxConnections", maxConnections);
    this.#tick = tickFor(this.limits);
  }

  get handshakes(): number {
    return this.#handshakes();
  }

  accept(socket: Socket): SocketHandler {
    if (this.connections.size === 0) this.#startClock();
    const isFull = this.#maxConnections > 0 && this.connections.size >= this.#maxConnections;
    if (isFull && !this.#shed()) {
      this.#refuse(socket);
      return NOBODY;
    }
    const connection = new HTTP1ServerConnection(socket, this);
    this.connections.add(connection);
    return connection;
  }

  connectionClosed(connection: HTTP1ServerConnection): void {
    this.connections.delete(connection);
    if (this.connections.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** From now on each response is the last on its connection. */
  close(): void {
    this.closing = true;
    this.lingerTimeout = Math.min(this.lingerTimeout, DRAIN_LINGER);
  }

  joinDrain(departure: Departure): () => void {
    this.departures.add(departure);
    if (this.#leaving) queueMicrotask(() => this.#askToLeave(departure));
    return () => this.departures.delete(departure);
  }

  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    for (const departure of [...this.departures]) this.#askToLeave(departure);
  }

  #askToLeave(departure: Departure): void {
    if (!this.departures.has(departure)) return;
    try {
      departure.leave();
    } catch (error) {
      genLog.exception("Uncaught exception in leave", error);
    }
  }

  /** Looks at the clock and at every connection's timeouts. */
  tick(): void {
    this.now = clock();
    for (const connection of this.connections) connection.checkDeadlines(this.now);
  }

  /** Closes the first connection that is idle; false if none is. */
  #shed(): boolean {
    for (const connection of this.connections) {
      if (!connection.idle) continue;
      connection.closeWhenIdle();
      return true;
    }
    return false;
  }

  #refuse(socket: Socket): void {
    socket.abort();
    const before = this.#refusedAt;
    this.#refusedAt = this.now;
    if (before !== undefined && secondsSince(before, this.now) < REFUSED_AGAIN) return;
    genLog.warning(
      `Connections are reset: maxConnections is ${this.#maxConnections}, all are busy`,
    );
  }

  #startClock(): void {
    this.now = clock();
    this.#timer = this.#loop.callLater(this.#tick, () => this.#onTick());
  }

  #onTick(): void {
    this.tick();
    if (this.connections.size > 0) this.#startClock();
  }
}

/** A quarter of the shortest timeout, so that none is late by more than that; at most TICK. */
function tickFor(limits: ConnectionLimits): number {
  const { headerTimeout, bodyTimeout, idleConnectionTimeout, sendTimeout, lingerTimeout } = limits;
  const timeouts = [headerTimeout, bodyTimeout, idleConnectionTimeout, sendTimeout, lingerTimeout];
  const shortest = Math.min(...timeouts.filter((timeout) => timeout > 0), 4 * TICK);
  return Math.max(shortest / 4, 0.02);
}

/** The delegate, behind those that change what it is shown. */
function outermost(
  delegate: HTTPServerConnectionDelegate,
  { xheaders = false, trustedDownstream = [], decompressRequest = false }: HTTPServerOptions,
  maxBodySize: number,
): HTTPServerConnectionDelegate {
  const inner = decompressRequest ? new DecompressDelegate(delegate, maxBodySize) : delegate;
  return xheaders ? new ProxyDelegate(inner, trustedDownstream) : inner;
}

/** What nobody would read or call is refused, in plain JavaScript too. */
function checkArguments(handler: unknown, options: HTTPServerOptions): void {
  const delegate = handler as HTTPServerConnectionDelegate | undefined;
  if (typeof handler !== "function" && typeof delegate?.startRequest !== "function") {
    throw new TypeError(`Cannot serve ${String(handler)}: it is no application and no callback`);
  }
  const foreign = Object.keys(options).find((name) => name.includes("_"));
  if (foreign === undefined) return;
  throw new TypeError(`Cannot use the option "${foreign}": options are in camel case here`);
}
