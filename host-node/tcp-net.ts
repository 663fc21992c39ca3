/**
 * Tcp over node:net: for other systems than Linux, and where the addon cannot be loaded. Received
 * bytes are copied into the core's input region, bytes to send out of the output region; handlers
 * see no difference to tcp.ts but the speed.
 */
import { chmodSync } from "node:fs";
import { stat } from "node:fs/promises";
import * as net from "node:net";
import { dirname } from "node:path";
import {
  type Address,
  type ConnectOptions,
  type DescriptorWatch,
  type IdleListener,
  INPUT_SLACK,
  KEEP_ALIVE_DELAY,
  type Listener,
  type ListenOptions,
  type Socket,
  type SocketHandlerFactory,
  type StartTlsOptions,
  type Tcp,
  type TransferMemory,
} from "../src/host.ts";
import { cannotWatch, onAbort } from "../src/util.ts";
import { inodeOf, NO_ADDRESS, plainAddress, removeStaleSocket } from "./addresses.ts";
import { type Known, NetSocket } from "./net-socket.ts";
import { QuietCollector } from "./quiet-collector.ts";
import { requireSharedPorts } from "./shared-port.ts";
import { openTls } from "./tls.ts";

/** What every TCP connection has. */
const ALWAYS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY };

/** Opens node:net on the core's memory. */
export function openNetTcp(memory: TransferMemory): Tcp {
  return new NetTcp(memory);
}

export class NetTcp implements Tcp {
  readonly #memory: TransferMemory;
  readonly #bytes: Buffer;
  /** Hears of connections that open and close, and of what is received. */
  readonly collector: QuietCollector = new QuietCollector();

  constructor(memory: TransferMemory) {
    this.#memory = memory;
    this.#bytes = Buffer.from(memory.buffer);
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await openTls(this, this.#memory)).listen(options, accept);
    const { host, port = 0, path, mode = 0o600, backlog = 128, reusePort = false } = options;
    if (reusePort) requireSharedPorts(port, process.versions.node);
    if (path !== undefined) {
      // libuv calls a missing folder EACCES.
      await stat(dirname(path));
      await removeStaleSocket(path);
    }
    const server = net.createServer({ allowHalfOpen: true, ...ALWAYS }, (socket) => {
      this.#open(socket, accept, path === undefined ? {} : { local: unixAddress(path) });
    });
    const place = path === undefined ? { port, reusePort, ...(host && { host }) } : { path };
    const where = options.fd === undefined ? place : { fd: options.fd };
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...where, backlog, exclusive: true }, resolve);
      // The file is there already: closed to others before anybody is likely to see it.
      if (path !== undefined && inodeOf(path) !== undefined) chmodSync(path, mode);
    });
    server.removeAllListeners("error");
    // An accept that fails concerns the peer alone; libuv goes on by itself. That descriptors have
    // run out it tells nobody.
    server.on("error", () => {});
    return new NetListener(server);
  }

  async openListener(): Promise<IdleListener> {
    const message = "Cannot open a listener without accepting: node:net gives no descriptor";
    throw Object.assign(new Error(message), { code: "ENOTSUP" });
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (options.tls) return (await openTls(this, this.#memory)).connect(options, connected);
    const { host = "localhost", port = 0, signal } = options;
    signal?.throwIfAborted();
    // An Address of TCP says "" here.
    const path = options.path || undefined;
    const where = path === undefined ? { host, port, ...ALWAYS, ...sourceOf(options) } : { path };
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...where, allowHalfOpen: true });
      const giveUp = (): void => {
        socket.destroy();
        reject(signal?.reason);
      };
      const leave = signal && onAbort(signal, giveUp);
      const settle = (error?: NodeJS.ErrnoException): void => {
        leave?.();
        socket.off("error", settle);
        socket.off("connect", settle);
        // A peer that has accepted and reset: an error that comes after connecting.
        if (error !== undefined && error.code !== "ECONNRESET") reject(error);
        else {
          const remote = path === undefined ? {} : { remote: unixAddress(path) };
          try {
            resolve(this.#open(socket, connected, { ...remote, ...(error && { error }) }));
          } catch (thrown) {
            reject(thrown);
          }
        }
      };
      socket.on("error", settle);
      socket.on("connect", settle);
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

  #open(socket: net.Socket, factory: SocketHandlerFactory, known: Known): NetSocket {
    const wrapped = new NetSocket(socket, this, known);
    try {
      wrapped.handler = factory(wrapped);
    } catch (error) {
      wrapped.abort();
      throw error;
    }
    wrapped.listen();
    return wrapped;
  }

  time(): number {
    return performance.now();
  }

  watch(fd: number): DescriptorWatch {
    throw cannotWatch(fd, "node-net");
  }

  /** `send` copies at once, so all room is free again by the next call. */
  reserve(length: number): number {
    const { start, length: most } = this.#memory.output;
    if (length <= most) return start;
    throw new RangeError(`Cannot reserve ${length} bytes: more than the output region holds`);
  }

  copyOf(start: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  /** Copies what fits into the input region, and returns how much that was. */
  putInput(bytes: Uint8Array): number {
    this.collector.received++;
    const { start, length } = this.#memory.input;
    const fitting = Math.min(bytes.length, length - INPUT_SLACK);
    this.#bytes.set(bytes.subarray(0, fitting), start);
    return fitting;
  }

  get inputStart(): number {
    return this.#memory.input.start;
  }
}

class NetListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;

  constructor(server: net.Server) {
    this.#server = server;
    const address = server.address();
    if (address === null) this.address = NO_ADDRESS;
    else if (typeof address === "string") this.address = unixAddress(address);
    else this.address = plainAddress(address.address, address.port);
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }
}

/** In the words of node:net, which takes no undefined. */
function sourceOf({ source = {} }: ConnectOptions): { localAddress?: string; localPort?: number } {
  return {
    ...(source.host !== undefined && { localAddress: source.host }),
    ...(source.port !== undefined && { localPort: source.port }),
  };
}

function unixAddress(path: string): Address {
  return { host: "", port: 0, path };
}
