/**
 * The socket above a finished handshake: plaintext goes into the core's input region and out of its
 * output region, as the seam has it. What the runtime's TLS tells is noted, and handed to the
 * handler from a microtask: it may come from inside another socket's call, when the input region
 * is not free.
 */
import type { TLSSocket } from "node:tls";
import {
  type Address,
  INPUT_SLACK,
  NOBODY,
  type Socket,
  type SocketHandler,
  type SocketHandlerFactory,
  type TlsFacts,
  type TransferMemory,
} from "../host.ts";
import { factsOf } from "./facts.ts";
import type { SocketStream } from "./socket-stream.ts";

export class SecureSocket implements Socket {
  handler: SocketHandler = NOBODY;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly tls: TlsFacts;
  readonly #raw: TLSSocket;
  readonly #stream: SocketStream;
  readonly #below: Socket;
  readonly #memory: TransferMemory;
  readonly #bytes: Uint8Array;
  /** What the handler has to hear, in this order: bytes, the end, room, the close. */
  #arrived: Uint8Array[] = [];
  #ended: "no" | "due" | "told" = "no";
  #drainDue = false;
  #closed: "no" | "due" | "told" = "no";
  #rawClosed = false;
  #scheduled = false;
  #paused = false;
  #writing: "open" | "shut" | "closing" = "open";
  #blocked = false;
  /**
   * Bytes written since the connection broke, before its owner hears of it: they count as waiting, or
   * who writes on as long as nothing waits would never let the runtime come to tell.
   */
  #lost = 0;
  #error: Error | undefined;

  constructor(raw: TLSSocket, stream: SocketStream, below: Socket, memory: TransferMemory) {
    this.#raw = raw;
    this.#stream = stream;
    this.#below = below;
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.localAddress = below.localAddress;
    this.remoteAddress = below.remoteAddress;
    this.tls = factsOf(raw);
  }

  static open(
    raw: TLSSocket,
    stream: SocketStream,
    below: Socket,
    memory: TransferMemory,
    factory: SocketHandlerFactory,
  ): SecureSocket {
    const socket = new SecureSocket(raw, stream, below, memory);
    // From now on: an error that nobody hears would end the process.
    socket.#listen();
    try {
      socket.handler = factory(socket);
    } catch (error) {
      socket.abort();
      throw error;
    }
    return socket;
  }

  #listen(): void {
    const raw = this.#raw;
    raw.on("error", (error: Error) => {
      this.#error ??= error;
    });
    raw.on("data", (bytes: Uint8Array) => {
      if (this.#writing === "closing") return;
      this.#arrived.push(bytes);
      this.#schedule();
    });
    raw.on("end", () => {
      // Bun's TLS takes a connection that broke for one that has ended.
      if (this.#stream.error !== undefined) return;
      if (this.#ended === "no") this.#ended = "due";
      this.#schedule();
    });
    // Not every runtime's TLS notices that the stream below it is gone.
    this.#stream.once("close", () => raw.destroy());
    raw.on("close", () => {
      this.#rawClosed = true;
      this.#changed();
    });
    this.#stream.changed = () => this.#changed();
  }

  /** Something below is done: bytes that waited, or all of it. */
  #changed(): void {
    // A stream that is gone holds nothing any more, but has not sent what it held.
    if (this.#blocked && !this.#stream.gone && this.bufferedAmount === 0) {
      this.#blocked = false;
      this.#drainDue = true;
    }
    if (this.#rawClosed && this.#stream.gone && this.#closed === "no") {
      // The stream below knows why, if it was not TLS itself.
      if (this.#writing !== "closing") this.#error = this.#stream.error ?? this.#error;
      this.#closed = "due";
    }
    if (this.#hasNews()) this.#schedule();
  }

  get bufferedAmount(): number {
    if (!this.#blocked || this.#rawClosed) return this.#lost;
    // Some runtimes' TLS takes all at once, others nothing before the last is gone.
    return this.#lost + this.#raw.writableLength + this.#stream.waiting;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    try {
      this.#tell();
    } finally {
      // A handler has thrown: the rest is told all the same.
      if (this.#hasNews()) this.#schedule();
    }
  }

  #hasNews(): boolean {
    if (this.#closed === "due") return this.#writing === "closing" || !this.#paused;
    if (this.#writing === "closing") return false;
    if (this.#drainDue) return true;
    return !this.#paused && (this.#arrived.length > 0 || this.#ended === "due");
  }

  #tell(): void {
    while (this.#isReading() && this.#arrived.length > 0) this.#tellData();
    if (this.#isReading() && this.#ended === "due") {
      this.#ended = "told";
      this.handler.end();
      if (this.#writing === "shut") this.#raw.destroySoon();
    }
    if (this.#drainDue) {
      this.#drainDue = false;
      if (this.#writing !== "closing" && this.#closed === "no") this.handler.drain();
    }
    if (this.#closed !== "due" || (this.#paused && this.#writing !== "closing")) return;
    this.#closed = "told";
    this.#lost = 0;
    this.handler.close(this.#error);
  }

  #isReading(): boolean {
    return !this.#paused && this.#writing !== "closing";
  }

  #tellData(): void {
    const first = this.#arrived[0] as Uint8Array;
    const { start, length } = this.#memory.input;
    const taken = Math.min(first.length, length - INPUT_SLACK);
    if (taken === first.length) this.#arrived.shift();
    else this.#arrived[0] = first.subarray(taken);
    this.#bytes.set(first.subarray(0, taken), start);
    this.handler.data(start, taken);
  }

  send(start: number, length: number): void {
    if (length > 0) this.write(this.#bytes.slice(start, start + length));
  }

  write(bytes: Uint8Array, mayChange = false): void {
    if (this.#writing !== "open" || bytes.length === 0 || this.#closed === "told") return;
    if (this.#raw.destroyed || this.#stream.destroyed) {
      this.#lost += bytes.length;
      return;
    }
    // All that is written in one go becomes records together.
    if (this.#raw.writableCorked === 0) {
      this.#raw.cork();
      queueMicrotask(() => this.#raw.uncork());
    }
    this.#blocked = true;
    this.#drainDue = false;
    this.#raw.write(mayChange ? new Uint8Array(bytes) : bytes, this.#written);
  }

  writeShared(bytes: Uint8Array): void {
    this.write(bytes);
  }

  readonly #written = (): void => this.#changed();

  /** The bytes of a file have to be encrypted first. */
  sendFile(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#stream.hold(true);
  }

  resume(): void {
    this.#paused = false;
    this.#stream.hold(false);
    if (this.#hasNews()) this.#schedule();
  }

  shutdown(): void {
    if (this.#writing !== "open") return;
    this.#writing = "shut";
    this.#raw.uncork();
    if (this.#ended === "told") this.#raw.destroySoon();
    else this.#raw.end();
  }

  close(): void {
    if (this.#writing === "closing") return;
    this.#writing = "closing";
    this.#arrived = [];
    this.#raw.uncork();
    // What still arrives must be read, or the peer sees a reset.
    this.#stream.hold(false);
    this.#raw.destroySoon();
    if (this.#closed === "due") this.#schedule();
  }

  abort(): void {
    if (this.#closed === "told") return;
    this.#writing = "closing";
    this.#arrived = [];
    this.#stream.abort();
    this.#raw.destroy();
    if (this.#closed === "due") this.#schedule();
  }

  setNoDelay(noDelay: boolean): void {
    this.#below.setNoDelay(noDelay);
  }

  keepProcess(kept: boolean): void {
    this.#below.keepProcess(kept);
  }
}
