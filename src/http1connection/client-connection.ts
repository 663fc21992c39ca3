/**
 * The client's end of one HTTP/1.x connection: bytes in, events out, no waiting. Takes what a host's
 * socket delivers, has the core parse it, and calls the exchange that is going on: one request and
 * its response at a time. Which request comes next, and who may reuse the connection, is decided by
 * its owner (`httpclient`).
 */

import {
  NEED_DATA,
  OUTPUT_CAPACITY,
  parseResponseHead,
  putLatin1,
  reasonFor,
  utf8Bytes,
} from "../core.ts";
import type { Socket, SocketHandler } from "../host.ts";
import { HTTPInputError } from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { forWhoAwaits, isThenable } from "../util.ts";
import { COPY_LIMIT, closedPromise, HIGH_WATER, putBody } from "./body-chunk.ts";
import { BufferedInput, hasGrown } from "./buffered-input.ts";
import type { ClientConnectionOwner, ClientExchange } from "./client-exchange.ts";
import type { ConnectionLimits } from "./limits.ts";
import { type BodyReader, UntilCloseReader } from "./reader.ts";
import { ResponseHead } from "./response-head.ts";

/** No exchange is going on. */
const IDLE = 0;
/** A request has begun, its response's head has not arrived. */
const HEAD = 1;
const BODY = 2;
/** The socket belongs to somebody else. */
const DETACHED = 3;
const CLOSED = 4;

/** One connection of a client. */
export class HTTP1ClientConnection extends BufferedInput implements SocketHandler {
  /** Where it leads, for who keeps it. */
  readonly key: string;
  /** Exchanges that have been begun on it. */
  exchanges = 0;
  /** When its last exchange ended, on the clock of `performance.now()`; noted by that one. */
  idleSince = 0;
  readonly #owner: ClientConnectionOwner;
  #keepsProcess = true;
  #state = IDLE;
  #exchange: ClientExchange | undefined;
  #body: BodyReader | undefined;
  #bodySize = 0;
  #keepAlive = false;
  #wanted = true;
  #sending = false;
  #answered = false;
  /** Bytes of the informational heads before the response's own. */
  #informationalSize = 0;
  #drainWaiters: (() => void)[] | undefined;

  constructor(socket: Socket, key: string, owner: ClientConnectionOwner) {
    super(socket);
    this.key = key;
    this.#owner = owner;
  }

  /** The connection can take an exchange. */
  get idle(): boolean {
    return this.#state === IDLE;
  }

  // What the exchange says.

