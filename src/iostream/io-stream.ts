/**
 * A connection to read from and write to with promises. The one place in Squall that waits for
 * bytes: below it a host's socket, above it protocols of an application.
 */
import { CARRY_CAPACITY, CARRY_START, putBytes, viewBytes } from "../core.ts";
import { type Address, NOBODY, type Socket, type SocketHandler, type TlsFacts } from "../host.ts";
import { IOLoop } from "../ioloop.ts";
import { forWhoAwaits } from "../util.ts";
import { limitClose, runCloseCallback } from "./closing.ts";
import { StreamBufferFullError, StreamClosedError } from "./errors.ts";
import { type IOStreamOptions, streamLimits } from "./options.ts";
import { ReadBuffer } from "./read-buffer.ts";
import {
  BytesRead,
  CloseRead,
  checkLength,
  DelimiterRead,
  IntoRead,
  type Read,
  RegexRead,
  type Waiting,
} from "./reads.ts";
import { type SslOptions, startTlsOptions } from "./tls-options.ts";
import { Writers } from "./writers.ts";

/** Bytes read ahead while nobody reads: what one read of the kernel brings at most. */
const READ_AHEAD = 64 * 1024;
const WRITTEN: Promise<void> = Promise.resolve();
const encoder = new TextEncoder();

/**
 * A stream over a socket (Tornado `iostream.IOStream`). One read at a time; writes are sent in
 * order. A stream that fails or ends closes: what has been received before can still be read, and
 * every read and write that cannot be satisfied rejects with StreamClosedError.
 */
export class IOStream {
  readonly maxBufferSize: number;
  readonly maxWriteBufferSize: number;
  readonly closeTimeout: number;
  readonly #options: IOStreamOptions;
  readonly #socket: Socket;
  readonly #buffer: ReadBuffer = new ReadBuffer();
  #waiting: Waiting | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  readonly #writers: Writers = new Writers();
  #paused = false;
  /** The peer sends no more. */
  #ended = false;
  #shut = false;
  #closed = false;
  #detached = false;
  /** Breaks off the handshake that is under way. */
  #handshake: AbortController | undefined;
  /** What TLS has put in this one's place. */
  #successor: IOStream | undefined;
  #error: Error | undefined;
  #stopLimit: (() => void) | undefined;
  #closeCallback: (() => unknown) | undefined;

  /** Takes a socket over. One that is somebody else's is had by that one's `detach()`. */
  constructor(socket: Socket, options: IOStreamOptions = {}) {
    this.#options = options;
    const { maxBufferSize, maxWriteBufferSize, closeTimeout } = streamLimits(options);
    this.maxBufferSize = maxBufferSize;
    this.maxWriteBufferSize = maxWriteBufferSize;
    this.closeTimeout = closeTimeout;
    this.#socket = socket;
    socket.handler = {
      data: (start, length) => this.#receive(start, length),
      end: () => this.#peerEnded(),
      drain: () => this.#writers.resolve(),
      close: (error) => this.#gone(error),
    };
  }

  get localAddress(): Address {
    return this.#socket.localAddress;
  }

  get remoteAddress(): Address {
    return this.#socket.remoteAddress;
  }

