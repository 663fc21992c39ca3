/**
 * A host's socket as a stream of Node's kind, which the runtime's TLS reads ciphertext from and
 * writes it to. Below it the socket, above it `tls-socket.ts`.
 */
import { Duplex } from "node:stream";
import type { Socket, SocketHandler, TransferMemory } from "../host.ts";

type Done = (error?: Error | null) => void;

export class SocketStream extends Duplex {
  /** What the socket below calls. */
  readonly handler: SocketHandler;
  readonly #socket: Socket;
  #paused = false;
  /** The write that waits until the kernel has taken its bytes. */
  #written: Done | undefined;
  #gone = false;
  #aborted = false;
  /** What ended the socket below. */
  error: Error | undefined;

  constructor(socket: Socket, memory: TransferMemory) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.handler = {
      data: (start, length) => {
        // A copy: the input region holds other sockets' bytes next.
        const bytes = Buffer.from(Buffer.from(memory.buffer, start, length));
        if (this.push(bytes)) return;
        this.#paused = true;
        socket.pause();
      },
      end: () => this.push(null),
      drain: () => this.#release(),
      close: (error) => this.#closed(error),
    };
  }

  /** Drops what is buffered; the peer sees a reset. */
  abort(): void {
    this.#aborted = true;
    this.#socket.abort();
    this.destroy();
  }

  override _read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Done): void {
    this.#socket.write(bytes);
    if (this.#socket.bufferedAmount === 0) done();
    else this.#written = done;
  }

  override _final(done: Done): void {
    this.#socket.shutdown();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#gone && !this.#aborted) this.#socket.close();
    this.#release();
    done(error);
  }

  #release(): void {
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }

  #closed(error: Error | undefined): void {
    this.#gone = true;
    this.error = error;
    this.#release();
    // Without the error: the socket above tells it, and nobody listens for it here.
    this.destroy();
  }
}
