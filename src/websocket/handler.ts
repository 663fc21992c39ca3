/**
 * What an application subclasses to speak WebSocket. It begins as a request handler, whose `get`
 * does the handshake; then the connection is its own, and `connection.ts` tells it what arrives.
 */

import { HTTPOutputError } from "../httputil.ts";
import { appLog } from "../log.ts";
import { isThenable } from "../util.ts";
import { type Application, type HeaderValue, HTTPError, RequestHandler } from "../web.ts";
import { type ConnectionOwner, WebSocketConnection } from "./connection.ts";
import { PerMessageDeflate } from "./deflate.ts";
import { acceptOffer, type CompressionOptions, checkCompression } from "./extension.ts";
import {
  acceptValue,
  checkUpgrade,
  clientKey,
  isOriginOf,
  isSupportedVersion,
  offeredProtocols,
  originOf,
  VERSIONS,
} from "./handshake.ts";
import { LeftConnection } from "./left-connection.ts";
import { type WebSocketLimits, webSocketLimits } from "./limits.ts";
import type { Message, PreparedMessage } from "./prepared-message.ts";
import { WebSocketClosedError } from "./protocol.ts";
import { Registry } from "./registry.ts";

/** What a handler has said last, and the limits that come of it: connections share one object. */
interface KnownLimits {
  readonly pingInterval: number | undefined;
  readonly pingTimeout: number | undefined;
  readonly maxMessageSize: number | undefined;
  readonly limits: WebSocketLimits;
}

/** Aborts a handler's `closeSignal`. */
let signalGone: (handler: WebSocketHandler) => void;

const limitsOf = new WeakMap<Application, KnownLimits>();

/**
 * A server's end of a WebSocket: subclass it, define `onMessage`, and route to it as to any handler
 * (Tornado `websocket.WebSocketHandler`). `prepare` runs before the handshake; what it sets is sent
 * with it. After `open` nothing of HTTP can be sent.
 */
export abstract class WebSocketHandler extends RequestHandler {
  #connection: WebSocketConnection | undefined = undefined;
  #selectedSubprotocol: string | undefined = undefined;

  static {
    signalGone = (handler) => {
      // Also for who asks later.
      handler.extras.closing ??= new AbortController();
      handler.extras.closing.abort(
        new WebSocketClosedError(handler.closeCode, handler.closeReason),
      );
    };
  }

  // What subclasses override.

  /**
   * Hook: the WebSocket is open. Gets the path's arguments as a verb's method does. While a promise
   * that it returns has not settled, no message is delivered.
   */
  open(..._args: unknown[]): unknown {
    return undefined;
  }

  /**
   * Hook: a message has arrived, text or bytes. The next one waits for a promise that this returns,
   * and what is not read waits with the peer. If it throws, the WebSocket closes with 1011.
   */
  abstract onMessage(message: string | Uint8Array): unknown;

  /** Hook: the WebSocket is gone. `closeCode` and `closeReason` say what the client said. */
  onClose(): unknown {
    return undefined;
  }

  /** Hook: a ping has arrived and is answered. */
  onPing(_data: Uint8Array): unknown {
    return undefined;
  }

  /** Hook: the answer to a ping, or a pong that nobody asked for. */
  onPong(_data: Uint8Array): unknown {
    return undefined;
  }

  /**
   * Hook: chooses one of the protocols that the client offers, or none. Called also when the client
   * offers none.
   */
  selectSubprotocol(_offered: readonly string[]): string | undefined {
    return undefined;
  }

  /** Hook: how messages are compressed, for clients that can do so; undefined, the default, for not. */
  getCompressionOptions(): CompressionOptions | undefined {
    return undefined;
  }

  /**
   * Hook: whether a page of this origin may connect. By default it must be of the host that is asked
   * for; browsers leave the check to the server. Called only if the client names an origin. The
   * handshake waits for a promise.
   */
  checkOrigin(origin: string): boolean | PromiseLike<boolean> {
    return isOriginOf(origin, this.request.host);
  }

  /**
   * Hook: whether binary messages are lent: then `onMessage` gets the bytes where they were received,
   * without a copy, and may use them only until it returns or awaits something; what it passes to
   * `writeMessage` is sent all the same. False by default. Pays for long messages that are passed on
   * or looked through. With the setting `debug` the bytes are zero afterwards, so that who keeps
   * them sees it.
   */
  get lendsMessages(): boolean {
    return false;
  }

  /** Hook: seconds between pings; the setting `websocketPingInterval`, 0 for none. */
  get pingInterval(): number | undefined {
    return this.#setting("websocketPingInterval");
  }