  /** What the TLS handshake has settled; undefined without TLS. */
  get tls(): TlsFacts | undefined {
    return this.#socket.tls;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What closed the stream; undefined while it is open, and after a clean end. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether a read is under way. */
  get reading(): boolean {
    return this.#waiting !== undefined;
  }

  /** Whether bytes wait for the peer to take them. */
  get writing(): boolean {
    return this.#writers.any;
  }

  /**
   * Reads until a delimiter, which the result ends with. More than `maxBytes` without it close the
   * stream; the cause is an UnsatisfiableReadError.
   */
  readUntil(
    delimiter: string | Uint8Array,
    { maxBytes = Number.POSITIVE_INFINITY }: { readonly maxBytes?: number } = {},
  ): Promise<Uint8Array> {
    const bytes = typeof delimiter === "string" ? encoder.encode(delimiter) : delimiter;
    if (bytes.length === 0) throw new RangeError("Cannot read until a delimiter: it is empty");
    return this.#read(new DelimiterRead(bytes, maxBytes));
  }

  /**
   * Reads up to the end of the first match of an expression, which sees one character for each byte.
   * `maxBytes` as for `readUntil`.
   */
  readUntilRegex(
    regex: RegExp,
    { maxBytes = Number.POSITIVE_INFINITY }: { readonly maxBytes?: number } = {},
  ): Promise<Uint8Array> {
    return this.#read(new RegexRead(regex, maxBytes));
  }

  /** Reads a number of bytes; with `partial`, at least one and at most that many. */
  readBytes(
    length: number,
    { partial = false }: { readonly partial?: boolean } = {},
  ): Promise<Uint8Array> {
    checkLength(length, partial, this.maxBufferSize);
    return this.#read(new BytesRead(length, partial));
  }

  /** Fills the bytes given; with `partial`, as far as there are any. Resolves with their number. */
  readInto(
    target: Uint8Array,
    { partial = false }: { readonly partial?: boolean } = {},
  ): Promise<number> {
    const read = new IntoRead(target, partial);
    return forWhoAwaits(this.#read(read).then(() => read.filled));
  }

  /**
   * Reads all until the stream is closed. A connection that breaks is no error here, but shows as
   * `error`; more than `maxBufferSize` is one.
   */
  readUntilClose(): Promise<Uint8Array> {
    return this.#read(new CloseRead());
  }

  /**
   * Writes bytes, or a string as UTF-8. Resolves when they have been given to the kernel: until
   * then they must not change. A fast writer that does not await this fills memory, up to
   * `maxWriteBufferSize`: beyond it rejects with StreamBufferFullError, and writes nothing.
   */
  write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError("Cannot write: the data is no text and no Uint8Array");
    }
    const failure = this.#refusal(bytes);
    if (failure !== undefined) return forWhoAwaits(Promise.reject(failure));
    this.#socket.write(bytes);
    return this.#socket.bufferedAmount === 0 ? WRITTEN : this.#writers.add();
  }

