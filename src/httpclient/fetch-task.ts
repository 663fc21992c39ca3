/**
 * One fetch, from its call to its response: its turn, its connections, the requests that redirects
 * and credentials make of it. Asks the dispatcher for connections and is their exchange.
 */

import { codingOf } from "../decompression.ts";
import type {
  ClientExchange,
  ConnectionLimits,
  HTTP1ClientConnection,
  ResponseHead,
} from "../http1connection.ts";
import { HTTPInputError, HTTPOutputError } from "../httputil.ts";
import { isThenable, onAbort } from "../util.ts";
import type { Dispatcher, Task } from "./dispatcher.ts";
import { HTTPClientError, HTTPStreamClosedError, HTTPTimeoutError, NO_RESPONSE } from "./errors.ts";
import type { Hop } from "./hop.ts";
import type { HTTPRequest, RequestSettings } from "./request.ts";
import { RequestSender } from "./request-sender.ts";
import { HTTPResponse } from "./response.ts";
import {
  type BodySink,
  CollectedBody,
  DiscardedBody,
  EMPTY,
  StreamedBody,
} from "./response-body.ts";

/** Waits for its turn. */
const QUEUED = 0;
const CONNECTING = 1;
/** A request is under way. */
const EXCHANGING = 2;
/** The response is there, and is being decompressed. */
const COMPLETING = 3;
const DONE = 4;

/** Challenges that a fetch answers: one, and one for a nonce that has run out. */
const CHALLENGES = 2;
/** A body in the way of a redirect is read up to here: then a new connection is cheaper. */
const DISCARD_LIMIT = 64 * 1024;

/** Who waits for a fetch. */
export interface Outcome {
  /** Whether a response with an error is a failure. */
  readonly raiseError: boolean;
  resolve(response: HTTPResponse): void;
  reject(error: unknown): void;
}

export class FetchTask implements Task, ClientExchange {
  deadline: number;
  readonly limits: ConnectionLimits;
  readonly #dispatcher: Dispatcher;
  readonly #request: HTTPRequest;
  readonly #settings: RequestSettings;
  readonly #outcome: Outcome;
  readonly #endBy: number;
  #state = QUEUED;
  #begun = false;
  #hop: Hop;
  #redirectsLeft: number;
  #challengesLeft = CHALLENGES;
  #retried = false;
  #connection: HTTP1ClientConnection | undefined;
  #attempt: AbortController | undefined;
  #sender: RequestSender | undefined;
  #response: ResponseHead | undefined;
  #sink: BodySink | undefined;
  /** The request that follows a response; undefined after the last one. */
  #next: Hop | undefined;
  #leaveSignal: (() => void) | undefined;
  readonly #times = { called: 0, begun: 0, connected: 0, answered: 0, ended: 0 };

  /** Fetches what `request` asks for, with `first` as the first request that is sent. */
  constructor(dispatcher: Dispatcher, request: HTTPRequest, first: Hop, outcome: Outcome) {
    const { settings } = first;
    this.#dispatcher = dispatcher;
    this.limits = dispatcher.limits.response;
    this.#request = request;
    this.#settings = settings;
    this.#outcome = outcome;
    this.#hop = first;
    this.#redirectsLeft = settings.maxRedirects;
    const called = dispatcher.tcp.time();
    this.#times.called = called;
    this.#endBy = later(called, settings.requestTimeout);
    this.deadline = this.#connectBy(called);
    if (settings.signal !== undefined) this.#listenTo(settings.signal);
  }

  get methodId(): number {
    return this.#hop.methodId;
  }

  // What the dispatcher says.

  begin(queued: boolean): void {
    this.#begun = true;
    this.#times.begun = queued ? this.#dispatcher.tcp.time() : this.#times.called;
    this.#connect(false);
  }

  timedOut(): void {
    const phases = ["in the request queue", "while connecting", "during the request"];
    this.#giveUp(new HTTPTimeoutError(`Timeout ${phases[this.#state] ?? "during the request"}`));
  }

  clientClosed(): void {
    this.#giveUp(new HTTPClientError(NO_RESPONSE, "The client is closed"));
  }

  // What the connection says.

  informational(head: ResponseHead): void {
    if (head.code === 100) this.#sender?.proceed();
  }

