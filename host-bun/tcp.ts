/**
 * TCP and Unix sockets on `Bun.listen` and `Bun.connect`. Bytes that Bun received are copied once,
 * into the core's input region, and handed to the socket's handler; what the handler sends meanwhile
 * is gathered in the output region, and goes to the kernel in one write when the handler returns.
 */
import { chmodSync } from "node:fs";
import { removeStaleSocket } from "../host-node/addresses.ts";
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
import { atPlace, boundAddressOf, placeOf, remoteAddressOf, unixAddress } from "./addresses.ts";
import { Batch } from "./batch.ts";
import { descriptorCeiling, refuse } from "./descriptors.ts";
import { openListener, portOf } from "./idle-listener.ts";
import {
  type BunHandlers,
  type BunListener,
  type BunPlace,
  type BunSocket,
  bun,
} from "./runtime.ts";
import { Connection } from "./socket.ts";
import { openTls } from "./tls.ts";

export function openTcp(memory: TransferMemory): Tcp {
  return new BunTcp(memory);
}

class BunTcp implements Tcp {
  readonly #memory: TransferMemory;
  readonly #batch: Batch;

  constructor(memory: TransferMemory) {
    this.#memory = memory;
    this.#batch = new Batch(memory);
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await openTls(this, this.#memory)).listen(options, accept);
    // Bun does not ask which port an inherited socket has.
    const port = options.fd === undefined ? undefined : portOf(options.fd);
    if (options.path !== undefined) await removeStaleSocket(options.path);
    const acceptor = new Acceptor(this.#batch, options.path, accept);
    const listener = listenOn(placeOf(options, "::"), acceptor);
    if (options.path !== undefined) chmodSync(options.path, options.mode ?? 0o600);
    return new BunTcpListener(listener, options.path, port);
  }

  openListener(options: ListenOptions): Promise<IdleListener> {
    return openListener(options);
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (options.tls) return (await openTls(this, this.#memory)).connect(options, connected);
    if (options.source !== undefined) throw cannotBindSource("bun");
    const { signal } = options;
    signal?.throwIfAborted();
    // An Address of TCP says "" here.
    const path = options.path || undefined;
    return new Promise((resolve, reject) => {
      const connector = new Connector(this.#batch, path, connected, resolve, reject);
      const place = placeOf(options, "localhost");
      // Bun goes on with the attempt: nothing can stop it.
      if (signal !== undefined) connector.leave = onAbort(signal, () => connector.giveUp(signal));
      bun
        .connect<Owner>({ ...place, allowHalfOpen: true, data: connector, socket: handlers })
        .catch((error) => reject(atPlace(error, "connect to", place)));
    });
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

  time(): number {
    return performance.now();
  }

  watch(fd: number): DescriptorWatch {
    throw cannotWatch(fd, "bun");
  }

  reserve(length: number): number {
    return this.#batch.reserve(length);
  }
}

/** What a raw socket's `data` is: first what will make its connection, then the connection. */
type Owner = Connection | Acceptor | Connector;
type Raw = BunSocket<Owner>;

/** Makes the connections of one listener. */
class Acceptor {
  readonly #batch: Batch;
  readonly #path: string | undefined;
  readonly #accept: SocketHandlerFactory;

  constructor(batch: Batch, path: string | undefined, accept: SocketHandlerFactory) {
    this.#batch = batch;
    this.#path = path;
    this.#accept = accept;
  }

  open(raw: Raw): void {
    if (raw.fd >= descriptorCeiling()) {
      refuse(raw);
      return;
    }
    const local = this.#path === undefined ? undefined : unixAddress(this.#path);
    const remote = this.#path === undefined ? remoteAddressOf(raw) : unixAddress("");
    const connection = new Connection(this.#batch, raw, local, remote);
    connection.open(this.#accept);
  }
}

function listenOn(place: BunPlace, acceptor: Acceptor): BunListener {
  try {
    return bun.listen<Owner>({ ...place, allowHalfOpen: true, data: acceptor, socket: handlers });
  } catch (error) {
    throw atPlace(error, "listen on", place);
  }
}

/** Makes the connection of one call to `connect`. */
class Connector {
  readonly #batch: Batch;
  readonly #path: string | undefined;
  readonly #connected: SocketHandlerFactory;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: unknown) => void;
  #givenUp = false;
  /** Listens to the signal no more. */
  leave: (() => void) | undefined;

  constructor(
    batch: Batch,
    path: string | undefined,
    connected: SocketHandlerFactory,
    resolve: (socket: Socket) => void,
    reject: (error: unknown) => void,
  ) {
    this.#batch = batch;
    this.#path = path;
    this.#connected = connected;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  giveUp({ reason }: AbortSignal): void {
    this.#givenUp = true;
    this.#reject(reason);
  }

  open(raw: Raw): void {
    this.leave?.();
    const local = this.#path === undefined ? undefined : unixAddress("");
    const remote = this.#path === undefined ? remoteAddressOf(raw) : unixAddress(this.#path);
    const connection = new Connection(this.#batch, raw, local, remote);
    if (this.#givenUp) {
      connection.abort();
      return;
    }
    try {
      connection.open(this.#connected);
      this.#resolve(connection);
    } catch (error) {
      this.#reject(error);
    }
  }
}

class BunTcpListener implements Listener {
  readonly address: Address;
  #listener: BunListener | undefined;

  constructor(listener: BunListener, path: string | undefined, port: number | undefined) {
    this.#listener = listener;
    this.address = path === undefined ? boundAddressOf(listener, port) : unixAddress(path);
  }

  close(): void {
    // Bun removes the file of a Unix socket itself.
    this.#listener?.stop();
    this.#listener = undefined;
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }
}

/** One set of functions for all sockets: what differs is in their `data`. */
const handlers: BunHandlers<Owner> = {
  // A Buffer would cost Bun more to make.
  binaryType: "uint8array",
  open: (raw) => (raw.data as Acceptor | Connector).open(raw),
  data: (raw, bytes) => (raw.data as Connection).onData(bytes),
  drain: (raw) => (raw.data as Connection).onDrain(),
  end: (raw) => (raw.data as Connection).onEnd(),
  close: (raw, error) => {
    if (raw.data instanceof Connection) raw.data.onClose(error);
  },
  // Bun gives what a handler throws to this function instead of `uncaughtException`.
  error: (_, error) => throwLater(error),
  // The promise of `connect` rejects with the same error.
  connectError: () => {},
};
