/**
 * Sockets over Linux's epoll, called through Deno's FFI: a readiness batch is received, handled and
 * answered with one `recv` and one `send` for each socket, and no promise. Needs `--allow-ffi`
 * beside `--allow-net`; `host.ts` takes `tcp.ts` where it is missing.
 */

import type {
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
import { EPOLLOUT, Epoll, type Source } from "./epoll.ts";
import { EpollListener } from "./epoll-listener.ts";
import { EpollSocket, Kernel } from "./epoll-socket.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  ECONNRESET,
  EINPROGRESS,
  F_DUPFD_CLOEXEC,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  type Libc,
  O_NONBLOCK,
  OWN_AND_NONBLOCKING,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  systemError,
  TCP_NODELAY,
} from "./libc.ts";
import { Output } from "./output.ts";
import { allowsNet, requireNet, requireNotDenied, requirePath } from "./permissions.ts";
import {
  anyAddress,
  describe,
  type Endpoint,
  localAddress,
  NOBODY,
  resolve,
  unixAddress,
} from "./socket-address.ts";
import { removeStaleSocket } from "./socket-file.ts";
import { openTls } from "./tls.ts";

const DEFAULT_BACKLOG = 128;
const DEFAULT_MODE = 0o600;

/** Opens the epoll loop on the core's memory. */
export function openEpollTcp(memory: TransferMemory, libc: Libc): Tcp {
  return new EpollTcp(memory, libc);
}

class EpollTcp implements Tcp {
  readonly #kernel: Kernel;

  constructor(memory: TransferMemory, libc: Libc) {
    const output = new Output(memory);
    this.#kernel = new Kernel(libc, new Epoll(libc, memory, output), output, memory);
  }

