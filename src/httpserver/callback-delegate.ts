/**
 * Serves a plain function: collects each request whole, then calls it. What `HTTPServer` makes of
 * a callback (Tornado `_CallableAdapter`).
 */

import {
  BodyBuffer,
  failRequest,
  type HTTPConnection,
  type HTTPHeaders,
  type HTTPMessageDelegate,
  type HTTPServerConnectionDelegate,
  HTTPServerRequest,
  type RequestStartLine,
} from "../httputil.ts";
import { appLog } from "../log.ts";
import { isResponse, isThenable } from "../util.ts";

/** Gets a whole request, and answers through its connection. */
export type RequestCallback = (request: HTTPServerRequest) => unknown;

/** Gives each request to a function once its body is there, and logs what that throws. */
export class CallbackDelegate implements HTTPServerConnectionDelegate {
  readonly #callback: RequestCallback;

  constructor(callback: RequestCallback) {
    this.#callback = callback;
  }

  startRequest(connection: HTTPConnection): HTTPMessageDelegate {
    return new WholeRequest(connection, this.#callback);
  }
}

class WholeRequest implements HTTPMessageDelegate {
  readonly #connection: HTTPConnection;
  readonly #callback: RequestCallback;
  readonly #body = new BodyBuffer();
  #request: HTTPServerRequest | undefined;

  constructor(connection: HTTPConnection, callback: RequestCallback) {
    this.#connection = connection;
    this.#callback = callback;
  }

  headersReceived(startLine: RequestStartLine, headers: HTTPHeaders): void {
    this.#request = new HTTPServerRequest(startLine, headers, this.#connection);
  }

  dataReceived(chunk: Uint8Array): void {
    this.#body.append(chunk);
  }

  finish(): void {
    const request = this.#request as HTTPServerRequest;
    request.body = this.#body.take();
    const result = this.#callback(request);
    if (!isThenable(result)) this.#checkResult(result);
    else {
      const checked = result.then((value) => this.#checkResult(value));
      checked.then(undefined, (error) => this.#failed(error));
    }
  }

  /** In plain JavaScript an answer is easily returned; the peer would wait for it. */
  #checkResult(result: unknown): void {
    if (typeof result !== "string" && !isResponse(result)) return;
    this.#failed(
      new TypeError("Cannot answer with what a callback returns: write it to request.connection"),
    );
  }

  onConnectionClose(): void {
    this.#body.take();
  }

  /** A promise came to nothing: the peer must not wait for an answer. */
  #failed(error: unknown): void {
    appLog.exception("Uncaught exception in request callback", error);
    failRequest(this.#connection);
  }
}
