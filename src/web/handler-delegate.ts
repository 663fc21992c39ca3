/**
 * Between a connection and one request handler: collects the body and runs the handler, or runs
 * the handler and passes the body through. Made by `application.ts`.
 */

import { BodyBuffer, type HTTPMessageDelegate, type HTTPServerRequest } from "../httputil.ts";
import type { PathMatch } from "../routing.ts";
import type { Application } from "./application.ts";
import {
  closeHandler,
  endBody,
  RequestHandler,
  runHandler,
  runStreaming,
} from "./request-handler.ts";
import { isStreaming } from "./stream-request-body.ts";

/** A request handler's class. */
export type RequestHandlerClass = new (
  application: Application,
  request: HTTPServerRequest,
) => RequestHandler;

const streamingClasses = new WeakMap<RequestHandlerClass, boolean>();

export function isHandlerClass(target: unknown): target is RequestHandlerClass {
  return typeof target === "function" && target.prototype instanceof RequestHandler;
}

export class HandlerDelegate implements HTTPMessageDelegate {
  readonly #application: Application;
  readonly #request: HTTPServerRequest;
  readonly #handlerClass: RequestHandlerClass;
  readonly #options: object;
  readonly #match: PathMatch;
  #handler: RequestHandler | undefined;
  #body: BodyBuffer | undefined;

  constructor(
    application: Application,
    request: HTTPServerRequest,
    handlerClass: RequestHandlerClass,
    options: object,
    match: PathMatch,
  ) {
    this.#application = application;
    this.#request = request;
    this.#handlerClass = handlerClass;
    this.#options = options;
    this.#match = match;
  }

  headersReceived(): Promise<void> | undefined {
    if (!streams(this.#handlerClass)) return undefined;
    return runStreaming(this.#newHandler(), this.#match);
  }

  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void {
    if (this.#handler !== undefined) {
      return this.#handler.finished ? undefined : this.#handler.dataReceived(chunk);
    }
    this.#body ??= new BodyBuffer();
    this.#body.append(chunk);
  }

  finish(): void {
    if (this.#handler !== undefined) {
      endBody(this.#handler);
      return;
    }
    if (this.#body !== undefined) this.#request.body = this.#body.take();
    runHandler(this.#newHandler(), this.#match);
  }

  onConnectionClose(): void {
    if (this.#handler !== undefined) closeHandler(this.#handler);
  }

  #newHandler(): RequestHandler {
    const handler = new this.#handlerClass(this.#application, this.#request);
    this.#handler = handler;
    handler.initialize(this.#options);
    return handler;
  }
}

/** Looked up once a class: the answer needs a walk along its prototypes. */
function streams(handlerClass: RequestHandlerClass): boolean {
  let known = streamingClasses.get(handlerClass);
  if (known === undefined) {
    known = isStreaming(handlerClass);
    streamingClasses.set(handlerClass, known);
  }
  return known;
}
