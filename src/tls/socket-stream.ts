/**
 * A host's socket as a stream of Node's kind, which the runtime's TLS reads ciphertext from and
 * writes it to. Below it the socket, above it `tls-socket.ts`.
 */
import { Duplex } from "node:stream";
import type { Socket, SocketHandler, TransferMemory } from "../host.ts";

type Done = (error?: Error | null) => void;

/**
 * Milliseconds that a peer has to end too. TLS itself sends what nobody reads, such as tickets right
 * after the handshake: if that meets a closed socket, the kernel resets the connection and drops
 * what it has not sent yet.
 */
const LINGER = 2000;
/** Bytes that are thrown away meanwhile, as much as a record: who sends more is not only TLS. */
const DISCARDED = 16 * 1024;

const NOTHING = Buffer.alloc(0);

export class SocketStream extends Duplex {
  /** What the socket below calls. */
  readonly handler: SocketHandler;
  readonly #socket: Socket;
  /** TLS cannot keep up, or the socket above is not read. */
  #full = false;
  #held = false;
  #look: ((bytes: Uint8Array) => boolean) | undefined;
  #shown: Buffer = NOTHING;
  /** The write that waits until the kernel has taken its bytes. */
  #written: Done | undefined;
  #aborted = false;
  /** The peer sends no more. */
  #ended = false;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #discarded = 0;
  /** The socket below has closed, and what ended it. */
  gone = false;
  error: Error | undefined;
  /** Called when bytes that waited are on their way, and when the socket below has closed. */
  changed: () => void = () => {};
  /** Called when the peer has said that it sends no more. */
  peerEnded: () => void = () => {};

  constructor(socket: Socket, memory: TransferMemory) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.handler = {
      data: (start, length) => {
        if (this.destroyed) {
          this.#discard(length);
          return;
        }
        // A copy: the input region holds other sockets' bytes next.
        const copy = Buffer.from(Buffer.from(memory.buffer, start, length));
        const bytes = this.#look === undefined ? copy : this.#show(copy, this.#look);
        if (bytes === undefined) return;
        if (!this.push(bytes)) this.#setPaused(true, this.#held);
      },
      end: () => {
        this.#ended = true;
        if (!this.destroyed) this.push(null);
        this.peerEnded();
      },
      drain: () => {
        this.#release();
        this.changed();
      },
      close: (error) => this.#closed(error),
    };
  }

  /** Keeps what arrives, and shows it all each time there is more, until `look` has seen enough. */
  peek(look: (bytes: Uint8Array) => boolean): void {
    this.#look = look;
  }

  #show(bytes: Buffer, look: (bytes: Uint8Array) => boolean): Buffer | undefined {
    const shown = this.#shown.length === 0 ? bytes : Buffer.concat([this.#shown, bytes]);
    const seen = look(shown);
    // An open connection does not hold its first message.
    this.#shown = seen ? NOTHING : shown;
    if (!seen) return undefined;
    this.#look = undefined;
    return shown;
  }

  /** Bytes of ciphertext that wait, here and below. */
  get waiting(): number {
    return this.destroyed ? 0 : this.writableLength + this.#socket.bufferedAmount;
  }

  /** Drops what is buffered; the peer sees a reset. */
  abort(): void {
    this.#aborted = true;
    this.#socket.abort();
    this.destroy();
  }

  /** Reads no more ciphertext, or does again: not every runtime's TLS can be paused and go on. */
  hold(held: boolean): void {
    this.#setPaused(this.#full, held);
  }

  #setPaused(full: boolean, held: boolean): void {
    const before = this.#full || this.#held;
    this.#full = full;
    this.#held = held;
    if (before === (full || held)) return;
    if (before) this.#socket.resume();
    else this.#socket.pause();
  }

  override _read(): void {
    this.#setPaused(false, this.#held);
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
    if (!this.gone && !this.#aborted) this.#close();
    this.#release();
    done(error);
  }

  /** Closes once the peer has ended too; until then, what it sends is thrown away. */
  #close(): void {
    const socket = this.#socket;
    if (this.#ended) {
      socket.close();
      return;
    }
    socket.shutdown();
    this.#setPaused(false, false);
    // Whether the process waits for it is up to the socket.
    this.#lingering = setTimeout(() => socket.close(), LINGER).unref();
  }

  /** The peer goes on sending what nobody reads: it is told so. */
  #discard(length: number): void {
    this.#discarded += length;
    if (this.#discarded > DISCARDED) this.#socket.abort();
  }

  #release(): void {
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }

  #closed(error: Error | undefined): void {
    clearTimeout(this.#lingering);
    this.gone = true;
    this.error = error;
    this.#release();
    // Without the error: the socket above tells it, and nobody listens for it here.
    this.destroy();
    this.changed();
  }
}
