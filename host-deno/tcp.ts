/**
 * Sockets over `Deno.listen` and `Deno.connect`, which need `--allow-net` alone. A pending read
 * owns its buffer, so received bytes are copied into the core's input region, and bytes to send out
 * of the output region. `tcp-epoll.ts` is the faster way, for those who allow `ffi`.
 */

import type {
  Address,
  ConnectOptions,
  DescriptorWatch,
  IdleListener,
  Listener,
  ListenOptions,
  Socket,
  SocketHandlerFactory,
  StartTlsOptions,
  Tcp,
  TransferMemory,
} from "../src/host.ts";
import { cannotBindSource, cannotWatch, onAbort, throwLater } from "../src/util.ts";
import { ConnSocket } from "./conn-socket.ts";
import { IdleBuffers } from "./idle-buffers.ts";
import { Output } from "./output.ts";
import { advised, allowsNet, noDescriptors, reusePortIsUnstable } from "./permissions.ts";
import { plainAddress } from "./socket-address.ts";
import { inodeOf, removeSocket, removeStaleSocket } from "./socket-file.ts";
import { openTls } from "./tls.ts";

const DEFAULT_BACKLOG = 128;
const DEFAULT_MODE = 0o600;
/** Milliseconds until the next try when there are no descriptors left. nginx waits 500. */
const EXHAUSTED_REST = 100;
/** Milliseconds without that, after which it is told again. */
const EXHAUSTED_AGAIN = 60_000;
/**
 * Milliseconds that an attempt which was given up goes on: Deno loses a connection that is made just
 * as its attempt is aborted, and leaves it open.
 */
const ARRIVAL = 50;
/**
 * A connection was gone before it was accepted, or before Deno had asked for its address; the next
 * one may be well.
 */
const GONE = ["ECONNABORTED", "ECONNRESET", "EINTR", "ENOTCONN", "EPROTO"];

/** Opens Deno's own sockets on the core's memory. */
export function openDenoTcp(memory: TransferMemory): Tcp {
  return new DenoTcp(memory);
}

class DenoTcp implements Tcp {
  readonly #memory: TransferMemory;
  readonly #output: Output;
  readonly #buffers = new IdleBuffers();
  /** Fulfilled once the listeners that were closed have let go of their ports. */
  #released: Promise<unknown> = Promise.resolve();

  constructor(memory: TransferMemory) {
    this.#memory = memory;
    this.#output = new Output(memory);
  }

  time(): number {
    return performance.now();
  }

  watch(fd: number): DescriptorWatch {
    throw cannotWatch(fd, "deno");
  }

  reserve(length: number): number {
    return this.#output.reserve(length);
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await openTls(this, this.#memory)).listen(options, accept);
    const { port = 0, path, backlog = DEFAULT_BACKLOG, reusePort = false } = options;
    if (options.fd !== undefined) throw noDescriptors("accept on");
    if (path) return this.#listenUnix(path, options.mode ?? DEFAULT_MODE, accept);
    await this.#released;
    if (reusePort && Deno.listenDatagram === undefined) throw reusePortIsUnstable(port);
    const hostname = options.host || (allowsNet("::", port) ? "::" : "0.0.0.0");
    const place = { hostname, port };
    const listener = await advised("listen on", place, () => {
      return Deno.listen({ ...place, reusePort, tcpBacklog: backlog });
    });
    return this.#serve(listener, accept);
  }

  async openListener(): Promise<IdleListener> {
    throw noDescriptors("open");
  }

  async #listenUnix(path: string, mode: number, accept: SocketHandlerFactory): Promise<Listener> {
    const place = { transport: "unix", path } as const;
    await removeStaleSocket(path);
    const listener = await advised("listen on", place, () => Deno.listen(place));
    Deno.chmodSync(path, mode);
    return this.#serve(listener, accept);
  }