  /**
   * Goes over to TLS, and resolves with the stream that takes this one's place. Throws if a read or
   * write is under way or bytes wait to be read: what was received in the clear must not count as
   * received over TLS. `serverHostname` is the name that the server's certificate has to have.
   */
  async startTls(
    serverSide: boolean,
    sslOptions: SslOptions = {},
    serverHostname?: string,
  ): Promise<IOStream> {
    if (this.#waiting !== undefined || this.writing || this.#buffer.length > 0) {
      throw new Error("Cannot start TLS: the stream is not idle, or has unread bytes");
    }
    if (this.#closed) throw new StreamClosedError(this.#error);
    this.#detached = this.#closed = true;
    this.#handshake = new AbortController();
    const { signal } = this.#handshake;
    const tls = startTlsOptions(serverSide, sslOptions, serverHostname, signal);
    const loop = this.#options.loop ?? IOLoop.current();
    const secured = (above: Socket): SocketHandler => {
      this.#successor = new IOStream(above, this.#options);
      this.#successor.setCloseCallback(this.#closeCallback);
      return above.handler;
    };
    try {
      await loop.tcp.startTls(this.#socket, tls, secured);
    } catch (error) {
      this.#markClosed(error as Error);
      throw error;
    } finally {
      this.#handshake = undefined;
    }
    return this.#successor as unknown as IOStream;
  }

  /** Nagle's algorithm off (true, the default of every new TCP socket) or on. */
  setNoDelay(noDelay: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  /**
   * Has a function called once the stream is closed, after reads that were under way. What it throws,
   * or its promise rejects with, is logged.
   */
  setCloseCallback(callback: (() => unknown) | undefined): void {
    this.#closeCallback = callback;
    if (this.#successor !== undefined) this.#successor.setCloseCallback(callback);
    else if (this.#closed && this.#handshake === undefined) queueMicrotask(() => this.#callBack());
  }

  /**
   * Sends what was written, then closes; what the peer does not take within `closeTimeout` is
   * dropped. With an error, this becomes the reason others see.
   */
  close(error?: Error): void {
    this.#handshake?.abort(new StreamClosedError(error));
    this.#successor?.close(error);
    if (this.#closed || this.#detached) return;
    this.#socket.close();
    this.#stopLimit = limitClose(this.#socket, this.closeTimeout, (late) => this.#breakOff(late));
    this.#markClosed(error);
  }

  /** Says that no more will be written, and goes on reading until the peer has ended too. */
  shutdown(): void {
    if (this.#closed || this.#shut) return;
    this.#shut = true;
    this.#socket.shutdown();
  }

  /**
   * Gives the socket away: set its `handler` at once. It gets the bytes that were received and not
   * read; without one they are thrown away. Throws if a read or write is under way.
   */
  detach(): Socket {
    if (this.#waiting !== undefined || this.writing) {
      throw new Error("Cannot detach a stream: a read or write is under way");
    }
    if (this.#closed) throw new StreamClosedError(this.#error);
    this.#detached = this.#closed = true;
    const { handler } = this.#socket;
    queueMicrotask(() => this.#forward(handler));
    return this.#socket;
  }

  // Reads.

  #read(read: Read): Promise<Uint8Array> {
    if (this.#waiting !== undefined) throw new Error("Cannot read: another read is under way");
    const promise = new Promise<Uint8Array>((resolve, reject) => {
      this.#waiting = { read, resolve, reject };
    });
    this.#satisfy();
    if (this.#waiting !== undefined) {
      if (this.#closed || this.#ended) this.#reachEnd();
      else this.#setPaused(false);
    }
    return forWhoAwaits(promise);
  }

  /** Ends the read that is under way, if enough has been received. */
  #satisfy(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      const length = waiting.read.find(this.#buffer);
      if (length >= 0) this.#finishRead(waiting, length);
      else if (waiting.read.wait > 0) this.#lookAgain(waiting.read.wait);
    } catch (error) {
      this.close(error as Error);
    }
  }

  #lookAgain(milliseconds: number): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#satisfy();
    }, milliseconds);
  }

  #finishRead({ resolve }: Waiting, length: number): void {
    this.#endRead();
    resolve(this.#buffer.take(length));
  }

  #endRead(): void {
    this.#waiting = undefined;
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  /** No more will be received: the read that is under way has what there is, or fails. */
  #reachEnd(): void {
    if (!this.#closed && this.#options.allowHalfOpen !== true) this.close();
    else this.#failRead();
  }

  #failRead(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    let failure = this.#error;
    try {
      const length = waiting.read.atEnd(this.#buffer, failure);
      if (length >= 0) {
        this.#finishRead(waiting, length);
        return;
      }
    } catch (error) {
      failure ??= error as Error;
    }
    this.#endRead();
    waiting.reject(new StreamClosedError(failure));
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  // What the socket says.

  #receive(start: number, length: number): void {
    this.#buffer.append(viewBytes(start, length));
    this.#satisfy();
    const kept = this.#buffer.length;
    if (this.#waiting === undefined) {
      if (kept >= READ_AHEAD && !this.#closed) this.#setPaused(true);
    } else if (kept > this.maxBufferSize) {
      this.close(new StreamBufferFullError(`Cannot read on: ${this.maxBufferSize} bytes wait`));
    }
  }

  #peerEnded(): void {
    this.#ended = true;
    // What has arrived is read first: a peer may end right after its last request.
    if (this.#waiting !== undefined || this.#buffer.length === 0) this.#reachEnd();
  }

  #gone(error: Error | undefined): void {
    this.#stopLimit?.();
    if (this.#closed && error === undefined) this.#writers.resolve();
    if (!this.#closed) this.#markClosed(error);
    this.#writers.reject(error ?? this.#error);
  }

  #markClosed(error: Error | undefined): void {
    this.#closed = true;
    this.#error = error;
    this.#failRead();
    queueMicrotask(() => this.#callBack());
  }

  #breakOff(error: Error): void {
    this.#error ??= error;
    this.#writers.reject(error);
  }

  #callBack(): void {
    const callback = this.#closeCallback;
    this.#closeCallback = undefined;
    if (callback !== undefined) runCloseCallback(callback);
  }

  // The handover.

  /** Gives the next handler what this one has received and not used; none throws it away. */
  #forward(own: SocketHandler): void {
    if (this.#socket.handler === own) this.#socket.handler = NOBODY;
    while (this.#buffer.length > 0) {
      const bytes = this.#buffer.take(Math.min(this.#buffer.length, CARRY_CAPACITY));
      putBytes(bytes, CARRY_START);
      this.#socket.handler.data(CARRY_START, bytes.length);
    }
    if (this.#ended) this.#socket.handler.end();
    else this.#setPaused(false);
  }

  #refusal({ length }: Uint8Array): Error | undefined {
    if (this.#closed || this.#shut) return new StreamClosedError(this.#error);
    const waiting = this.#socket.bufferedAmount;
    if (waiting + length <= this.maxWriteBufferSize) return undefined;
    const most = `maxWriteBufferSize is ${this.maxWriteBufferSize}, and ${waiting} wait`;
    return new StreamBufferFullError(`Cannot write ${length} bytes: ${most}`);
  }
}
