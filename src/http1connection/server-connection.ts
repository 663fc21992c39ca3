/**
 * The server's end of one HTTP/1.x connection: bytes in, events out, no waiting. Takes what a
 * host's socket delivers, has the core parse it, calls the delegate that `httpserver` gave it, and
 * keeps requests in order: the next one begins when the response before it is complete.
 */

import {
  headTable,
  NEED_DATA,
  reasonFor,
  statusCodeFor,
  takeRequestHead,
  viewBytes,
} from "../core.ts";
import type { Socket, SocketHandler, TlsFacts } from "../host.ts";
import { HTTPInputError } from "../httputil.ts";
import { genLog } from "../log.ts";
import { isThenable } from "../util.ts";
import { hasGrown } from "./buffered-input.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import { isOver, secondsSince } from "./deadlines.ts";
import { PIPELINE_HIGH_WATER } from "./limits.ts";
import { continueAnswer, errorAnswer } from "./own-answers.ts";
import { IncomingBody } from "./reader.ts";
import { isEmptyLines, isHead, RequestHead } from "./request-head.ts";
import {
  BODY,
  BODY_DONE,
  CLOSE,
  CLOSED,
  DETACH,
  HEAD,
  HEAD_DONE,
  IDLE,
  LINGER,
  MESSAGE_DONE,
  nextState,
  PART_OF_HEAD,
  RESPOND,
  SENT,
  SENT_LAST,
} from "./state.ts";
import { WaitingOutput } from "./waiting-output.ts";
import { type ResponseSink, ResponseWriter } from "./writer.ts";

/**
 * One connection of a server. Also where its response writers send to. While it is idle this is the
 * only object of it above the socket, so what just some requests need is made for those.
 */
export class HTTP1ServerConnection extends WaitingOutput implements SocketHandler, ResponseSink {
  /** Its neighbours in the owner's list. */
  previous: HTTP1ServerConnection | undefined = undefined;
  next: HTTP1ServerConnection | undefined = undefined;
  readonly owner: ConnectionOwner;
  #state = IDLE;
  /** When the current phase began: the head, the body, the silence between requests. */
  #since: number;
  #requests = 0;
  #ended = false;
  #writer: ResponseWriter | undefined = undefined;
  #body: IncomingBody | undefined = undefined;

  constructor(socket: Socket, owner: ConnectionOwner) {
    super(socket);
    this.owner = owner;
    this.#since = owner.now;
  }

  get remoteIp(): string {
    return this.socket.remoteAddress.host;
  }

  get protocol(): string {
    return this.owner.protocol;
  }

  get tls(): TlsFacts | undefined {
    return this.socket.tls;
  }

  /** Nothing of a request has arrived and no response is due: closing it harms nobody. */
  get idle(): boolean {
    return this.#state === IDLE;
  }

  /** No request has come yet. */
  get fresh(): boolean {
    return this.#state === IDLE && this.#requests === 0;
  }

  /** A body is arriving: a response that ends before it is the last. */
  get receivesBody(): boolean {
    return this.#state === BODY;
  }

  /** The last response is out: closing it harms hardly anybody. */
  get lingering(): boolean {
    return this.#state === LINGER;
  }

  // What the socket says.