  /** Hook: seconds a pong may take; the setting `websocketPingTimeout`, else the interval. */
  get pingTimeout(): number | undefined {
    return this.#setting("websocketPingTimeout");
  }

  /** Hook: bytes of the largest message; the setting `websocketMaxMessageSize`, 10 MiB by default. */
  get maxMessageSize(): number | undefined {
    return this.#setting("websocketMaxMessageSize");
  }

  // What they call.

  /** The protocol that was chosen. */
  get selectedSubprotocol(): string | undefined {
    return this.#selectedSubprotocol;
  }

  /** The code that the client closed with, once it has. */
  get closeCode(): number | undefined {
    return this.#connection?.closeCode;
  }

  get closeReason(): string | undefined {
    return this.#connection?.closeReason;
  }

  /** Bytes that have been written and that the client has not taken. */
  get bufferedAmount(): number {
    return this.#connection?.bufferedAmount ?? 0;
  }

  /** Aborted, with a WebSocketClosedError, when the WebSocket is gone: for whatever a hook waits for. */
  override get closeSignal(): AbortSignal {
    return super.closeSignal;
  }

  /**
   * Sends a message: text as text, bytes as binary unless `binary` is false, an object as JSON.
   * Resolves when the client has taken enough for the next one; rejects with WebSocketClosedError
   * if the WebSocket is closed. Who ignores the promise is not bothered by that; but a client that
   * does not read is cut off once `maxBufferedAmount` bytes wait for it. Throws a TypeError for
   * what cannot be sent.
   */
  writeMessage(message: Message | PreparedMessage, binary?: boolean): Promise<void> {
    return this.#requireConnection().writeMessage(message, binary);
  }

  /** Sends a ping of up to 125 bytes. Throws WebSocketClosedError if the WebSocket is closed. */
  ping(data: string | Uint8Array = ""): void {
    this.#requireConnection().ping(data);
  }

  /**
   * Closes the WebSocket: the client is told, and has five seconds to answer. Throws a RangeError
   * for a code that may not be sent, or a reason above 123 bytes.
   */
  close(code?: number, reason = ""): void {
    this.#requireConnection().sendClose(code, reason);
  }

  /** Small messages go out at once (true, the default), or wait a little for others. */
  setNoDelay(noDelay: boolean): void {
    this.#requireConnection().socket.setNoDelay(noDelay);
  }

