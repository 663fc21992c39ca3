/**
 * Outgoing connections of the epoll loop, from the name to the socket: one address after the other,
 * until one answers. tcp.ts tells it what the addon says of them.
 */
import { constants } from "node:os";
import { type Attempt, connectInTurn } from "../src/happy-eyeballs.ts";
import type {
  Address,
  ConnectOptions,
  Socket,
  SocketHandlerFactory,
  SourceAddress,
} from "../src/host.ts";
import { onAbort } from "../src/util.ts";
import { type Addressing, describe, describeSource, systemError } from "./addresses.ts";
import type { EpollSocket } from "./epoll-socket.ts";
import type { NativeLoop } from "./native.ts";

/** Makes the socket of a connection that stands. Throws what the factory throws. */
type Open = (id: number, remote: Address | undefined, factory: SocketHandlerFactory) => EpollSocket;

interface Connecting {
  readonly act: string;
  /** Known beforehand for a path: the kernel names Unix sockets only by what they are bound to. */
  readonly address: Address | undefined;
  readonly connected: SocketHandlerFactory;
  /** Listens to the signal no more. */
  readonly leave: (() => void) | undefined;
  resolve(socket: Socket): void;
  reject(error: unknown): void;
}

/** One attempt. */
interface Place {
  /** An IP address, or the path of a Unix socket with the port -1. */
  readonly host: string;
  readonly port: number;
  readonly source?: SourceAddress | undefined;
  readonly signal: AbortSignal | undefined;
}

export class EpollConnector {
  readonly #native: NativeLoop;
  readonly #addressing: Addressing;
  readonly #open: Open;
  readonly #connecting = new Map<number, Connecting>();

  constructor(native: NativeLoop, addressing: Addressing, open: Open) {
    this.#native = native;
    this.#addressing = addressing;
    this.#open = open;
  }

  /** Rejects as `Tcp.connect` does. */
  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    const { host = "localhost", port = 0, path, source, signal } = options;
    signal?.throwIfAborted();
    // An Address of TCP says "" here.
    if (path) {
      this.#addressing.checkPath("connect to", path);
      return this.#connect({ host: path, port: -1, signal }, connected);
    }
    const resolving = this.#addressing.resolve("connect to", host, port);
    const addresses = await (signal === undefined ? resolving : unlessAborted(resolving, signal));
    const places = addresses.map((address) => ({ host: address, port, source }));
    const attempt: Attempt<(typeof places)[number]> = (to, factory, given) =>
      this.#connect({ ...to, signal: given }, factory);
    return connectInTurn(places, connected, attempt, { signal });
  }

  #connect(place: Place, connected: SocketHandlerFactory): Promise<Socket> {
    const { host, port, source, signal } = place;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const act = `connect to ${describe(host, port)}${describeSource(source)}`;
    const id = this.#begin(host, port, source);
    if (id < 0) return Promise.reject(systemError(-id, act));
    const address = port < 0 ? { host: "", port: 0, path: host } : undefined;
    return new Promise((resolve, reject) => {
      const leave = signal && onAbort(signal, () => this.#giveUp(id, signal.reason));
      this.#connecting.set(id, { act, address, connected, leave, resolve, reject });
    });
  }

  #giveUp(id: number, reason: unknown): void {
    const connecting = this.#connecting.get(id);
    this.#connecting.delete(id);
    this.#native.close(id, 0);
    connecting?.reject(reason);
  }

  #begin(host: string, port: number, source: SourceAddress | undefined): number {
    if (source === undefined) return this.#native.connect(host, port);
    const any = host.includes(":") ? "::" : "0.0.0.0";
    return this.#native.connect(host, port, source.host ?? any, source.port ?? 0);
  }

  /** What became of a connection: 0, or why there is none. */
  connected(id: number, errno: number): void {
    const connecting = this.#connecting.get(id);
    if (connecting === undefined) return;
    this.#connecting.delete(id);
    connecting.leave?.();
    if (errno !== 0 && errno !== constants.errno.ECONNRESET) {
      this.#native.close(id, 0);
      connecting.reject(systemError(errno, connecting.act));
      return;
    }
    try {
      const socket = this.#open(id, connecting.address, connecting.connected);
      // A peer that has accepted and reset: an error that comes after connecting.
      if (errno !== 0) socket.fail(errno);
      connecting.resolve(socket);
    } catch (error) {
      connecting.reject(error);
    }
  }
}

/** What the promise brings, unless nobody waits any more: a name may take minutes to be found. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => reject(signal.reason));
    promise.finally(leave).then(resolve, reject);
  });
}
