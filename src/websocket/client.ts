/**
 * The client's end of a WebSocket: `websocketConnect` does the handshake, and gives a connection
 * that messages are read from. What follows the handshake is the same as on a server,
 * `connection.ts`.
 */

import type { Socket, TlsClientOptions } from "../host.ts";
import type { ResponseHead } from "../http1connection.ts";
import { connectFor, HTTPRequest } from "../httpclient.ts";
import type { HTTPHeaders } from "../httputil.ts";
import { IOLoop } from "../ioloop.ts";
import { appLog } from "../log.ts";
import type { Resolver } from "../netutil.ts";
import { checkLimit, isThenable, onAbort, TimeoutError, timerDelay } from "../util.ts";
import { ClientHandshake } from "./client-handshake.ts";
import { type ClientAgreement, ClientRequest } from "./client-request.ts";
import { type ConnectionOwner, WebSocketConnection } from "./connection.ts";
import { PerMessageDeflate } from "./deflate.ts";
import { type CompressionOptions, checkCompression } from "./extension.ts";
import { type WebSocketLimits, webSocketLimits } from "./limits.ts";
import type { Message, PreparedMessage } from "./prepared-message.ts";
import { Registry } from "./registry.ts";

/** What arrives: text, or bytes that nobody else uses. */
export type ReceivedMessage = string | Uint8Array;

/** Options of `websocketConnect`, and every limit of a WebSocket. */
export interface WebSocketConnectOptions extends Partial<WebSocketLimits> {
  /** Seconds until the handshake must be done, 20 by default, 0 for no limit. */
  readonly connectTimeout?: number;
  /** Protocols that are offered, the best first. */
  readonly subprotocols?: readonly string[];
  /** Offers compression; `{}` for all defaults. Without it none is offered, as in Tornado. */
  readonly compressionOptions?: CompressionOptions;
  /** How TLS is spoken to a `wss:` URL: trusted certificates, one's own, the name to verify. */
  readonly tls?: TlsClientOptions;
  /** Finds the addresses of names in place of the sockets; they are tried side by side. */
  readonly resolver?: Resolver;
  /**
   * Gets every message, and undefined when the connection is gone; then nothing is read by
   * `readMessage`. While a promise that it returns has not settled, nothing more is read.
   */
  readonly onMessage?: (message: ReceivedMessage | undefined) => unknown;
  readonly loop?: IOLoop;
}

const CONNECT_TIMEOUT = 20;

/**
 * Connects to a WebSocket, by a URL of `ws:` or `wss:` or a request with headers of its own (Tornado
 * `websocket_connect`). Rejects with the system's error, or the resolver's, if there is no connection;
 * with HTTPClientError if the server answers with a status of HTTP, which is not followed if it is a
 * redirect; with WebSocketError if the answer is wrong; with TimeoutError, or with the reason of the
 * request's `signal`; with RangeError for a limit that cannot be held to, TypeError for a proxy.
 */
export async function websocketConnect(
  request: string | HTTPRequest,
  options: WebSocketConnectOptions = {},
): Promise<WebSocketClientConnection> {
  const asked = typeof request === "string" ? new HTTPRequest(request) : request;
  if (!(asked instanceof HTTPRequest)) {
    throw new TypeError("Cannot connect: expected a URL as text, or an HTTPRequest");
  }
  const { compressionOptions, subprotocols = [], loop = IOLoop.current() } = options;
  if (compressionOptions !== undefined) checkCompression(compressionOptions);
  const limits = webSocketLimits(options);
  const handshake = new ClientRequest(asked, { subprotocols, compressionOptions });
  const { tcp } = loop;
  const said = options.connectTimeout ?? asked.options.connectTimeout ?? CONNECT_TIMEOUT;
  const seconds = checkLimit("connectTimeout", said);
  const { signal } = asked.options;
  signal?.throwIfAborted();
  const patience = new Patience(asked.url, seconds, signal);
  return new Promise<WebSocketClientConnection>((resolve, reject) => {
    const answered = (socket: Socket, head: ResponseHead): WebSocketConnection => {
      const agreement = handshake.read(head);
      const registry = Registry.of(tcp);
      const client = new WebSocketClientConnection(socket, registry, agreement, options, limits);
      patience.stop();
      resolve(client);
      return connectionOf(client);
    };
    const connected = (socket: Socket): ClientHandshake => {
      patience.signal.throwIfAborted();
      onAbort(patience.signal, () => socket.abort());
      const next = answered.bind(undefined, socket);
      return new ClientHandshake(tcp, socket, handshake.head, next, reject);
    };
    onAbort(patience.signal, () => reject(patience.signal.reason));
    const { tls, resolver } = options;
    const socketOptions = { loop, signal: patience.signal, tls, resolver };
    connectFor(asked, handshake, socketOptions, connected).catch(reject);
  }).finally(() => patience.stop());
}

/** How long one waits for a connection: a number of seconds, 0 for ever, and until a signal. */
class Patience {
  readonly #end = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #unlisten: (() => void) | undefined;

