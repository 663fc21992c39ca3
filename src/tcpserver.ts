/**
 * Listens for connections and makes a handler for each. `httpserver` stands on it; a protocol of
 * one's own does too (Tornado `tcpserver`).
 */

import type {
  Address,
  Listener,
  ListenOptions,
  Socket,
  SocketHandler,
  TlsServerOptions,
} from "./host.ts";
import { IOLoop } from "./ioloop.ts";
import { IOStream, type IOStreamOptions, StreamClosedError, streamLimits } from "./iostream.ts";
import { appLog, genLog } from "./log.ts";
import type { ListeningSocket } from "./netutil.ts";
import {
  type ForkOptions,
  forkProcesses,
  inheritedListener,
  reportListening,
  taskId,
} from "./process.ts";
import { checkSocketPath, isThenable, listeningPlace } from "./util.ts";

/** What every connection of a server has in common. */
export interface TCPServerOptions
  extends Pick<
    IOStreamOptions,
    "allowHalfOpen" | "maxBufferSize" | "maxWriteBufferSize" | "closeTimeout"
  > {
  /** Speaks TLS with these, see `setSslOptions`. */
  readonly sslOptions?: TlsServerOptions;
  readonly loop?: IOLoop;
}

/**
 * A server of some protocol over TCP or Unix sockets. A subclass says in `handleStream` what is
 * done with a connection (Tornado `tcpserver.TCPServer`).
 */
export class TCPServer {
  /** The loop that its connections run on. */
  readonly loop: IOLoop;
  readonly #listeners: Listener[] = [];
  readonly #bound: ListenOptions[] = [];

  readonly #options: TCPServerOptions;
  #sslOptions: TlsServerOptions | undefined;
  #handshakes = 0;
  /** How often it was stopped: what is being opened meanwhile is not kept. */
  #stops = 0;

  constructor(options: TCPServerOptions = {}) {
    // Before there is a connection, which would fail in place of the server.
    streamLimits(options);
    this.#options = options;
    this.loop = options.loop ?? IOLoop.current();
    this.#sslOptions = options.sslOptions;
  }

  /** Whether its connections begin with a TLS handshake. */
  get speaksTls(): boolean {
    return this.#sslOptions !== undefined;
  }

  /**
   * Starts to accept connections on a port of an address, of all addresses by default. Port 0
   * takes a free one, see `addresses`. Rejects with the system's error if it cannot be bound, with a
   * RangeError if it is no port. An address of `""` is all of them, too; of a name it is the first
   * one that the name has, where Tornado takes all.
   */
  async listen(port: number, address?: string, options: ListenOptions = {}): Promise<void> {
    await this.#open({ ...options, ...listeningPlace("listen on", port, address) });
  }

  /** Starts to accept connections on a Unix socket. */
  async listenUnix(path: string, options: ListenOptions = {}): Promise<void> {
    checkSocketPath(path);
    await this.#open({ ...options, path });
  }

  /** Starts to accept on sockets that listen already: of `bindSockets` or `activatedSockets`. */
  async addSockets(sockets: Iterable<ListeningSocket>): Promise<void> {
    for (const socket of sockets) await this.addSocket(socket);
  }

  /** Starts to accept on one such socket, which is the server's from here on. */
  async addSocket(socket: ListeningSocket): Promise<void> {
    await this.#open({ fd: socket.fd });
  }

  /** Notes an address to listen on, as `listen` takes it, for `start` to open. */
  bind(port: number, address?: string, options: ListenOptions = {}): void {
    this.#bound.push({ ...options, ...listeningPlace("bind", port, address) });
  }

  /**
   * Listens on what was bound: in this process, or in as many child processes, 0 for one on each
   * processor, that share the ports. This program is started again for each of them, and goes on
   * after `await server.start(0)` in the children alone; see `forkProcesses`. Rejects if the server
   * listens already: each child would do so, too, and fail.
   */
  async start(processes = 1, options: Omit<ForkOptions, "listen"> = {}): Promise<void> {
    if (processes !== 1 && this.#listeners.length > 0 && taskId() === undefined) {
      const text = `Cannot start ${processes} processes: the server listens already`;
      throw new Error(`${text}, give its addresses to bind() instead`);
    }
    const bound = this.#bound.splice(0);
    if (processes !== 1) await forkProcesses(processes, { ...options, listen: bound });
    for (const place of bound) await this.#open(processes === 1 ? place : inChild(place));
  }