  headersReceived(head: ResponseHead): PromiseLike<unknown> | void {
    this.#times.answered = this.#dispatcher.tcp.time();
    this.#sender?.stop();
    this.#response = head;
    this.#next = this.#hopAfter(head);
    if (this.#next === undefined) {
      this.#sink = this.#openSink(head);
      return;
    }
    this.#tellHeaders(head);
    // The callback may have given the fetch up.
    if (this.#state === DONE) return;
    this.#sink = new DiscardedBody(DISCARD_LIMIT, () => this.#cutShort());
    if (head.untilClose || (!head.noBody && head.contentLength > DISCARD_LIMIT)) this.#cutShort();
  }

  dataReceived(start: number, length: number): PromiseLike<unknown> | void {
    return this.#sink?.receive(start, length);
  }

  finish(): void {
    const now = this.#dispatcher.tcp.time();
    if (this.#connection !== undefined) this.#connection.idleSince = now;
    this.#times.ended = now;
    this.#connection = undefined;
    if (this.#next !== undefined) {
      this.#follow(this.#next);
      return;
    }
    this.#state = COMPLETING;
    let body: Uint8Array | Promise<Uint8Array>;
    try {
      body = this.#sink?.finish() ?? EMPTY;
    } catch (error) {
      this.fail(error, true);
      return;
    }
    if (!isThenable(body)) this.#complete(body);
    else
      body.then(
        (bytes) => this.#complete(bytes),
        (error) => this.fail(error, true),
      );
  }

  fail(error: unknown, answered: boolean): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#sender?.stop();
    if (this.#state === DONE) return;
    if (!answered && connection !== undefined && this.#mayRetry(connection)) {
      this.#retried = true;
      this.#connect(true);
      return;
    }
    this.#giveUp(asClientError(error));
  }

  // The request.

  #connect(fresh: boolean): void {
    this.#state = CONNECTING;
    const { route } = this.#hop;
    const kept = fresh ? undefined : this.#dispatcher.pool.take(route.key);
    if (kept !== undefined) {
      this.#times.connected = this.#times.begun;
      this.#send(kept);
      return;
    }
    if (this.deadline === this.#endBy) {
      this.deadline = this.#connectBy(this.#dispatcher.tcp.time());
      this.#dispatcher.watch(this);
    }
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#dispatcher.open(route, attempt.signal).then(
      (connection) => {
        // Given up, maybe between its arrival and now.
        if (attempt.signal.aborted) connection?.closeIdle();
        if (connection === undefined || attempt.signal.aborted) return;
        this.#attempt = undefined;
        this.#times.connected = this.#dispatcher.tcp.time();
        if (connection.idle) this.#send(connection);
        else this.#giveUp(new HTTPStreamClosedError("The server closed the connection at once"));
      },
      (error) => {
        if (!attempt.signal.aborted) this.#giveUp(connectError(error));
      },
    );
  }

  /** Until when there has to be a connection that is asked for now. */
  #connectBy(now: number): number {
    return Math.min(this.#endBy, later(now, this.#settings.connectTimeout));
  }