  #serve(listener: DenoListenerObject, accept: SocketHandlerFactory): Listener {
    const open = (conn: DenoConn): unknown => this.#open(conn, accept);
    return new DenoListener(listener, open, (released) => {
      this.#released = Promise.all([this.#released, released]);
    });
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (options.tls) return (await openTls(this, this.#memory)).connect(options, connected);
    if (options.source !== undefined) throw cannotBindSource("deno");
    const { host = "localhost", port = 0, path, signal } = options;
    await this.#released;
    signal?.throwIfAborted();
    const place = path ? ({ transport: "unix", path } as const) : { hostname: host, port };
    const conn = await (signal === undefined
      ? advised("connect to", place, () => Deno.connect(place))
      : connectUnless(signal, place));
    // Between its arrival and now.
    if (signal?.aborted) {
      conn.close();
      throw signal.reason;
    }
    return this.#open(conn, connected);
  }

  async startTls(
    socket: Socket,
    options: StartTlsOptions,
    secured: SocketHandlerFactory,
  ): Promise<Socket> {
    // What comes while TLS is loaded is for it.
    socket.pause();
    return (await openTls(this, this.#memory)).startTls(socket, options, secured);
  }

  #open(conn: DenoConn, factory: SocketHandlerFactory): Socket {
    const socket = new ConnSocket(conn, this.#memory, this.#output, this.#buffers);
    try {
      socket.handler = factory(socket);
    } catch (error) {
      socket.abort();
      throw error;
    }
    socket.start();
    return socket;
  }
}

type Place = { hostname: string; port: number } | { transport: "unix"; path: string };

/** Connects, or rejects with the signal's reason as soon as it is aborted. */
function connectUnless(signal: AbortSignal, place: Place): Promise<DenoConn> {
  const attempt = new AbortController();
  const given = "path" in place ? place : { ...place, signal: attempt.signal };
  const connecting = advised("connect to", place, () => Deno.connect(given));
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => {
      reject(signal.reason);
      setTimeout(() => attempt.abort(), ARRIVAL);
    });
    connecting.finally(leave).then((conn) => {
      if (signal.aborted) conn.close();
      else resolve(conn);
    }, reject);
  });
}

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: DenoListenerObject;
  readonly #open: (conn: DenoConn) => unknown;
  readonly #closing: (released: Promise<void>) => void;
  readonly #inode: string | undefined;
  readonly #accepting: Promise<void>;
  #closed = false;
  #exhaustedAt = Number.NEGATIVE_INFINITY;

  constructor(
    listener: DenoListenerObject,
    open: (conn: DenoConn) => unknown,
    closing: (released: Promise<void>) => void,
  ) {
    this.#listener = listener;
    this.#open = open;
    this.#closing = closing;
    this.address = plainAddress(listener.addr);
    this.#inode = this.address.path === "" ? undefined : inodeOf(this.address.path);
    this.#accepting = this.#acceptAll();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    removeSocket(this.address.path, this.#inode);
    this.#listener.close();
    // The port is Deno's until the pending accept has failed.
    this.#closing(this.#accepting);
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }

  async #acceptAll(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#accepted(await this.#listener.accept());
      } catch (error) {
        if (!this.#closed) await this.#recover(error);
      }
    }
  }

  /** Also after `close`, if Deno had accepted it by then: nobody else would answer. */
  #accepted(conn: DenoConn): void {
    try {
      this.#open(conn);
    } catch (error) {
      throwLater(error);
    }
  }

  /** Asks again later, instead of failing all the time, or ending the process. */
  async #recover(error: unknown): Promise<void> {
    if (error instanceof Error && "code" in error && GONE.includes(`${error.code}`)) return;
    const now = performance.now();
    if (now - this.#exhaustedAt > EXHAUSTED_AGAIN) {
      console.error(`Cannot accept more connections: ${error instanceof Error && error.message}`);
    }
    this.#exhaustedAt = now;
    await new Promise((resolve) => setTimeout(resolve, EXHAUSTED_REST));
  }
}
