/**
 * Sends one request on its connection: the head, and the body with it, or part by part, or when the
 * server has said that it wants it. Made by `fetch-task.ts` for each request.
 */

import type { HTTP1ClientConnection } from "../http1connection.ts";
import type { Timeout } from "../ioloop.ts";
import { sendParts } from "./body-source.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Hop } from "./hop.ts";

export class RequestSender {
  readonly #hop: Hop;
  readonly #connection: HTTP1ClientConnection;
  readonly #failed: (error: unknown) => void;
  #timer: Timeout | undefined;
  #begun = false;

  /** Calls `failed` with what a producer of the body throws. */
  constructor(hop: Hop, connection: HTTP1ClientConnection, failed: (error: unknown) => void) {
    this.#hop = hop;
    this.#connection = connection;
    this.#failed = failed;
  }

  /** Sends the head, and the body after it unless `waits` says that the server is asked first. */
  start(waits: boolean, dispatcher: Dispatcher): void {
    this.#connection.sendHead(this.#hop.head, "", 0);
    if (!waits) {
      this.proceed();
      return;
    }
    const { continueTimeout } = dispatcher.limits.client;
    this.#timer = dispatcher.loop.callLater(continueTimeout, () => this.proceed());
  }

  /** Sends the body, once. */
  proceed(): void {
    const { body, givenLength } = this.#hop;
    if (this.#begun || body === undefined) return;
    this.stop();
    const connection = this.#connection;
    if (body.producer === undefined) {
      if (body.size > 0) connection.write(body.whole);
      connection.requestDone();
      return;
    }
    sendParts(body.producer, connection, givenLength).then(
      () => connection.requestDone(),
      (error) => this.#failed(error),
    );
  }

  /** The server has answered: a body that has not begun is not sent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#begun = true;
  }
}