  watch(fd: number, events: number, ready: (events: number) => void): DescriptorWatch {
    return new Watched(this.#kernel, fd, events, ready);
  }

  time(): number {
    return this.#kernel.epoll.time();
  }

  reserve(length: number): number {
    return this.#kernel.output.reserve(length);
  }

  async listen(options: ListenOptions, accept: SocketHandlerFactory): Promise<Listener> {
    if (options.tls) return (await openTls(this, this.#kernel.memory)).listen(options, accept);
    const fd = options.fd === undefined ? await this.#bind(options) : this.#adopt(options.fd);
    return new EpollListener(this.#kernel, fd, localAddress(this.#kernel.libc, fd), accept);
  }

  async openListener(options: ListenOptions): Promise<IdleListener> {
    const { libc } = this.#kernel;
    const fd = await this.#bind(options);
    let open = true;
    const close = (): void => {
      if (open) libc.call.close(fd);
      open = false;
    };
    const setInheritable = (on: boolean): void => {
      libc.call.fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
    };
    return { address: localAddress(libc, fd), fd, byNumber: true, setInheritable, close };
  }

  /** A listening socket's descriptor. */
  async #bind(options: ListenOptions): Promise<number> {
    const { host, port = 0, path } = options;
    if (path) {
      requirePath("listen on", path);
      await removeStaleSocket(path);
      return this.#listen(unixAddress(path), options);
    }
    if (!host) return this.#listenEverywhere(port, options);
    const [endpoint] = await this.#resolve("listen on", host, port);
    return this.#listen(endpoint as Endpoint, options);
  }

  /** A socket that listens already. */
  #adopt(fd: number): number {
    const { libc } = this.#kernel;
    libc.expectAddress();
    if (libc.call.getsockname(fd, libc.addressPointer, libc.addressLength) < 0) {
      throw systemError(`accept on descriptor ${fd}`, libc.errno);
    }
    libc.call.fcntl(fd, F_SETFL, O_NONBLOCK);
    libc.call.fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }

  async connect(options: ConnectOptions, connected: SocketHandlerFactory): Promise<Socket> {
    if (options.tls) return (await openTls(this, this.#kernel.memory)).connect(options, connected);
    const { host = "localhost", port = 0, path } = options;
    if (path) {
      requirePath("connect to", path);
      return this.#connect(unixAddress(path), connected);
    }
    let failure: unknown;
    for (const endpoint of await this.#resolve("connect to", host, port)) {
      try {
        return await this.#connect(endpoint, connected);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  async startTls(
    socket: Socket,
    options: StartTlsOptions,
    secured: SocketHandlerFactory,
  ): Promise<Socket> {
    // What comes while TLS is loaded is for it.
    socket.pause();
    return (await openTls(this, this.#kernel.memory)).startTls(socket, options, secured);
  }

  /** The addresses of a name, each of which the user's permissions allow. */
  async #resolve(act: string, host: string, port: number): Promise<Endpoint[]> {
    requireNet(act, host, port);
    const endpoints = await resolve(this.#kernel.libc, host, port);
    for (const { address } of endpoints) requireNotDenied(act, address.host, port);
    return endpoints;
  }

  /** On both families, or on IPv4 alone where there is no IPv6 or no permission for it. */
  #listenEverywhere(port: number, options: ListenOptions): number {
    if (allowsNet("::", port)) {
      try {
        return this.#listen(anyAddress(AF_INET6, port), options);
      } catch (error) {
        if (!lacksIPv6(error)) throw error;
      }
    }
    requireNet("listen on", "0.0.0.0", port);
    return this.#listen(anyAddress(AF_INET, port), options);
  }

  #listen(endpoint: Endpoint, options: ListenOptions): number {
    const { libc } = this.#kernel;
    const { family, bytes, address } = endpoint;
    const act = `listen on ${describe(address)}`;
    const fd = this.#open(endpoint, act);
    if (family === AF_UNIX) {
      // Linux gives the file these bits when it makes it, so that it is never open to others.
      libc.call.fchmod(fd, options.mode ?? DEFAULT_MODE);
    } else {
      libc.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      // Accepted sockets inherit it.
      libc.setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      if (options.reusePort === true) libc.setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
      if (address.host === "::") libc.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    if (libc.call.bind(fd, bytes, bytes.length) < 0) throw this.#drop(fd, act);
    // What the process's umask took away.
    if (family === AF_UNIX) Deno.chmodSync(address.path, options.mode ?? DEFAULT_MODE);
    if (libc.call.listen(fd, options.backlog ?? DEFAULT_BACKLOG) < 0) throw this.#drop(fd, act);
    return fd;
  }

  #connect(endpoint: Endpoint, connected: SocketHandlerFactory): Promise<Socket> {
    const { libc } = this.#kernel;
    const { bytes, address } = endpoint;
    const act = `connect to ${describe(address)}`;
    const fd = this.#open(endpoint, act);
    const begun = libc.call.connect(fd, bytes, bytes.length) === 0 || libc.errno === EINPROGRESS;
    if (!begun) throw this.#drop(fd, act);
    return new Promise((resolve, reject) => {
      new Connecting(this.#kernel, fd, (errno) => {
        if (errno !== 0 && errno !== ECONNRESET) {
          libc.call.close(fd);
          reject(systemError(act, errno));
          return;
        }
        if (address.path === "") libc.setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        const local = localAddress(libc, fd);
        const socket = new EpollSocket(this.#kernel, fd, local, address, NOBODY);
        try {
          socket.handler = connected(socket);
          // The peer accepted and reset it within one turn: it was connected all the same.
          if (errno !== 0) socket.fail("use", errno);
          resolve(socket);
        } catch (error) {
          socket.abort();
          reject(error);
        }
      });
    });
  }

  #open(endpoint: Endpoint, act: string): number {
    const { libc } = this.#kernel;
    const fd = libc.call.socket(endpoint.family, SOCK_STREAM | OWN_AND_NONBLOCKING, 0);
    if (fd < 0) throw systemError(act, libc.errno);
    return fd;
  }

  /** Closes a descriptor whose last call failed, and answers with the error of that. */
  #drop(fd: number, act: string): Error {
    const error = systemError(act, this.#kernel.libc.errno);
    this.#kernel.libc.call.close(fd);
    return error;
  }
}

/** A descriptor whose connection is under way. */
class Connecting implements Source {
  serial = 0;
  readonly #kernel: Kernel;
  readonly #fd: number;
  readonly #done: (errno: number) => void;

  constructor(kernel: Kernel, fd: number, done: (errno: number) => void) {
    this.#kernel = kernel;
    this.#fd = fd;
    this.#done = done;
    kernel.epoll.add(fd, EPOLLOUT, this);
  }

  ready(): void {
    const errno = this.#kernel.libc.takeError(this.#fd);
    this.#kernel.epoll.park(this.#fd);
    this.#kernel.epoll.remove(this.#fd);
    this.#done(errno);
  }
}

/** A descriptor of somebody else's; the copy of it that is watched is our own. */
class Watched implements Source, DescriptorWatch {
  serial = 0;
  readonly #kernel: Kernel;
  readonly #fd: number;
  readonly #ready: (events: number) => void;
  #open = true;

  constructor(kernel: Kernel, fd: number, events: number, ready: (events: number) => void) {
    const { call } = kernel.libc;
    const act = `watch descriptor ${fd}`;
    this.#kernel = kernel;
    this.#ready = ready;
    this.#fd = call.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (this.#fd < 0) throw systemError(act, kernel.libc.errno);
    const errno = kernel.epoll.add(this.#fd, events, this);
    if (errno === 0) return;
    this.close();
    throw systemError(act, errno);
  }

  ready(events: number): void {
    this.#ready(events);
  }

  change(events: number): void {
    if (this.#open) this.#kernel.epoll.change(this.#fd, events, this);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#kernel.epoll.park(this.#fd);
    this.#kernel.epoll.remove(this.#fd);
    this.#kernel.libc.call.close(this.#fd);
  }
}

function lacksIPv6(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}
