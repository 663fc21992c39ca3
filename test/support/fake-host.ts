/**
 * A host without a kernel: sockets that are joined in memory, for tests of the layers above that
 * want no network and the same course every time. It keeps the contract of the real hosts, and is
 * as unkind as they are: kernel buffers are small and fill up, reads come in pieces, a socket that
 * is closed over unread bytes resets its peer.
 *
 * Everything is heard in turns of the event loop, sockets in the order in which they became ready.
 */
import type {
  Address,
  ConnectOptions,
  DescriptorWatch,
  Host,
  IdleListener,
  Listener,
  ListenOptions,
  Socket,
  SocketHandlerFactory,
  StartTlsOptions,
  Tcp,
  TransferMemory,
} from "../../src/host.ts";
import { eachServer, sharedServer, TlsLayer } from "../../src/tls.ts";
import { cannotBindSource, cannotWatch, onAbort } from "../../src/util.ts";
import { FakeSocket, systemError, Turns } from "./fake-socket.ts";

/** Where Linux starts to look for a free port. */
const FIRST_FREE_PORT = 32768;

export function createFakeHost(): Host {
  return {
    name: "fake",
    runtime: "fake 1.0.0",
    stacks: "none",
    programCommand: () => [process.execPath],
    openTcp: (memory) => new FakeTcp(memory),
  };
}

async function openTls(tcp: Tcp, memory: TransferMemory): Promise<TlsLayer> {
  return new TlsLayer(tcp, memory, "bun" in process.versions ? eachServer : sharedServer);
}

/** Joins, binds and wakes the sockets of one fake host. */
class FakeTcp implements Tcp {
  readonly #memory: TransferMemory;
  readonly #listeners: FakeListener[] = [];
  readonly #turns: Turns = new Turns();
  #nextPort = FIRST_FREE_PORT;
  #reserved = 0;

  constructor(memory: TransferMemory) {
    this.#memory = memory;
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await openTls(this, this.#memory)).listen(options, accept);
    if (options.fd !== undefined) throw systemError("accept", "ENOTSUP");
    const address = this.#addressOf(options);
    const taken = this.#listeners.filter((other) => other.serves(address));
    const shared = options.reusePort === true && taken.every((other) => other.shared);
    if (taken.length > 0 && !shared) throw systemError("bind", "EADDRINUSE");

    const listener: FakeListener = new FakeListener(address, options, accept, () => {
      this.#listeners.splice(this.#listeners.indexOf(listener), 1);
    });
    this.#listeners.push(listener);
    return listener;
  }

  async openListener(): Promise<IdleListener> {
    throw systemError("open a descriptor", "ENOTSUP");
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (options.tls) return (await openTls(this, this.#memory)).connect(options, connected);
    if (options.source !== undefined) throw cannotBindSource("fake");
    const remote = { ...this.#addressOf(options), port: options.port ?? 0 };
    const { signal } = options;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = signal && onAbort(signal, () => reject(signal.reason));
      this.#turns.later(() => {
        leave?.();
        if (signal?.aborted) return;
        const listener = this.#listeners.find((other) => other.serves(remote));
        if (listener === undefined) {
          reject(systemError("connect", remote.path === "" ? "ECONNREFUSED" : "ENOENT"));
          return;
        }
        // The next of several that share a port is another one.
        this.#listeners.splice(this.#listeners.indexOf(listener), 1);
        this.#listeners.push(listener);
        try {
          resolve(this.#join(remote, listener, connected));
        } catch (error) {
          reject(error);
        }
      });
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
    throw cannotWatch(fd, "fake");
  }

  reserve(length: number): number {
    const { output } = this.#memory;
    if (length > output.length) {
      throw new RangeError(`Cannot reserve ${length} bytes: there are ${output.length}`);
    }
    // Ever new room, so that bytes kept too long in the old one are soon overwritten.
    if (this.#reserved + length > output.length) this.#reserved = 0;
    const start = output.start + this.#reserved;
    this.#reserved += length;
    return start;
  }

  #join(remote: Address, listener: FakeListener, connected: SocketHandlerFactory): Socket {
    const local = remote.path === "" ? { ...remote, port: this.#nextPort++ } : { ...NOWHERE };
    const client = new FakeSocket(this.#memory, this.#turns, local, remote);
    const server = new FakeSocket(this.#memory, this.#turns, remote, local);
    client.join(server);
    server.join(client);
    this.#turns.later(() => server.open(listener.accept));
    client.open(connected);
    return client;
  }

  #addressOf(options: ConnectOptions): Address {
    if (options.path) return { host: "", port: 0, path: options.path };
    const name = options.host?.replace("::ffff:", "") ?? "::";
    const host = name === "localhost" ? "127.0.0.1" : name;
    return { host, port: options.port || this.#nextPort++, path: "" };
  }
}

const NOWHERE: Address = { host: "", port: 0, path: "" };

class FakeListener implements Listener {
  readonly address: Address;
  readonly shared: boolean;
  readonly accept: SocketHandlerFactory;
  readonly #forget: () => void;
  #open = true;

  constructor(
    address: Address,
    options: ListenOptions,
    accept: SocketHandlerFactory,
    forget: () => void,
  ) {
    this.address = address;
    this.shared = options.reusePort === true;
    this.accept = accept;
    this.#forget = forget;
  }

  serves(address: Address): boolean {
    const { host, port, path } = this.address;
    if (path !== address.path || port !== address.port) return false;
    return host === address.host || host === "::" || address.host === "::";
  }

  close(): void {
    if (this.#open) this.#forget();
    this.#open = false;
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }
}
