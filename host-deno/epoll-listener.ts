/** A listening socket of `tcp-epoll.ts`: accepts what is there, and rests when it cannot. */

import type { Address, Listener, SocketHandlerFactory } from "../src/host.ts";
import { EPOLLIN, type Source } from "./epoll.ts";
import { EpollSocket, type Kernel } from "./epoll-socket.ts";
import { EAGAIN, ECONNABORTED, EINTR, EPROTO, OWN_AND_NONBLOCKING, systemError } from "./libc.ts";
import { throwLater } from "./output.ts";
import { describe, localAddress, NOBODY, readAddress } from "./socket-address.ts";
import { inodeOf, removeSocket } from "./socket-file.ts";

/** Most connections accepted before those that are open are served again. */
const ACCEPT_BURST = 64;
/** Milliseconds until the next try when there are no descriptors left. nginx waits 500. */
const EXHAUSTED_REST = 100;
/** Milliseconds without that, after which it is told again. */
const EXHAUSTED_AGAIN = 60_000;
/** A connection was gone before it was accepted; the next one may be well. */
const GONE: ReadonlySet<number> = new Set([EINTR, EPROTO, ECONNABORTED]);

export class EpollListener implements Listener, Source {
  readonly address: Address;
  serial = 0;
  readonly #kernel: Kernel;
  readonly #accept: SocketHandlerFactory;
  readonly #inode: string | undefined;
  #fd: number;
  #exhaustedAt = Number.NEGATIVE_INFINITY;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(kernel: Kernel, fd: number, address: Address, accept: SocketHandlerFactory) {
    this.#kernel = kernel;
    this.#fd = fd;
    this.address = address;
    this.#accept = accept;
    this.#inode = address.path === "" ? undefined : inodeOf(address.path);
    kernel.epoll.add(fd, EPOLLIN, this);
  }

  close(): void {
    if (this.#fd < 0) return;
    clearTimeout(this.#rest);
    removeSocket(this.address.path, this.#inode);
    this.#kernel.epoll.remove(this.#fd);
    this.#kernel.libc.call.close(this.#fd);
    this.#fd = -1;
  }

  setTls(): void {
    throw new Error("Cannot set TLS: the listener was opened without it");
  }

  /** Called by the epoll loop. */
  ready(): void {
    const { libc } = this.#kernel;
    for (let i = 0; i < ACCEPT_BURST && this.#fd >= 0; i++) {
      libc.expectAddress();
      const fd = libc.call.accept4(
        this.#fd,
        libc.addressPointer,
        libc.addressLength,
        OWN_AND_NONBLOCKING,
      );
      if (fd >= 0) {
        this.#open(fd);
        continue;
      }
      const { errno } = libc;
      if (GONE.has(errno)) continue;
      if (errno !== EAGAIN) this.#exhausted(errno);
      return;
    }
  }

  #open(fd: number): void {
    const { libc } = this.#kernel;
    const remote = readAddress(libc, libc.address);
    const local = this.address.path === "" ? localAddress(libc, fd) : this.address;
    const socket = new EpollSocket(this.#kernel, fd, local, remote, NOBODY);
    try {
      socket.handler = this.#accept(socket);
    } catch (error) {
      socket.abort();
      throwLater(error);
    }
  }

  /** No means to accept: asks again later, instead of being told all the time. */
  #exhausted(errno: number): void {
    this.#kernel.epoll.change(this.#fd, 0, this);
    this.#rest = setTimeout(() => {
      this.#kernel.epoll.change(this.#fd, EPOLLIN, this);
    }, EXHAUSTED_REST);
    const now = performance.now();
    if (now - this.#exhaustedAt > EXHAUSTED_AGAIN) {
      console.error(
        systemError(`accept more connections on ${describe(this.address)}`, errno).message,
      );
    }
    this.#exhaustedAt = now;
  }
}