  #requireConnection(): WebSocketConnection {
    const connection = this.#connection;
    if (connection === undefined) {
      throw new WebSocketClosedError(undefined, undefined, "not open yet");
    }
    return connection;
  }

  // The handshake.

  /** Answers the handshake; called for the request that asks for it. */
  get(...args: unknown[]): unknown {
    checkUpgrade(this.request);
    const origin = originOf(this.request.headers);
    const isAllowed = origin === undefined || this.checkOrigin(origin);
    if (isThenable(isAllowed)) return isAllowed.then((settled) => this.#answer(settled, args));
    return this.#answer(isAllowed, args);
  }

  #answer(isAllowed: boolean, args: readonly unknown[]): unknown {
    // Gone while `prepare` or `checkOrigin` waited: nobody would ever say that this one is closed.
    if (this.abandoned) throw new HTTPError(400, "the client has gone before the handshake");
    const { headers } = this.request;
    if (!isAllowed) {
      this.setStatus(403);
      return this.finish("Cross origin websockets not allowed");
    }
    if (!isSupportedVersion(headers)) {
      this.setStatus(426);
      this.setHeader("Sec-WebSocket-Version", VERSIONS);
      return this.finish();
    }
    const accept = acceptValue(clientKey(headers));
    const limits = this.#limits();
    this.#chooseSubprotocol();
    const deflate = this.#agreeOnCompression(limits);
    this.setStatus(101);
    this.clearHeader("Content-Type");
    this.setHeader("Upgrade", "websocket");
    this.setHeader("Connection", "Upgrade");
    this.setHeader("Sec-WebSocket-Accept", accept);
    const sent = this.flush();
    if (this.application.transforms === undefined) return this.#begin(limits, deflate, args);
    return sent.then(() => {
      if (!this.abandoned) this.#begin(limits, deflate, args);
    });
  }

  #chooseSubprotocol(): void {
    const offered = offeredProtocols(this.request.headers);
    // JavaScript may say null for none.
    const selected = this.selectSubprotocol(offered) ?? undefined;
    if (selected === undefined) return;
    if (!offered.includes(selected)) {
      throw new Error(`Cannot select subprotocol "${selected}": the client has not offered it`);
    }
    this.#selectedSubprotocol = selected;
    this.setHeader("Sec-WebSocket-Protocol", selected);
  }

  #agreeOnCompression(limits: WebSocketLimits): PerMessageDeflate | undefined {
    // JavaScript may say null for none.
    const options = this.getCompressionOptions() ?? undefined;
    const offers = this.request.headers.get("Sec-WebSocket-Extensions");
    if (options === undefined || offers === undefined) return undefined;
    checkCompression(options);
    const accepted = acceptOffer(offers, options);
    if (accepted === undefined) return undefined;
    this.setHeader("Sec-WebSocket-Extensions", accepted.answer);
    return new PerMessageDeflate(accepted.agreement, options, true, limits.maxMessageSize);
  }

  #limits(): WebSocketLimits {
    const { pingInterval, pingTimeout, maxMessageSize, application } = this;
    const known = limitsOf.get(application);
    const isKnown =
      known?.pingInterval === pingInterval &&
      known?.pingTimeout === pingTimeout &&
      known?.maxMessageSize === maxMessageSize;
    if (known !== undefined && isKnown) return known.limits;
    const limits = webSocketLimits({
      pingInterval,
      pingTimeout,
      maxMessageSize,
      maxBufferedAmount: this.#setting("websocketMaxBufferedAmount"),
      sendTimeout: this.#setting("websocketSendTimeout"),
      closeTimeout: this.#setting("websocketCloseTimeout"),
    });
    limitsOf.set(application, { pingInterval, pingTimeout, maxMessageSize, limits });
    return limits;
  }

  #setting(name: string): number | undefined {
    return this.settings[name] as number | undefined;
  }

  /** The handshake is answered: takes the socket over. */
  #begin(
    limits: WebSocketLimits,
    deflate: PerMessageDeflate | undefined,
    args: readonly unknown[],
  ): void {
    const http = this.request.connection;
    const registry = Registry.of(http.tcp);
    const socket = this.detach();
    const owner = new HandlerOwner(this);
    const connection = new WebSocketConnection(socket, registry, owner, {
      limits,
      deflate,
      isClient: false,
    });
    this.#connection = connection;
    socket.handler = connection;
    owner.departed = http.joinDrain(connection);
    this.conclude();
    this.request.connection = new LeftConnection(http, socket);
    try {
      const opened = this.open(...args);
      if (isThenable(opened)) connection.holdUntil(opened);
    } catch (error) {
      connection.ownerFailed(error);
    }
  }

  // Nothing of HTTP can be set after the handshake; to write and to finish is refused already.

  override setStatus(status: number, reason?: string): void {
    this.#checkNotOpen("set the status");
    super.setStatus(status, reason);
  }

  override setHeader(name: string, value: HeaderValue): void {
    this.#checkNotOpen("set a header");
    super.setHeader(name, value);
  }

  override addHeader(name: string, value: HeaderValue): void {
    this.#checkNotOpen("add a header");
    super.addHeader(name, value);
  }

  #checkNotOpen(act: string): void {
    if (this.finished) throw new HTTPOutputError(`Cannot ${act}: the handshake has been answered`);
  }
}

/** Brings to a handler what happens on its connection, and looks after what its hooks throw. */
class HandlerOwner implements ConnectionOwner {
  readonly #handler: WebSocketHandler;
  readonly lendsMessages: boolean;
  /** Tells the server that it need not wait for this connection when it stops. */
  departed: () => void = () => undefined;

  constructor(handler: WebSocketHandler) {
    this.#handler = handler;
    this.lendsMessages = handler.lendsMessages;
  }

  messageReceived(message: string | Uint8Array): unknown {
    const result = this.#handler.onMessage(message);
    if (this.lendsMessages && typeof message !== "string") this.#takeBack(message);
    return result;
  }

  /** What was lent is somebody else's soon: in debug mode that does not wait for an accident. */
  #takeBack(message: Uint8Array): void {
    if (this.#handler.settings.debug === true) message.fill(0);
  }

  pingReceived(data: Uint8Array): void {
    this.#watch(this.#handler.onPing(data));
  }

  pongReceived(data: Uint8Array): void {
    this.#watch(this.#handler.onPong(data));
  }

  callbackFailed(error: unknown): void {
    try {
      this.#handler.logException(error);
    } catch (failure) {
      appLog.exception("Uncaught exception in logException", failure);
    }
  }

  connectionClosed(): void {
    this.departed();
    try {
      this.#watch(this.#handler.onClose());
    } catch (error) {
      this.callbackFailed(error);
    }
    signalGone(this.#handler);
  }

  /** What a hook awaits may fail later. */
  #watch(result: unknown): void {
    if (isThenable(result)) result.then(undefined, (error) => this.callbackFailed(error));
  }
}