  #send(connection: HTTP1ClientConnection): void {
    this.#state = EXCHANGING;
    this.#connection = connection;
    this.deadline = this.#endBy;
    const { head, body, waits } = this.#hop;
    connection.begin(this, this.#hop.keepsConnection);
    if (body?.producer === undefined && !waits) {
      connection.sendHead(head, body?.whole ?? "", body?.size ?? 0);
      connection.requestDone();
      return;
    }
    this.#sender = new RequestSender(this.#hop, connection, (error) => {
      // Once the response is there, or the connection gone, nobody needs the rest of the body.
      if (this.#connection === connection) this.#giveUp(error);
    });
    this.#sender.start(waits, this.#dispatcher);
  }

  /** A kept connection may have been closed by the server just as the request was sent. */
  #mayRetry(connection: HTTP1ClientConnection): boolean {
    return !this.#retried && connection.exchanges > 1 && this.#hop.repeatable;
  }

  // The response.

  /** The request that follows this response, or undefined if it is the last. */
  #hopAfter(head: ResponseHead): Hop | undefined {
    if (head.code < 300) return undefined;
    if (this.#challengesLeft > 0) {
      const answer = this.#hop.answering(head);
      if (answer !== undefined) {
        this.#challengesLeft--;
        return answer;
      }
    }
    if (!this.#settings.followRedirects || this.#redirectsLeft < 1) return undefined;
    this.#redirectsLeft--;
    return this.#hop.redirected(head);
  }

  /** Sends a further request of this fetch. */
  #follow(hop: Hop): void {
    this.#hop = hop;
    this.#next = undefined;
    this.#response = undefined;
    this.#sink = undefined;
    this.#sender = undefined;
    this.#retried = false;
    this.#connect(false);
  }

  /** Reads no more of a body that nobody wants. */
  #cutShort(): void {
    const next = this.#next;
    this.#connection?.cancel();
    this.#connection = undefined;
    if (next !== undefined) this.#follow(next);
  }

  #openSink(head: ResponseHead): BodySink | undefined {
    const { streamingCallback, decompressResponse } = this.#settings;
    let coding: string | undefined;
    if (decompressResponse && !head.noBody) coding = codingOf(head.getList("Content-Encoding"));
    if (coding !== undefined) {
      // As Tornado does: the length and coding are not those of the body that is shown.
      head.set("X-Consumed-Content-Encoding", head.get("Content-Encoding") ?? "");
      head.delete("Content-Encoding");
      head.delete("Content-Length");
    }
    this.#tellHeaders(head);
    if (head.noBody) return undefined;
    const { maxBodySize } = this.limits;
    return streamingCallback === undefined
      ? new CollectedBody(coding, maxBodySize, head.contentLength)
      : new StreamedBody(this.#calling(streamingCallback), coding, maxBodySize);
  }

  #tellHeaders(head: ResponseHead): void {
    const { headerCallback } = this.#settings;
    if (headerCallback === undefined) return;
    const callback = this.#calling(headerCallback);
    const tell = (line: string): void => {
      const waiting = callback(line);
      // A promise is not waited for; what it rejects with has ended the fetch.
      if (isThenable(waiting)) waiting.then(undefined, () => undefined);
    };
    tell(`${head.version} ${head.code} ${head.reason}\r\n`);
    for (const [name, value] of head) tell(`${name}: ${value}\r\n`);
    tell("\r\n");
  }

  /** A callback of the application's: what it throws ends the fetch as it is, whatever it looks like. */
  #calling<T>(callback: (argument: T) => unknown): (argument: T) => unknown {
    const failed = (error: unknown): never => {
      this.#giveUp(error);
      throw error;
    };
    return (argument) => {
      try {
        const waiting = callback(argument);
        return isThenable(waiting) ? waiting.then(undefined, failed) : waiting;
      } catch (error) {
        return failed(error);
      }
    };
  }

  #complete(body: Uint8Array): void {
    if (this.#state === DONE) return;
    this.#sink = undefined;
    const head = this.#response as ResponseHead;
    const response = new HTTPResponse({
      request: this.#request,
      code: head.code,
      reason: head.reason,
      headers: head,
      trailers: head.trailers,
      body,
      effectiveUrl: this.#hop.place.href,
      times: this.#times,
    });
    this.#end();
    if (response.error !== undefined && this.#outcome.raiseError) {
      this.#outcome.reject(response.error);
    } else {
      this.#outcome.resolve(response);
    }
  }

  // Ends.

  #giveUp(error: unknown): void {
    if (this.#state === DONE) return;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.cancel();
    this.#attempt?.abort();
    this.#times.ended = this.#dispatcher.tcp.time();
    this.#end();
    this.#outcome.reject(error);
  }

  #end(): void {
    this.#state = DONE;
    this.#sender?.stop();
    this.#sink?.abandon();
    this.#leaveSignal?.();
    this.#dispatcher.remove(this, this.#begun);
  }

  #listenTo(signal: AbortSignal): void {
    this.#leaveSignal = onAbort(signal, () => this.#giveUp(signal.reason));
  }
}

/** A point in time; never for 0 seconds. */
function later(now: number, seconds: number): number {
  return seconds === 0 ? Number.POSITIVE_INFINITY : now + seconds * 1000;
}

/** Whatever keeps a connection from being made, as an error of the fetch. */
function connectError(error: unknown): unknown {
  const known = asClientError(error);
  if (known instanceof HTTPClientError) return known;
  const why = error instanceof Error ? error.message : String(error);
  return new HTTPClientError(NO_RESPONSE, why, undefined, { cause: error });
}

/** What the network or the server did as an error of the fetch; the application's own as it is. */
function asClientError(error: unknown): unknown {
  if (error instanceof HTTPClientError || error instanceof HTTPOutputError) return error;
  if (!(error instanceof Error)) return error;
  if (error.name === "StreamClosedError") {
    const cause = error.cause instanceof Error ? error.cause : error;
    return new HTTPStreamClosedError(cause.message, { cause });
  }
  if (error instanceof HTTPInputError || "code" in error) {
    return new HTTPClientError(NO_RESPONSE, error.message, undefined, { cause: error });
  }
  return error;
}
