/**
 * One WebSocket after its handshake, the same for a server's end and a client's: pings, the close
 * handshake, timeouts (RFC 6455 sections 5.5 and 7). Messages come in by `frame-reader.ts` and go
 * out by `message-writer.ts`; the owner, a handler or a client, hears of what happens.
 */

import { copyBytes, isUtf8At, textAt, viewBytes } from "../core.ts";
import { utf8 } from "../escape.ts";
import type { Socket, SocketHandler } from "../host.ts";
import type { Departure } from "../httputil.ts";
import { genLog } from "../log.ts";
import { InflateError, type PerMessageDeflate } from "./deflate.ts";
import {
  CLOSE_SENT,
  type ConnectionOptions,
  ENDING,
  GONE,
  MessageWriter,
  OPEN,
} from "./message-writer.ts";
import {
  CLOSE,
  checkClose,
  GOING_AWAY,
  INTERNAL_ERROR,
  INVALID_PAYLOAD,
  isCloseCode,
  MAX_CONTROL,
  NORMAL,
  PING,
  PONG,
  PROTOCOL_ERROR,
  WebSocketClosedError,
} from "./protocol.ts";
import type { Member, Registry } from "./registry.ts";

/** Who hears what happens on a connection. */
export interface ConnectionOwner {
  /** Bytes given to `messageReceived` are its own only while it runs. */
  readonly lendsMessages: boolean;
  /** While a promise that it returns has not settled, nothing more is read. */
  messageReceived(message: string | Uint8Array): unknown;
  pingReceived(data: Uint8Array): void;
  pongReceived(data: Uint8Array): void;
  /** One of the calls above has thrown or rejected; the connection ends. */
  callbackFailed(error: unknown): void;
  /** The connection is gone. Called once, last. */
  connectionClosed(error: Error | undefined): void;
}

export class WebSocketConnection extends MessageWriter implements SocketHandler, Member, Departure {
  /** Where it is in the registry's list. */
  place = -1;
  readonly #owner: ConnectionOwner;
  /** Something has arrived since the last ping. */
  #heard = true;
  /** When the last ping was sent, or the connection opened. */
  #pingAt: number;
  #stalledAmount = 0;

  constructor(
    socket: Socket,
    registry: Registry,
    owner: ConnectionOwner,
    options: ConnectionOptions,
  ) {
    super(socket, registry, options);
    this.#owner = owner;
    registry.add(this);
    this.#pingAt = registry.now;
  }

  /** Reads nothing until `waiting` settles. */
  holdUntil(waiting: PromiseLike<unknown>): void {
    this.hold(waiting);
  }

  /** Ends the connection because of what the owner has thrown. */
  ownerFailed(error: unknown): void {
    this.messageFailed(error);
  }

  // Output.

  /** Sends a ping. Throws a RangeError for more than 125 bytes, WebSocketClosedError when closed. */
  ping(data: string | Uint8Array): void {
    const bytes = utf8(data);
    if (bytes.length > MAX_CONTROL) {
      throw new RangeError(`Cannot ping with ${bytes.length} bytes: ${MAX_CONTROL} are the most`);
    }
    if (this.state !== OPEN) throw new WebSocketClosedError(this.closeCode, this.closeReason);
    this.sendControl(PING, bytes);
  }

  /** Starts the close handshake. Throws a RangeError for what a close cannot say. */
  sendClose(code: number | undefined, reason: string): void {
    const said = code ?? (reason === "" ? undefined : NORMAL);
    checkClose(said, reason);
    if (this.state !== OPEN) return;
    this.beginClosing(CLOSE_SENT);
    this.afterOutput(() => this.sendCloseFrame(said, reason));
  }

  /** The server stops (`Departure` of httputil): says so. */
  leave(): void {
    this.sendClose(GOING_AWAY, "");
  }

  /** Breaks the connection off. */
  abort(): void {
    this.socket.abort();
  }

  // What the socket says.

  override data(start: number, length: number): void {
    this.#heard = true;
    super.data(start, length);
  }

  /** The peer sends no more: without a close, the connection is lost. */
  end(): void {
    this.socket.close();
  }

  close(error: Error | undefined): void {
    this.state = GONE;
    this.registry.remove(this);
    this.ignoreInput();
    this.dropOutput();
    this.#owner.connectionClosed(error);
  }

  // What the reader says.

  protected override get peerMasks(): boolean {
    return !this.isClient;
  }

  protected override get maxMessageSize(): number {
    return this.limits.maxMessageSize;
  }

  protected override get isCompressing(): boolean {
    return this.deflate !== undefined;
  }

  protected override get lendsMessages(): boolean {
    return this.#owner.lendsMessages;
  }

