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
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type StartTlsOptions,
  type Tcp,
  type TransferMemory,
} from "../src/host.ts";
import { cannotWatch, onAbort } from "../src/util.ts";
import { inodeOf, NO_ADDRESS, plainAddress, removeStaleSocket } from "./addresses.ts";
import { QuietCollector } from "./quiet-collector.ts";
import { requireSharedPorts } from "./shared-port.ts";
import { openTls } from "./tls.ts";

/** What every TCP connection has. */
const ALWAYS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY };

/** Opens node:net on the core's memory. */
export function openNetTcp(memory: TransferMemory): Tcp {
  return new NetTcp(memory);
}

class NetTcp implements Tcp {
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

/** What is known of a socket beforehand. */
interface Known {
  readonly local?: Address;
  readonly remote?: Address;
  readonly error?: Error;
}

function unixAddress(path: string): Address {
  return { host: "", port: 0, path };
}

function addressOf(host: string | undefined, port: number | undefined): Address {
  return host === undefined ? NO_ADDRESS : plainAddress(host, port ?? 0);
}

/** What is held back until all is written. Beyond it, whoever writes has to see what waits. */
const MOST_CORKED = 256 * 1024;

/** Hears events of a socket whose factory has not returned. */
class NetSocket implements Socket {
  handler: SocketHandler = NOBODY;
  readonly #socket: net.Socket;
  readonly #tcp: NetTcp;
  #local: Address | undefined;
  readonly #remote: Address;
  #error: Error | undefined;
  #paused = false;
  /** Ended while paused: the handler hears of it, and of the close after it, when it resumes. */
  #endHeld = false;
  #closeHeld = false;
  #shut = false;
  #closing = false;
  /** The kernel has not taken all, or has not been asked yet; `drain` is due when it has. */
  #blocked = false;
  /**
   * Bytes written since the connection broke, before its owner hears of it: they count as waiting, or
   * who writes on as long as nothing waits would never let Node come to tell.
   */
  #lost = 0;

  constructor(socket: net.Socket, tcp: NetTcp, known: Known) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#local = known.local;
    // Read now: it is asked for when the socket is gone, too.
    this.#remote = known.remote ?? addressOf(socket.remoteAddress, socket.remotePort);
    socket.on("error", (error) => {
      this.#error = error;
    });
    this.#error = known.error;
    tcp.collector.changed();
    socket.on("close", () => {
      tcp.collector.changed();
      if (this.#endHeld && !this.#closing) this.#closeHeld = true;
      else this.#tellClose();
    });
  }

  /** Starts to hear what arrives. */
  listen(): void {
    this.#socket.on("data", (bytes) => this.#receive(bytes as Buffer));
    this.#socket.on("end", () => {
      // The stream ends even while it is paused, if nothing is left to read.
      if (this.#paused) this.#endHeld = true;
      else if (!this.#closing) this.handler.end();
    });
  }

  get localAddress(): Address {
    this.#local ??= addressOf(this.#socket.localAddress, this.#socket.localPort);
    return this.#local;
  }

  get remoteAddress(): Address {
    return this.#remote;
  }

  get tls(): undefined {
    return undefined;
  }

  get bufferedAmount(): number {
    return this.#lost + (this.#blocked ? this.#socket.writableLength : 0);
  }

  #receive(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0 && !this.#closing; ) {
      if (this.#paused) {
        this.#socket.unshift(rest);
        return;
      }
      const taken = this.#tcp.putInput(rest);
      rest = rest.subarray(taken);
      this.handler.data(this.#tcp.inputStart, taken);
    }
  }

  send(start: number, length: number): void {
    if (length > 0) this.write(this.#tcp.copyOf(start, length));
  }

  write(bytes: Uint8Array, mayChange = false): void {
    if (this.#shut || bytes.length === 0) return;
    if (this.#socket.destroyed || this.#socket.errored !== null) {
      this.#lost += bytes.length;
      return;
    }
    // All that is written in one go leaves with one system call.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      queueMicrotask(() => this.#socket.uncork());
    }
    this.#blocked = true;
    this.#socket.write(mayChange ? new Uint8Array(bytes) : bytes, this.#written);
    if (this.#socket.writableLength <= MOST_CORKED) return;
    this.#socket.uncork();
    // It failed at once: Node counts nothing of it as waiting, but tells later.
    if (this.#socket.errored !== null) this.#lost += bytes.length;
  }

  readonly #written = (error?: Error | null): void => {
    // A write that failed leaves nothing that waits, but has not drained: the close follows.
    if (error || this.#socket.writableLength > 0) return;
    if (this.#closing) this.#socket.destroy();
    else if (this.#blocked && !this.#socket.destroyed) {
      this.#blocked = false;
      this.handler.drain();
    }
  };

  /** `node:net` does not give its descriptor. */
  sendFile(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
    if (this.#endHeld) queueMicrotask(() => this.#releaseEnd());
  }

  #releaseEnd(): void {
    if (this.#paused || this.#closing || !this.#endHeld) return;
    this.#endHeld = false;
    this.handler.end();
    this.#releaseClose();
  }

  #releaseClose(): void {
    if (!this.#closeHeld) return;
    this.#closeHeld = false;
    queueMicrotask(() => this.#tellClose());
  }

  #tellClose(): void {
    this.#lost = 0;
    this.handler.close(this.#error);
  }

  shutdown(): void {
    this.#shut = true;
    this.#socket.end();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#shut = true;
    this.#socket.uncork();
    // Not end(): what libuv has shut down, it refuses to reset.
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    this.#releaseClose();
  }

  abort(): void {
    const shutting = this.#socket.writableEnded;
    this.#closing = true;
    this.#shut = true;
    // A Unix socket knows no reset.
    if (shutting || this.#remote.path !== "" || this.#remote.host === "") this.#socket.destroy();
    else if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
    this.#releaseClose();
  }

  setNoDelay(noDelay: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  keepProcess(kept: boolean): void {
    if (kept) this.#socket.ref();
    else this.#socket.unref();
  }
}
