/**
 * The server's end of one HTTP/1.x connection: bytes in, events out, no waiting. Takes what a
 * host's socket delivers, has the core parse it, calls the delegate that `httpserver` gave it, and
 * keeps requests on one connection in order: the next one begins when the response before it is
 * complete (Tornado `http1connection`).
 */

import { NEED_DATA, parseRequestHead, reasonFor, statusCodeFor, viewBytes } from "./core.ts";
import type { Socket, SocketHandler, Tcp, TlsFacts } from "./host.ts";
import { BufferedInput } from "./http1connection/buffered-input.ts";
import { Backlog, bodyIsOver, isOver, secondsSince } from "./http1connection/deadlines.ts";
import { errorAnswer } from "./http1connection/error-answer.ts";
import type { ConnectionLimits } from "./http1connection/limits.ts";
import {
  type BodyReader,
  ChunkedReader,
  IncomingBody,
  LengthReader,
} from "./http1connection/reader.ts";
import { RequestHead } from "./http1connection/request-head.ts";
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
} from "./http1connection/state.ts";
import { type ResponseSink, ResponseWriter } from "./http1connection/writer.ts";
import {
  type Departure,
  HTTPInputError,
  type HTTPMessageDelegate,
  type HTTPServerConnectionDelegate,
} from "./httputil.ts";
import { genLog } from "./log.ts";
import { isThenable } from "./util.ts";

export {
  type ClientConnectionOwner,
  type ClientExchange,
  HTTP1ClientConnection,
} from "./http1connection/client-connection.ts";
export { clock } from "./http1connection/deadlines.ts";
export {
  type ConnectionLimits,
  connectionLimits,
  DEFAULT_LIMITS,
} from "./http1connection/limits.ts";
export { ResponseHead } from "./http1connection/response-head.ts";
export { warmUp } from "./http1connection/warm-up.ts";

/** What a server lends to its connections. */
export interface ConnectionOwner {
  readonly delegate: HTTPServerConnectionDelegate;
  readonly limits: ConnectionLimits;
  readonly tcp: Tcp;
  readonly protocol: string;
  /** The time of `clock`, at the pace of the server's timer: enough for timeouts, free to read. */
  readonly now: number;
  /** The server is going away: each response is the last on its connection. */
  readonly closing: boolean;
  /** Seconds that a connection lingers after its last response: fewer while the server stops. */
  readonly lingerTimeout: number;
  joinDrain(departure: Departure): () => void;
  connectionClosed(connection: HTTP1ServerConnection): void;
}

/** Unfinished heads up to this length are parsed at every byte: two milliseconds at worst. */
const EAGER_LENGTH = 4096;
/** Stop reading ahead in a pipeline while this much output waits for the peer. */
const PIPELINE_HIGH_WATER = 256 * 1024;
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/**
 * One connection of a server. Also where its response writers send to. While it is idle this is the
 * only object of it above the socket, so what just some requests need is made for those.
 */
export class HTTP1ServerConnection extends BufferedInput implements SocketHandler, ResponseSink {
  /** Its neighbours in the owner's list. */
  previous: HTTP1ServerConnection | undefined = undefined;
  next: HTTP1ServerConnection | undefined = undefined;
  readonly #owner: ConnectionOwner;
  #state = IDLE;
  /** When the current phase began: the head, the body, the silence between requests. */
  #since: number;
  #requests = 0;
  #ended = false;
  #writer: ResponseWriter | undefined = undefined;
  #delegate: HTTPMessageDelegate | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  #backlog: Backlog | undefined = undefined;

  constructor(socket: Socket, owner: ConnectionOwner) {
    super(socket);
    this.#owner = owner;
    this.#since = owner.now;
  }

  get tcp(): Tcp {
    return this.#owner.tcp;
  }

  get remoteIp(): string {
    return this.socket.remoteAddress.host;
  }

  get protocol(): string {
    return this.#owner.protocol;
  }

  get tls(): TlsFacts | undefined {
    return this.socket.tls;
  }

  /** Each response from now on is the last on its connection. */
  get closing(): boolean {
    return this.#owner.closing;
  }

  /** Nothing of a request has arrived and no response is due: closing it harms nobody. */
  get idle(): boolean {
    return this.#state === IDLE;
  }

  /** No request has come yet. */
  get fresh(): boolean {
    return this.#state === IDLE && this.#requests === 0;
  }

  /** The last response is out: closing it harms hardly anybody. */
  get lingering(): boolean {
    return this.#state === LINGER;
  }

  // What the socket says.