  protected override inflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return (this.deflate as PerMessageDeflate).inflate(bytes);
  }

  protected override messageReceived(message: string | Uint8Array): unknown {
    return this.#owner.messageReceived(message);
  }

  protected override controlReceived(opcode: number, start: number, length: number): void {
    if (opcode === CLOSE) {
      this.#closeReceived(start, length);
      return;
    }
    const data = copyBytes(start, length);
    try {
      if (opcode === PONG) this.#owner.pongReceived(data);
      else if (this.state === OPEN && this.hasRoom()) {
        this.sendControl(PONG, data);
        this.#owner.pingReceived(data);
      }
    } catch (error) {
      this.messageFailed(error);
    }
  }

  protected override fail(code: number, reason: string): void {
    if (this.state >= ENDING) return;
    genLog.debug(`WebSocket closed with ${code}: ${reason}`);
    if (this.state === OPEN) this.sendCloseFrame(code, reason);
    this.#end();
  }

  protected override messageFailed(error: unknown): void {
    if (error instanceof InflateError) {
      this.fail(error.code, error.message);
      return;
    }
    if (error instanceof WebSocketClosedError && this.state !== OPEN) {
      // It has answered a peer that has gone meanwhile: nobody's mistake.
      genLog.debug("WebSocket closed before its answer was written");
    } else this.#owner.callbackFailed(error);
    this.fail(INTERNAL_ERROR, "");
  }

  #closeReceived(start: number, length: number): void {
    const bytes = viewBytes(start, length);
    const code = length === 0 ? undefined : ((bytes[0] as number) << 8) | (bytes[1] ?? 0);
    if (length === 1 || (code !== undefined && !isCloseCode(code))) {
      this.fail(PROTOCOL_ERROR, "close without a code that may be sent");
      return;
    }
    if (length > 2 && !isUtf8At(start + 2, length - 2)) {
      this.fail(INVALID_PAYLOAD, "reason of a close that is not UTF-8");
      return;
    }
    this.closeCode = code;
    this.closeReason = length > 2 ? textAt(start + 2, length - 2) : undefined;
    if (this.state === OPEN) {
      this.beginClosing(CLOSE_SENT);
      this.afterOutput(() => this.sendCloseFrame(code, ""));
    }
    this.ignoreInput();
    this.afterOutput(() => this.#end());
  }

  // Ends.

  /**
   * All is said. A server ends the connection and lets the client end it too, so that nothing is
   * lost; a client waits for the server to do so (section 7.1.1).
   */
  #end(): void {
    const { isClient } = this;
    const isClean = this.closeCode !== undefined || this.state === CLOSE_SENT;
    this.beginClosing(ENDING);
    this.ignoreInput();
    if (!isClient || !isClean) this.socket.shutdown();
  }

  checkTimeouts(now: number): void {
    const { sendTimeout, closeTimeout } = this.limits;
    if (this.state !== OPEN) {
      if (closeTimeout > 0 && now - this.since >= closeTimeout * 1000) this.socket.abort();
      return;
    }
    if (this.#hasStalled(now, sendTimeout)) {
      genLog.debug("WebSocket broken off: its peer has not read for sendTimeout seconds");
      this.socket.abort();
    } else if (this.limits.pingInterval > 0) this.#checkPing(now);
  }

  #hasStalled(now: number, sendTimeout: number): boolean {
    const amount = this.socket.bufferedAmount;
    if (amount === 0 || amount !== this.#stalledAmount) {
      this.#stalledAmount = amount;
      this.since = now;
      return false;
    }
    return sendTimeout > 0 && now - this.since >= sendTimeout * 1000;
  }

  /** Anything that arrives shows that the peer lives; so does what is not read on purpose. */
  #checkPing(now: number): void {
    const { pingInterval, pingTimeout } = this.limits;
    const elapsed = now - this.#pingAt;
    const isLate = pingTimeout > 0 && elapsed >= pingTimeout * 1000;
    if (!this.#heard && !this.held && isLate) this.#pingTimedOut();
    else if (elapsed >= pingInterval * 1000) {
      this.#heard = false;
      this.#pingAt = now;
      this.sendControl(PING, new Uint8Array(0));
    }
  }

  /** A peer that is gone answers no close either: the socket is given up with it. */
  #pingTimedOut(): void {
    // Asked first: some hosts have for a moment what the kernel takes at once.
    const isStuck = this.socket.bufferedAmount > 0;
    this.sendCloseFrame(NORMAL, "ping timed out");
    this.beginClosing(ENDING);
    this.ignoreInput();
    if (isStuck) this.socket.abort();
    else this.socket.close();
  }
}