  /**
   * Begins an exchange: its request follows by `sendHead`, and `write` if it has more body. Without
   * `keep`, it is the last one.
   */
  begin(exchange: ClientExchange, keep = true): void {
    if (this.#state !== IDLE) throw new Error("Cannot begin an exchange: the connection is in use");
    this.#state = HEAD;
    this.#exchange = exchange;
    this.#wanted = keep;
    this.#sending = true;
    this.#answered = false;
    this.#informationalSize = 0;
    this.exchanges++;
  }

  /**
   * Sends a head of Latin-1 text and, in one piece with it, a body of `size` bytes. Throws a
   * RangeError for a head that the output region does not hold.
   */
  sendHead(head: string, body: string | Uint8Array, size: number): void {
    const together = size <= COPY_LIMIT && head.length + size <= OUTPUT_CAPACITY;
    const length = together ? head.length + size : head.length;
    const start = this.#owner.tcp.reserve(length);
    putLatin1(head, start);
    if (together && size > 0) putBody(body, start + head.length, size);
    this.socket.send(start, length);
    if (!together) this.write(body);
  }

  /**
   * Sends bytes, strings as UTF-8. A promise resolves when the peer has taken enough for more to be
   * written, and rejects with StreamClosedError if it never will.
   */
  write(chunk: string | Uint8Array): Promise<void> | undefined {
    if (!this.#sending) return closedPromise();
    this.socket.write(typeof chunk === "string" ? utf8Bytes(chunk) : chunk);
    return this.socket.bufferedAmount > HIGH_WATER ? this.#drained() : undefined;
  }

  /** The request is complete. */
  requestDone(): void {
    this.#sending = false;
  }

  /** Breaks the exchange off: it hears nothing more, and the connection is gone. */
  cancel(): void {
    this.#exchange = undefined;
    this.#close(true);
  }

  /** Closes an idle connection. */
  closeIdle(): void {
    this.#close(false);
  }

  /** Whether the connection keeps the process running while it is open: at first it does. */
  keepProcess(kept: boolean): void {
    if (this.#keepsProcess === kept) return;
    this.#keepsProcess = kept;
    this.socket.keepProcess(kept);
  }

  /** Takes the socket over, when a response has ended its use for HTTP. */
  detach(): Socket {
    this.#state = DETACHED;
    this.#exchange = undefined;
    if (this.hasInput) queueMicrotask(() => this.forwardInput());
    return this.socket;
  }

  // What the socket says.

  end(): void {
    if (this.#isComplete()) {
      this.#keepAlive = false;
    } else if (this.#state === BODY && this.#body instanceof UntilCloseReader) {
      this.#body.end();
      this.#keepAlive = false;
      this.#complete(0);
    } else if (this.#state === HEAD || this.#state === BODY) {
      const part =
        this.#state === HEAD ? "before the response's head was complete" : "within the body";
      this.#fail(new StreamClosedError(new Error(`The server ended the connection ${part}`)));
    } else {
      this.#lose();
    }
  }

  drain(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = undefined;
    if (waiters !== undefined) for (const settle of waiters) settle();
  }

  close(error: Error | undefined): void {
    this.endInput();
    if (this.#isComplete()) this.#keepAlive = false;
    else if (this.#state === HEAD || this.#state === BODY) this.#fail(new StreamClosedError(error));
    else this.#lose();
    this.#sending = false;
    this.drain();
  }

  /** The body's last byte is there, and its last part is being waited for. */
  #isComplete(): boolean {
    return this.#state === BODY && this.#body?.done === true;
  }

  // Received bytes.

  protected override takeBytes(start: number, length: number): number {
    switch (this.#state) {
      case HEAD:
        return this.#takeHead(start, length);
      case BODY:
        return this.#takeBody(start, length);
      case IDLE:
        // Nobody has asked for them: taken for the answer to the next request, they would give it
        // somebody else's (CVE-2026-48931).
        this.#lose();
        return length;
      case DETACHED:
        return 0;
      default:
        return length;
    }
  }

  protected override get awaitsBytes(): boolean {
    return this.#state === HEAD;
  }

  protected override mayShowMore(length: number, looked: number): boolean {
    return hasGrown(length, looked) || length > this.#headRoom();
  }

  /** Bytes that the head may still take: informational ones before it count too. */
  #headRoom(): number {
    const limits = (this.#exchange as ClientExchange).limits;
    return limits.maxHeaderSize - this.#informationalSize;
  }

  #takeHead(start: number, length: number): number {
    const exchange = this.#exchange as ClientExchange;
    this.#answered = true;
    const consumed = parseResponseHead(
      start,
      length,
      exchange.limits.maxHeaderCount,
      exchange.methodId,
    );
    const incomplete = consumed === NEED_DATA;
    if ((incomplete ? length : consumed) > this.#headRoom()) {
      const { maxHeaderSize } = exchange.limits;
      this.#fail(new HTTPInputError(`The response's head is longer than ${maxHeaderSize} bytes`));
      return length;
    }
    if (incomplete) return 0;
    if (consumed < 0) {
      this.#fail(new HTTPInputError(`Cannot read response: ${reasonFor(consumed)}`));
      return length;
    }
    const head = new ResponseHead(start);
    if (head.code < 200) this.#informational(head, consumed);
    else this.#begin(head, length - consumed);
    return consumed;
  }

  #informational(head: ResponseHead, size: number): void {
    if (head.code === 101) {
      this.#fail(new HTTPInputError("The server switches protocols, which was not asked for"));
      return;
    }
    this.#informationalSize += size;
    try {
      this.#exchange?.informational(head);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A head is complete, and `rest` bytes are there that follow it. */
  #begin(head: ResponseHead, rest: number): void {
    const exchange = this.#exchange as ClientExchange;
    this.#keepAlive = head.keepAlive && this.#wanted;
    this.#bodySize = 0;
    this.#body = head.bodyReader(exchange.limits);
    this.#state = BODY;
    let waiting: PromiseLike<unknown> | void;
    try {
      if (!head.noBody) checkSize(head.contentLength, exchange.limits);
      waiting = exchange.headersReceived(head);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterHead(rest), false);
    else this.#afterHead(rest);
  }

  #afterHead(rest: number): void {
    if (this.#state === BODY && this.#body === undefined) this.#complete(rest);
  }

  #takeBody(start: number, length: number): number {
    const body = this.#body;
    const exchange = this.#exchange as ClientExchange;
    // A response without a body, whose head is held: what follows waits, and is refused then.
    if (body === undefined) return 0;
    let consumed: number;
    let waiting: PromiseLike<unknown> | void;
    try {
      consumed = body.read(start, length);
      const size = body.dataLength;
      this.#bodySize += size;
      checkSize(this.#bodySize, exchange.limits);
      waiting = size > 0 ? exchange.dataReceived(start, size) : undefined;
    } catch (error) {
      this.#fail(error);
      return length;
    }
    const rest = length - consumed;
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterBody(body, rest), body.done);
    else this.#afterBody(body, rest);
    return consumed;
  }

  #afterBody(body: BodyReader, rest: number): void {
    if (this.#state !== BODY) return;
    if (body.error !== undefined) this.#fail(body.error);
    else if (body.done) this.#complete(rest);
  }

  /**
   * The response is complete. What follows it was not asked for, and a request that is still being
   * sent would run into the next one: such a connection is not used again.
   */
  #complete(rest: number): void {
    const exchange = this.#exchange as ClientExchange;
    this.#exchange = undefined;
    this.#body = undefined;
    const clean = rest === 0 && !this.hasMoreInput && this.socket.bufferedAmount === 0;
    if (this.#keepAlive && clean && !this.#sending) {
      this.#state = IDLE;
      this.#owner.connectionReleased(this);
    } else {
      this.#close(this.#sending);
    }
    exchange.finish();
  }

  /**
   * Uses no more bytes until `waiting` settles, then goes on with `next`. After a body's end, whatever
   * comes meanwhile belongs to no response.
   */
  #hold(waiting: PromiseLike<unknown>, next: () => void, ended: boolean): void {
    const exchange = this.#exchange;
    const release = (): void => {
      if (this.#exchange === exchange) next();
    };
    const failed = (error: unknown): void => {
      if (this.#exchange === exchange) this.#fail(error);
    };
    this.holdInput(waiting, release, failed, ended);
  }

  // Ends.

  #fail(error: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const answered = this.#answered;
    this.#close(true);
    exchange?.fail(error, answered);
  }

  /** An idle connection that cannot be used again. */
  #lose(): void {
    if (this.#state !== IDLE) return;
    this.#close(false);
    this.#owner.connectionLost(this);
  }

  #close(atOnce: boolean): void {
    if (this.#state === CLOSED || this.#state === DETACHED) return;
    this.#state = CLOSED;
    this.#sending = false;
    this.#body = undefined;
    if (atOnce) this.socket.abort();
    else this.socket.close();
    this.drain();
  }

  #drained(): Promise<void> {
    const drained = new Promise<void>((resolve, reject) => {
      this.#drainWaiters ??= [];
      this.#drainWaiters.push(() => {
        if (this.#sending) resolve();
        else reject(new StreamClosedError());
      });
    });
    return forWhoAwaits(drained);
  }
}

function checkSize(size: number, limits: ConnectionLimits): void {
  if (size <= limits.maxBodySize) return;
  throw new HTTPInputError(`The response's body is longer than ${limits.maxBodySize} bytes`);
}