  end(): void {
    this.#ended = true;
    // Of a long head not every byte has been looked at.
    if (this.#state === HEAD) this.useInput();
    if (this.#state === IDLE || this.#state === LINGER) this.socket.close();
    else if (this.#state === HEAD) this.#fail(400, "the connection ended within the head");
    else if (this.#state === BODY) this.#fail(400, "the connection ended within the body");
    else this.#writer?.abandon();
  }

  drain(): void {
    this.endBacklog();
    // Neither silence nor lingering begins before all is out.
    if (this.#state === IDLE || this.#state === LINGER) this.#since = this.owner.now;
    if (this.#state === IDLE || this.#state === HEAD) this.#resume();
  }

  close(_error: Error | undefined): void {
    if (this.#state !== CLOSED) this.#state = nextState(this.#state, CLOSE);
    this.endInput();
    this.#writer?.invalidate();
    this.#writer = undefined;
    this.endBacklog();
    this.owner.connectionClosed(this);
  }

  // What the server's timer says.

  /** Ends the connection if a timeout has run out. */
  checkDeadlines(now: number): void {
    const { limits, lingerTimeout } = this.owner;
    const isSilent = this.socket.bufferedAmount === 0 && !this.held;
    const elapsed = isSilent ? secondsSince(this.#since, now) : 0;
    if (this.outputStalled(limits, now, this.#writer)) {
      genLog.debug("Connection closed: its peer has not read for sendTimeout seconds");
      this.socket.abort();
    } else if (this.#state === IDLE && this.#requests > 0) {
      if (isOver(limits.idleConnectionTimeout, elapsed)) this.socket.close();
    } else if (this.#state === IDLE || this.#state === HEAD) {
      if (isOver(limits.headerTimeout, elapsed)) this.#fail(408, "the head did not arrive in time");
    } else if (this.#state === BODY && !this.held) {
      if (this.#body?.isLate(limits, now)) this.#fail(408, "the body did not arrive in time");
    } else if (this.#state === LINGER && elapsed >= lingerTimeout) {
      this.socket.close();
    }
  }

  /** Closes a connection that no request is using. */
  closeWhenIdle(): void {
    if (this.#state !== IDLE) return;
    this.#state = nextState(this.#state, SENT_LAST);
    this.socket.close();
  }

  /**
   * Takes leave of a client that no request is due to, in the way of a last response: a request that
   * crosses the FIN is read and not answered, which tells the client that it may send it again, where
   * a reset would not (RFC 9112 section 9.3.1).
   */
  leaveWhenIdle(): void {
    if (this.#state === IDLE) this.#finishConversation();
  }

  /** Breaks the connection off. */
  abort(): void {
    this.socket.abort();
  }

  // What the response's writer says.

  responseDone(keepAlive: boolean): void {
    if (this.#state === CLOSED) return;
    this.#writer = undefined;
    if (this.#state !== RESPOND || !keepAlive || (this.#ended && !this.hasInput)) {
      this.#finishConversation();
      return;
    }
    this.#state = nextState(this.#state, SENT);
    this.#since = this.owner.now;
    if (this.socket.bufferedAmount > PIPELINE_HIGH_WATER)
      this.#hold(this.drained(), () => undefined);
    else if (this.hasInput) this.#resume();
  }

  responseFailed(): void {
    this.#writer = undefined;
    this.socket.abort();
  }

  setMaxBodySize(bytes: number): void {
    if (this.#body !== undefined) this.#body.maxSize = bytes;
  }

  detach(): Socket {
    this.#state = nextState(this.#state, DETACH);
    this.#writer = undefined;
    this.owner.connectionClosed(this);
    queueMicrotask(() => this.forwardInput());
    return this.socket;
  }

  // Received bytes.

  protected override takeBytes(start: number, length: number): number {
    switch (this.#state) {
      case IDLE:
      case HEAD:
        return this.#takeHead(start, length);
      case BODY:
        return this.#takeBody(start, length);
      case LINGER:
      case CLOSED:
        return length;
      default:
        return 0;
    }
  }

  protected override get awaitsBytes(): boolean {
    return this.#state === HEAD || this.#state === IDLE;
  }

  /** So that it is heard when a client goes that has sent more than the request. */
  protected override get mostKeptAhead(): number {
    return this.#state === RESPOND ? this.owner.limits.maxHeaderSize : 0;
  }

  protected override mayShowMore(length: number, looked: number): boolean {
    const { maxTargetSize, maxHeaderSize } = this.owner.limits;
    if (hasGrown(length, looked) || length > maxHeaderSize) return true;
    return length > maxTargetSize && looked <= maxTargetSize;
  }

  #resume(): void {
    this.useInput();
    if (!this.#ended || this.held) return;
    if (this.#state === IDLE) this.socket.close();
    else if (this.#state === HEAD) this.#fail(400, "the connection ended within the head");
  }

  #takeHead(start: number, length: number): number {
    const limits = this.owner.limits;
    const consumed = takeRequestHead(start, length, limits.maxHeaderCount, limits.maxTargetSize);
    const isIncomplete = consumed === NEED_DATA;
    const isRefused = consumed < 0 && !isIncomplete;
    const size = isIncomplete ? length : isRefused ? headTable.errorPosition() : consumed;
    if (size > limits.maxHeaderSize) {
      const reason = `the head is longer than ${limits.maxHeaderSize} bytes`;
      this.#fail(431, reason, isHead(start, length));
    } else if (isRefused) {
      this.#fail(statusCodeFor(consumed), reasonFor(consumed), isHead(start, length));
    } else if (!isIncomplete) {
      this.#begin(new RequestHead(start));
      return consumed;
    } else {
      if (this.#state === IDLE && !isEmptyLines(start, length)) {
        this.#since = this.owner.now;
        this.#state = nextState(this.#state, PART_OF_HEAD);
      }
      return 0;
    }
    return length;
  }

  /** A head is complete: makes the delegate and tells it. */
  #begin(head: RequestHead): void {
    const owner = this.owner;
    const limits = owner.limits;
    this.#requests++;
    const last =
      limits.noKeepAlive || this.#requests === limits.maxRequestsPerConnection || !head.keepAlive;
    const writer = new ResponseWriter(this, head, !last);
    this.#writer = writer;
    const hasBody = head.hasBody;
    this.#state = nextState(this.#state, hasBody ? HEAD_DONE : MESSAGE_DONE);
    if (hasBody) {
      this.#body = new IncomingBody(head.bodyReader(limits), limits.maxBodySize, owner.now);
    }
    let waiting: PromiseLike<unknown> | void;
    try {
      const delegate = owner.delegate.startRequest(writer, head, head);
      writer.delegate = delegate;
      waiting = delegate.headersReceived(head, head);
    } catch (error) {
      this.#delegateThrew(error, writer);
      return;
    }
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterHead(head, hasBody));
    else this.#afterHead(head, hasBody);
  }

  #afterHead(head: RequestHead, hasBody: boolean): void {
    if (!hasBody) {
      this.#finishRequest();
      return;
    }
    const body = this.#body;
    if (this.#state !== BODY || body === undefined) return;
    if (head.contentLength > body.maxSize) this.#delegateThrew(body.tooLong(), this.#writer);
    else if (head.expectContinue && this.#writer?.started === false)
      this.socket.write(continueAnswer());
  }

  #takeBody(start: number, length: number): number {
    const body = this.#body;
    const writer = this.#writer;
    // The response was broken off, and the socket has yet to say that it is gone.
    if (body === undefined || writer === undefined) return length;
    const consumed = body.take(start, length, this.owner.now);
    const size = body.dataLength;
    let waiting: PromiseLike<unknown> | void;
    try {
      waiting = size > 0 ? writer.delegate?.dataReceived(viewBytes(start, size)) : undefined;
    } catch (error) {
      this.#delegateThrew(error, writer);
      return length;
    }
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterBody(body, writer));
    else this.#afterBody(body, writer);
    return consumed;
  }

  #afterBody({ error, reader }: IncomingBody, writer: ResponseWriter): void {
    if (this.#state !== BODY) return;
    if (error !== undefined) this.#delegateThrew(error, writer);
    if (error !== undefined || !reader.done) return;
    this.#body = undefined;
    this.#state = nextState(this.#state, BODY_DONE);
    this.#finishRequest();
  }

  #finishRequest(): void {
    const writer = this.#writer;
    if (writer?.delegate === undefined || this.#state !== RESPOND) return;
    try {
      const end = writer.delegate.finish();
      if (isThenable(end)) end.then(undefined, (error) => this.#delegateThrew(error, writer));
    } catch (error) {
      this.#delegateThrew(error, writer);
    }
  }

  /** Answers what went wrong with the request of a writer, unless it has its response already. */
  #delegateThrew(error: unknown, writer: ResponseWriter | undefined): void {
    const isAnswered = writer === undefined || writer !== this.#writer;
    if (error instanceof HTTPInputError && !isAnswered) {
      this.#fail(error.status, error.message);
      return;
    }
    genLog.exception("Uncaught exception in request delegate", error);
    if (!isAnswered) this.#fail(500, undefined);
  }

  /** Uses no more bytes until `waiting` settles, then goes on with `next`. */
  #hold(waiting: PromiseLike<unknown>, next: () => void): void {
    const release = (): void => {
      this.#since = this.owner.now;
      this.#body?.goOn(this.owner.now);
      if (this.#state !== CLOSED) next();
    };
    const writer = this.#writer;
    const failed = (error: unknown): void => this.#delegateThrew(error, writer);
    this.holdInput(waiting, release, failed, this.#state === RESPOND);
  }

  // Ends.

  /** Answers with an error if no answer has begun, and ends the conversation. */
  #fail(status: number, reason: string | undefined, isBodyless = this.#writer?.answersHead): void {
    const writer = this.#writer;
    this.#writer = undefined;
    writer?.invalidate();
    if (this.#state === CLOSED || this.#state === LINGER) return;
    if (writer?.started === true) {
      this.socket.abort();
      return;
    }
    if (reason !== undefined) genLog.info(`Request refused with ${status}: ${reason}`);
    this.socket.write(errorAnswer(status, reason, isBodyless));
    this.#finishConversation();
  }

  /**
   * The last response is written. Half-closes and lets the peer read the answer and end too:
   * closing while it may still be sending would reset the connection (RFC 9112 section 9.6).
   */
  #finishConversation(): void {
    this.#state = nextState(this.#state, SENT_LAST);
    this.#body = undefined;
    if (this.#ended) {
      this.socket.close();
      return;
    }
    this.#since = this.owner.now;
    this.socket.shutdown();
    this.dropInput();
  }
}
