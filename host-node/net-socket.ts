/**
 * One connection of node:net. Node's events come in here, and the owner's calls; tcp-net.ts opens it
 * and lends it the core's memory.
 */
import type { Socket as NodeSocket } from "node:net";
import { type Address, NOBODY, type Socket, type SocketHandler } from "../src/host.ts";
import { NO_ADDRESS, plainAddress } from "./addresses.ts";
import type { NetTcp } from "./tcp-net.ts";

/** What is known of a socket beforehand. */
export interface Known {
  readonly local?: Address;
  readonly remote?: Address;
  readonly error?: Error;
}

function addressOf(host: string | undefined, port: number | undefined): Address {
  return host === undefined ? NO_ADDRESS : plainAddress(host, port ?? 0);
}

/** What is held back until all is written. Beyond it, whoever writes has to see what waits. */
const MOST_CORKED = 256 * 1024;

/** Hears events of a socket whose factory has not returned. */
export class NetSocket implements Socket {
  handler: SocketHandler = NOBODY;
  readonly #socket: NodeSocket;
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

  constructor(socket: NodeSocket, tcp: NetTcp, known: Known) {
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

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
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
