/**
 * What a fetch gives: the response, and how it came about. Made by `fetch-task.ts`.
 */

import { HTTPHeaders } from "../httputil.ts";
import { HTTPClientError } from "./errors.ts";
import type { HTTPRequest } from "./request.ts";

/** When a fetch did what, in milliseconds on the clock of `performance.now()`; 0 for never. */
export interface FetchTimes {
  /** `fetch` was called. */
  readonly called: number;
  /** Its turn came: the time before is the queue's. */
  readonly begun: number;
  /** It had a connection, new or kept. */
  readonly connected: number;
  /** The last response's head was there. */
  readonly answered: number;
  readonly ended: number;
}

/** What a response is made of. */
export interface ResponseParts {
  readonly request: HTTPRequest;
  readonly code: number;
  readonly reason: string;
  readonly headers: HTTPHeaders;
  readonly trailers?: HTTPHeaders | undefined;
  readonly body: Uint8Array;
  readonly effectiveUrl: string;
  readonly times: FetchTimes;
  readonly error?: HTTPClientError | undefined;
}

/** A response (Tornado `httpclient.HTTPResponse`). */
export class HTTPResponse {
  readonly request: HTTPRequest;
  /** The status; 599 if there was no response, which only a callback sees. */
  readonly code: number;
  /** As the server sent it; it may be empty. */
  readonly reason: string;
  readonly headers: HTTPHeaders;
  /** Decompressed if the request asked for that; empty if it went to a `streamingCallback`. */
  readonly body: Uint8Array;
  /** Where the response came from, after redirects. */
  readonly effectiveUrl: string;
  /** Set for every code but 200 to 299. */
  readonly error: HTTPClientError | undefined;
  readonly #times: FetchTimes;
  #trailers: HTTPHeaders | undefined;

  constructor(parts: ResponseParts) {
    const { code, reason } = parts;
    this.request = parts.request;
    this.code = code;
    this.reason = reason;
    this.headers = parts.headers;
    this.body = parts.body;
    this.effectiveUrl = parts.effectiveUrl;
    this.#times = parts.times;
    this.#trailers = parts.trailers;
    const failed = code < 200 || code >= 300;
    this.error = parts.error ?? (failed ? new HTTPClientError(code, reason, this) : undefined);
  }

  /**
   * Fields that came after the body, as checksums do (RFC 9110 section 6.5); they are kept apart from
   * `headers`, which decided what the body is. Mostly empty.
   */
  get trailers(): HTTPHeaders {
    this.#trailers ??= new HTTPHeaders();
    return this.#trailers;
  }

  /** The older name of `body`. */
  get buffer(): Uint8Array {
    return this.body;
  }

  /** Seconds since the epoch when the request was begun, after its time in the queue. */
  get startTime(): number {
    return (performance.timeOrigin + this.#times.begun) / 1000;
  }

  /** Seconds that the request took, redirects included, the queue not. */
  get requestTime(): number {
    return (this.#times.ended - this.#times.begun) / 1000;
  }

  /**
   * Seconds by phase: `queue` before its turn; then, each from its turn on, as libcurl counts,
   * `connect` until there was a connection, `starttransfer` until the head was there, `total`.
   */
  get timeInfo(): Record<"queue" | "connect" | "starttransfer" | "total", number> {
    const { called, begun, connected, answered } = this.#times;
    const since = (time: number): number => Math.max(0, time - begun) / 1000;
    return {
      queue: Math.max(0, begun - called) / 1000,
      connect: since(connected),
      starttransfer: since(answered),
      total: this.requestTime,
    };
  }

  /** Throws `error` if there is one. */
  rethrow(): void {
    if (this.error !== undefined) throw this.error;
  }
}