  end(): void {
    this.#ended = true;
    if (this.#state === IDLE || this.#state === LINGER) this.socket.close();
    else if (this.#state === HEAD) this.#fail(400, "the connection ended within the head");
    else if (this.#state === BODY) this.#fail(400, "the connection ended within the body");
    else this.#abandonDelegate();
  }

  drain(): void {
    this.#endBacklog();
    if (this.#state === IDLE || this.#state === HEAD) this.#resume();
  }

  close(_error: Error | undefined): void {
    if (this.#state !== CLOSED) this.#state = nextState(this.#state, CLOSE);
    this.endInput();
    this.#abandonDelegate();
    this.#writer?.invalidate();
    this.#writer = undefined;
    this.#endBacklog();
    this.#owner.connectionClosed(this);
  }

  // What the server's timer says.

  /** Ends the connection if a timeout has run out. */
  checkDeadlines(now: number): void {
    const { limits, lingerTimeout } = this.#owner;
    const elapsed = secondsSince(this.#since, now);
    if (this.#outputStalled(now)) {
      genLog.debug("Connection closed: its peer has not read for sendTimeout seconds");
      this.socket.abort();
    } else if (this.#state === IDLE && this.#requests > 0) {
      if (isOver(limits.idleConnectionTimeout, elapsed)) this.socket.close();
    } else if (this.#state === IDLE || this.#state === HEAD) {
      if (isOver(limits.headerTimeout, elapsed)) this.#fail(408, "the head did not arrive in time");
    } else if (this.#state === BODY && !this.held) {
      const late = bodyIsOver(limits, elapsed, this.#body?.timedSize ?? 0);
      if (late) this.#fail(408, "the body did not arrive in time");
    } else if (this.#state === LINGER && elapsed >= lingerTimeout) {
      this.socket.close();
    }
  }

  #outputStalled(now: number): boolean {
    const { bufferedAmount } = this.socket;
    if (bufferedAmount > 0) this.#backlog ??= new Backlog();
    return this.#backlog?.isStalled(this.#owner.limits, now, bufferedAmount) === true;
  }

  /** Closes a connection that no request is using. */
  closeWhenIdle(): void {
    if (this.#state === IDLE) this.socket.close();
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

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#backlog ??= new Backlog();
      this.#backlog.waiters.push(resolve);
    });
  }

  /** Nothing waits for the peer any more. */
  #endBacklog(): void {
    const backlog = this.#backlog;
    this.#backlog = undefined;
    if (backlog !== undefined) for (const resolve of backlog.waiters) resolve();
  }

  responseDone(keepAlive: boolean): void {
    if (this.#state === CLOSED) return;
    const complete = this.#state === RESPOND;
    this.#writer = undefined;
    this.#delegate = undefined;
    if (!complete || !keepAlive || (this.#ended && !this.hasInput)) {
      this.#finishConversation();
      return;
    }
    this.#state = nextState(this.#state, SENT);
    this.#since = this.#owner.now;
    if (this.hasInput) this.#resume();
  }

  responseFailed(): void {
    this.#writer = undefined;
    this.#delegate = undefined;
    this.socket.abort();
  }

  setMaxBodySize(bytes: number): void {
    if (this.#body !== undefined) this.#body.maxSize = bytes;
  }

  joinDrain(departure: Departure): () => void {
    return this.#owner.joinDrain(departure);
  }

  detach(): Socket {
    this.#state = nextState(this.#state, DETACH);
    this.#writer = undefined;
    this.#delegate = undefined;
    this.#owner.connectionClosed(this);
    if (this.hasInput) queueMicrotask(() => this.forwardInput());
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
    return this.#state === HEAD;
  }

  /**
   * An unfinished head is parsed again always while it is short, so that an error shows with the byte
   * that makes it; else once it has grown by an eighth or past a limit, so that a drip of single bytes
   * costs linear time.
   */
  protected override mayShowMore(length: number, looked: number): boolean {
    const { maxTargetSize, maxHeaderSize } = this.#owner.limits;
    if (length <= EAGER_LENGTH || length > maxHeaderSize) return true;
    return length - looked >= length / 8 || (length > maxTargetSize && looked <= maxTargetSize);
  }

  #resume(): void {
    this.useInput();
    if (this.#ended && !this.hasInput && this.#state === IDLE) this.socket.close();
  }

  #takeHead(start: number, length: number): number {
    const limits = this.#owner.limits;
    const consumed = parseRequestHead(start, length, limits.maxHeaderCount, limits.maxTargetSize);
    const incomplete = consumed === NEED_DATA;
    if (incomplete ? length > limits.maxHeaderSize : consumed > limits.maxHeaderSize) {
      this.#fail(431, `the head is longer than ${limits.maxHeaderSize} bytes`);
      return length;
    }
    if (incomplete) {
      if (this.#state === IDLE) this.#since = this.#owner.now;
      this.#state = nextState(this.#state, PART_OF_HEAD);
      return 0;
    }
    if (consumed < 0) {
      this.#fail(statusCodeFor(consumed), reasonFor(consumed));
      return length;
    }
    this.#begin(new RequestHead(start));
    return consumed;
  }

  /** A head is complete: makes the delegate and tells it. */
  #begin(head: RequestHead): void {
    const owner = this.#owner;
    const limits = owner.limits;
    this.#requests++;
    const last =
      limits.noKeepAlive || this.#requests === limits.maxRequestsPerConnection || !head.keepAlive;
    const writer = new ResponseWriter(this, head, !last);
    this.#writer = writer;
    const hasBody = head.hasBody;
    this.#state = nextState(this.#state, hasBody ? HEAD_DONE : MESSAGE_DONE);
    if (hasBody) this.#expectBody(head);
    let waiting: PromiseLike<unknown> | void;
    try {
      const delegate = owner.delegate.startRequest(writer, head, head);
      this.#delegate = delegate;
      waiting = delegate.headersReceived(head, head);
    } catch (error) {
      this.#delegateThrew(error);
      return;
    }
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterHead(head, hasBody));
    else this.#afterHead(head, hasBody);
  }

  #expectBody(head: RequestHead): void {
    const { limits, now } = this.#owner;
    const reader = head.chunked ? new ChunkedReader(limits) : new LengthReader(head.contentLength);
    this.#body = new IncomingBody(reader, limits.maxBodySize);
    this.#since = now;
  }

  #afterHead(head: RequestHead, hasBody: boolean): void {
    if (!hasBody) {
      this.#finishRequest();
      return;
    }
    const body = this.#body;
    if (this.#state !== BODY || body === undefined) return;
    if (head.contentLength > body.maxSize) this.#failTooLarge(body);
    else if (head.expectContinue && this.#writer?.started === false) this.#sendText(CONTINUE);
  }

  #takeBody(start: number, length: number): number {
    const body = this.#body as IncomingBody;
    const { reader } = body;
    let consumed: number;
    try {
      consumed = reader.read(start, length);
    } catch (error) {
      if (!(error instanceof HTTPInputError)) throw error;
      this.#fail(error.status, error.message);
      return length;
    }
    const size = reader.dataLength;
    body.size += size;
    body.timedSize += size;
    if (body.size > body.maxSize) {
      this.#failTooLarge(body);
      return length;
    }
    const delegate = this.#delegate as HTTPMessageDelegate;
    let waiting: PromiseLike<unknown> | void;
    try {
      waiting = size > 0 ? delegate.dataReceived(viewBytes(start, size)) : undefined;
    } catch (error) {
      this.#delegateThrew(error);
      return length;
    }
    if (isThenable(waiting)) this.#hold(waiting, () => this.#afterBody(reader));
    else this.#afterBody(reader);
    return consumed;
  }

  #afterBody(reader: BodyReader): void {
    if (!reader.done || this.#state !== BODY) return;
    this.#body = undefined;
    this.#state = nextState(this.#state, BODY_DONE);
    this.#finishRequest();
  }

  #finishRequest(): void {
    const delegate = this.#delegate;
    if (delegate === undefined || this.#state !== RESPOND) return;
    try {
      delegate.finish();
    } catch (error) {
      this.#delegateThrew(error);
    }
    if (this.socket.bufferedAmount > PIPELINE_HIGH_WATER && this.idle) {
      this.#hold(this.drained(), () => undefined);
    }
  }

  #delegateThrew(error: unknown): void {
    if (error instanceof HTTPInputError) {
      this.#fail(error.status, error.message);
      return;
    }
    genLog.exception("Uncaught exception in request delegate", error);
    this.#fail(500, undefined);
  }

  /** Uses no more bytes until `waiting` settles, then goes on with `next`. */
  #hold(waiting: PromiseLike<unknown>, next: () => void): void {
    const release = (): void => {
      this.#since = this.#owner.now;
      if (this.#body !== undefined) this.#body.timedSize = 0;
      if (this.#state !== CLOSED) next();
    };
    this.holdInput(waiting, release, (error) => this.#delegateThrew(error));
  }

  // Ends.

  #failTooLarge({ maxSize }: IncomingBody): void {
    this.#fail(413, `the body is longer than ${maxSize} bytes`);
  }

  /** Answers with an error if no answer has begun, and ends the conversation. */
  #fail(status: number, reason: string | undefined): void {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#abandonDelegate();
    writer?.invalidate();
    if (this.#state === CLOSED || this.#state === LINGER) return;
    if (writer?.started === true) {
      this.socket.abort();
      return;
    }
    if (reason !== undefined) genLog.info(`Request refused with ${status}: ${reason}`);
    this.#sendText(errorAnswer(status, reason));
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
    this.#since = this.#owner.now;
    this.socket.shutdown();
    this.dropInput();
  }

  /** The peer will not hear an answer: tells the delegate once. */
  #abandonDelegate(): void {
    const delegate = this.#delegate;
    this.#delegate = undefined;
    if (delegate === undefined) return;
    try {
      delegate.onConnectionClose();
    } catch (error) {
      genLog.exception("Uncaught exception in onConnectionClose", error);
    }
  }

  #sendText(text: string): void {
    this.socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }
}
