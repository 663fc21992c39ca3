/**
 * What the client's end of a connection calls: the exchange that is going on, and who lends the
 * connection to exchanges. `client-connection.ts` calls them, `httpclient` and `websocket` are them.
 */

import type { Tcp } from "../host.ts";
import type { HTTP1ClientConnection } from "./client-connection.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ResponseHead } from "./response-head.ts";

/**
 * One request and its response. Its connection calls `finish` or `fail` once, and nothing after it;
 * what is thrown by the others ends the exchange with `fail`.
 */
export interface ClientExchange {
  /** The request's method as the core counts it: it decides whether the response has a body. */
  readonly methodId: number;
  readonly limits: ConnectionLimits;
  /** An informational response, such as 100 Continue. */
  informational(head: ResponseHead): void;
  /** The head has arrived. A promise holds the body back until it settles. */
  headersReceived(head: ResponseHead): PromiseLike<unknown> | void;
  /**
   * A part of the body, in the core's memory until this returns. A promise holds the rest back until
   * it settles.
   */
  dataReceived(start: number, length: number): PromiseLike<unknown> | void;
  /** The response is complete. The connection is idle, detached or gone. */
  finish(): void;
  /** The exchange is broken off. `answered` says whether any of a response had come. */
  fail(error: unknown, answered: boolean): void;
}

/** Who lends connections to exchanges. */
export interface ClientConnectionOwner {
  readonly tcp: Tcp;
  /** The exchange is over, and the connection can take another one. */
  connectionReleased(connection: HTTP1ClientConnection): void;
  /** An idle connection has ended. */
  connectionLost(connection: HTTP1ClientConnection): void;
}