  constructor(url: string, seconds: number, signal: AbortSignal | undefined) {
    const expire = (): void =>
      this.#end.abort(
        new TimeoutError(`Cannot connect to ${url}: no answer within ${seconds} seconds`),
      );
    if (seconds > 0) this.#timer = setTimeout(expire, timerDelay(seconds));
    this.#unlisten = signal && onAbort(signal, () => this.#end.abort(signal.reason));
  }

  /** Aborted when it is at its end, with the reason. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** It has no end any more. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#unlisten?.();
  }
}

/** What the socket calls. */
let connectionOf: (client: WebSocketClientConnection) => WebSocketConnection;

/** A client's WebSocket. Made by `websocketConnect` (Tornado `WebSocketClientConnection`). */
export class WebSocketClientConnection {
  /** The header fields of the server's answer. */
  readonly headers: HTTPHeaders;
  /** The protocol that the server has chosen. */
  readonly selectedSubprotocol: string | undefined;
  readonly #connection: WebSocketConnection;
  readonly #inbox: Inbox;

  static {
    connectionOf = (client) => client.#connection;
  }

  constructor(
    socket: Socket,
    registry: Registry,
    agreement: ClientAgreement,
    options: WebSocketConnectOptions,
    limits: WebSocketLimits,
  ) {
    this.headers = agreement.headers;
    this.selectedSubprotocol = agreement.subprotocol;
    const { compression } = agreement;
    const { compressionOptions = {}, onMessage } = options;
    const deflate =
      compression === undefined
        ? undefined
        : new PerMessageDeflate(compression, compressionOptions, false, limits.maxMessageSize);
    this.#inbox = new Inbox(onMessage);
    this.#connection = new WebSocketConnection(socket, registry, this.#inbox, {
      limits,
      deflate,
      isClient: true,
    });
  }

  /** The code that the server has closed with. */
  get closeCode(): number | undefined {
    return this.#connection.closeCode;
  }

  get closeReason(): string | undefined {
    return this.#connection.closeReason;
  }

  /** Bytes that have been written and that the server has not taken. */
  get bufferedAmount(): number {
    return this.#connection.bufferedAmount;
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#inbox.closed;
  }

  /**
   * The next message, or undefined when the connection is gone. One message is read ahead, so that
   * a server that sends faster than its messages are read has to wait.
   */
  readMessage(): Promise<ReceivedMessage | undefined> {
    return this.#inbox.take();
  }

  /** Iterates over the messages, to the end of the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void> {
    for (;;) {
      const message = await this.readMessage();
      if (message === undefined) return;
      yield message;
    }
  }

  /** As a handler's: resolves when there is room for the next, rejects when it is closed. */
  writeMessage(message: Message | PreparedMessage, binary?: boolean): Promise<void> {
    return this.#connection.writeMessage(message, binary);
  }

  /** Sends a ping of up to 125 bytes. Throws WebSocketClosedError when it is closed. */
  ping(data: string | Uint8Array = ""): void {
    this.#connection.ping(data);
  }

  /** Closes the connection; `closed` says when it is. Throws as a handler's `close`. */
  close(code?: number, reason = ""): void {
    this.#connection.sendClose(code, reason);
    // What has not been read does not hold the server's answer back.
    this.#inbox.release();
  }
}

interface Reader {
  resolve(message: ReceivedMessage | undefined): void;
}

/** What has arrived and has not been read, and who waits for it. */
class Inbox implements ConnectionOwner {
  /** Messages wait here for who reads them. */
  readonly lendsMessages = false;
  readonly closed: Promise<void>;
  readonly #onMessage: WebSocketConnectOptions["onMessage"];
  readonly #messages: ReceivedMessage[] = [];
  readonly #readers: Reader[] = [];
  #isClosed = false;
  #markClosed: () => void = () => undefined;
  /** Lets the connection read on. */
  #readOn: (() => void) | undefined;
  #isReleased = false;

  constructor(onMessage: WebSocketConnectOptions["onMessage"]) {
    this.#onMessage = onMessage;
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
  }

  take(): Promise<ReceivedMessage | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      if (this.#messages.length === 0) this.#readOn?.();
      return Promise.resolve(message);
    }
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#readers.push({ resolve }));
  }

  release(): void {
    this.#isReleased = true;
    this.#readOn?.();
  }

  messageReceived(message: ReceivedMessage): unknown {
    if (this.#onMessage !== undefined) return this.#onMessage(message);
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve(message);
      return undefined;
    }
    // As in browsers, what arrives after `close` is not kept.
    if (this.#isReleased) return undefined;
    this.#messages.push(message);
    return new Promise<void>((resolve) => {
      this.#readOn = resolve;
    });
  }

  pingReceived(): void {}

  pongReceived(): void {}

  callbackFailed(error: unknown): void {
    appLog.exception("Uncaught exception in onMessage of a WebSocket client", error);
  }

  connectionClosed(): void {
    this.#isClosed = true;
    this.#markClosed();
    for (const reader of this.#readers.splice(0)) reader.resolve(undefined);
    try {
      const result = this.#onMessage?.(undefined);
      if (isThenable(result)) result.then(undefined, (error) => this.callbackFailed(error));
    } catch (error) {
      this.callbackFailed(error);
    }
  }
}