  /**
   * Replaces certificate, key and whom to trust, as when they were renewed: connections to come
   * use them, open ones go on. Throws, and changes nothing, if the server speaks no TLS or the
   * certificate does not belong to the key; before it listens, `listen` throws that.
   */
  setSslOptions(sslOptions: TlsServerOptions): void {
    if (this.#sslOptions === undefined) {
      throw new Error("Cannot set sslOptions: the server was made without");
    }
    const options = this.#counted(sslOptions);
    for (const listener of this.#listeners) listener.setTls(options);
    this.#sslOptions = sslOptions;
  }

  /** Where the server listens, with the ports it took. */
  get addresses(): Address[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Connections that are in their TLS handshake, which come to `handleStream` after it. */
  protected get handshakes(): number {
    return this.#handshakes;
  }

  /** Stops accepting, also where `listen` is still under way. Connections that are open go on. */
  stop(): void {
    this.#stops++;
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /**
   * Serves a connection. What it throws, or its promise rejects with, is logged, and the stream
   * closed; but that the peer went away is no error.
   */
  handleStream(_stream: IOStream, _address: Address): unknown {
    throw new Error("Cannot serve a connection: the server has no handleStream");
  }

  /** Makes the handler of a new connection: a stream for `handleStream`. */
  protected handleSocket(socket: Socket): SocketHandler {
    const stream = new IOStream(socket, { ...this.#options, loop: this.loop });
    const failed = (error: unknown): void => {
      if (!(error instanceof StreamClosedError)) {
        appLog.exception("Uncaught exception in handleStream", error);
      }
      stream.close();
    };
    try {
      const served = this.handleStream(stream, socket.remoteAddress);
      if (isThenable(served)) served.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
    return socket.handler;
  }

  async #open(options: ListenOptions): Promise<void> {
    const stops = this.#stops;
    const sslOptions = this.#sslOptions;
    const tls = sslOptions && { tls: this.#counted(sslOptions) };
    const accept = (socket: Socket): SocketHandler => {
      if (tls !== undefined) this.#handshakes--;
      return this.handleSocket(socket);
    };
    const listening = this.loop.tcp.listen({ ...options, ...tls }, accept);
    const listener = await reportListening(listening);
    if (this.#stops !== stops) {
      listener.close();
      return;
    }
    this.#listeners.push(listener);
    const renewed = this.#sslOptions;
    if (renewed !== undefined && renewed !== sslOptions) listener.setTls(this.#counted(renewed));
  }

  /** The options, with handshakes counted: a stop waits for those that are under way. */
  #counted(options: TlsServerOptions): TlsServerOptions {
    const { handshakeBegun, handshakeFailed = logFailure } = options;
    return {
      ...options,
      handshakeBegun: () => {
        this.#handshakes++;
        guarded("handshakeBegun", () => handshakeBegun?.());
      },
      handshakeFailed: (error, remote) => {
        this.#handshakes--;
        guarded("handshakeFailed", () => handshakeFailed(error, remote));
      },
    };
  }
}

/** What a callback throws must not end the process: anybody can have it called. */
function guarded(name: string, callback: () => void): void {
  try {
    callback();
  } catch (error) {
    appLog.exception(`Uncaught exception in ${name}`, error);
  }
}

/** Anybody can make a handshake fail, so that is told to those alone who look for it. */
function logFailure(error: Error, remote: Address): void {
  genLog.debug(`TLS handshake with ${remote.host || "a Unix socket"} failed: ${error.message}`);
}

/** The socket that a child inherits for an address; or the port, which it shares with the others. */
function inChild(place: ListenOptions): ListenOptions {
  const inherited = inheritedListener(place.host, place.port ?? 0);
  if (inherited === undefined) return { ...place, reusePort: true };
  const { fd, port } = inherited;
  return fd === undefined ? { ...place, port, reusePort: true } : { ...place, fd };
}
