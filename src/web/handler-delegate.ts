/**
 * Between a connection and one request handler: collects the body and runs the handler, or runs
 * the handler and passes the body through. Made by `application.ts`.
 */

import {
  BodyBuffer,
  FormReceiver,
  type HTTPMessageDelegate,
  type HTTPServerRequest,
  maxBodyMemory,
  receiverFor,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { type PathMatch, Rule } from "../routing.ts";
import { isThenable } from "../util.ts";
import type { Application } from "./application.ts";
import { BodyStream } from "./body-stream.ts";
import { handleException, runHandler, runStreaming } from "./handler-life.ts";
import { clientGone, heirOf, streamOf } from "./handler-response.ts";
import { checkHookNames } from "./hook-names.ts";
import { RequestHandler } from "./request-handler.ts";
import { isStreaming } from "./stream-request-body.ts";
import { watch } from "./unawaited.ts";
import { checkGuards } from "./verbs.ts";

/** A body whose first piece is shorter is not asked for its length, which costs a look at headers. */
const LONG_START = 16 * 1024;

/** A request handler's class. */
export type RequestHandlerClass = new (
  application: Application,
  request: HTTPServerRequest,
) => RequestHandler;

/** What a handler's class says of itself. */
interface HandlerTraits {
  readonly spoolsUploads: boolean;
}

export function isHandlerClass(target: unknown): target is RequestHandlerClass {
  return typeof target === "function" && target.prototype instanceof RequestHandler;
}

/** A rule that leads to a request handler, with what is the same for all its requests. */
export class HandlerRule extends Rule {
  readonly handlerClass: RequestHandlerClass;
  readonly handlerOptions: object;
  #streaming: boolean | undefined;

  constructor(rule: Rule, handlerClass: RequestHandlerClass) {
    super(rule.matcher, handlerClass, rule.options, rule.name);
    checkHookNames(handlerClass);
    checkGuards(handlerClass as unknown as typeof RequestHandler);
    this.handlerClass = handlerClass;
    this.handlerOptions = rule.options ?? {};
  }

  /** Whether the handler takes the body in parts; asked of its prototypes once. */
  get streaming(): boolean {
    this.#streaming ??= isStreaming(this.handlerClass);
    return this.#streaming;
  }

  /** Whether a long form may be read in place of its bytes. */
  get readsForms(): boolean {
    return (this.handlerClass as unknown as HandlerTraits).spoolsUploads;
  }
}

export class HandlerDelegate implements HTTPMessageDelegate {
  readonly #application: Application;
  readonly #request: HTTPServerRequest;
  readonly #rule: HandlerRule;
  readonly #match: PathMatch;
  #handler: RequestHandler | undefined;
  /** The request's body: collected, read as a form, or passed through to the handler. */
  #body: BodyBuffer | FormReceiver | BodyStream | undefined;

  constructor(
    application: Application,
    request: HTTPServerRequest,
    rule: HandlerRule,
    match: PathMatch,
  ) {
    this.#application = application;
    this.#request = request;
    this.#rule = rule;
    this.#match = match;
    if (application.bodyConfig !== undefined) request.useBodyConfig(application.bodyConfig);
  }

  headersReceived(): Promise<void> | undefined {
    if (!this.#rule.streaming) return undefined;
    const body = runStreaming(this.#newHandler(), this.#match, this.#rule.handlerOptions);
    this.#body = body;
    return body.wanted;
  }

  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void {
    if (this.#handler !== undefined) {
      return this.#handler.finished ? undefined : receive(this.#handler, chunk);
    }
    this.#body ??= new BodyBuffer();
    if (this.#body instanceof BodyBuffer) return this.#collect(this.#body, chunk);
    return (this.#body as FormReceiver).write(chunk);
  }

  /** Keeps a part of the body, or turns to reading it as a form once it is too long for that. */
  #collect(body: BodyBuffer, chunk: Uint8Array): PromiseLike<unknown> | void {
    if (!this.#isTooLong(body.length, chunk.length)) return body.append(chunk);
    const receiver = receiverFor(this.#request.headers, this.#application.bodyConfig);
    if (receiver === undefined) return body.append(chunk);
    this.#body = receiver;
    receiver.write(body.take());
    return receiver.write(chunk);
  }

  /** Whether the body is too long for memory, as far as it has come or as its length says. */
  #isTooLong(length: number, more: number): boolean {
    if (!this.#rule.readsForms) return false;
    const most = maxBodyMemory(this.#application.bodyConfig);
    if (length + more > most) return true;
    if (length > 0 || more < LONG_START) return false;
    return Number(this.#request.headers.get("Content-Length")) > most;
  }

  finish(): void {
    if (this.#handler !== undefined) {
      (this.#body as BodyStream).end();
      return;
    }
    const body = this.#body;
    if (body instanceof BodyBuffer) this.#request.body = body.take();
    else if (body instanceof FormReceiver) this.#request.useForm(body);
    runHandler(this.#newHandler(), this.#match, this.#rule.handlerOptions);
  }

  onConnectionClose(): void {
    const handler = this.#handler;
    if (handler === undefined) {
      if (this.#body instanceof FormReceiver) this.#body.discard();
      return;
    }
    if (handler.finished) {
      heirOf(handler)?.onConnectionClose();
      return;
    }
    try {
      watch(handler.onConnectionClose(), "onConnectionClose");
    } finally {
      streamOf(handler)?.close();
      clientGone(handler);
      if (this.#body instanceof BodyStream) this.#body.fail(new StreamClosedError());
    }
  }

  #newHandler(): RequestHandler {
    this.#handler = new this.#rule.handlerClass(this.#application, this.#request);
    return this.#handler;
  }
}

/** Gives a handler a part of its body; what it throws becomes its answer. */
function receive(handler: RequestHandler, chunk: Uint8Array): PromiseLike<unknown> | void {
  try {
    // A copy: the handler may await, and the core's memory is other connections' meanwhile.
    const result = handler.dataReceived(chunk.slice());
    if (!isThenable(result)) return undefined;
    return result.then(undefined, (error) => handleException(handler, error));
  } catch (error) {
    handleException(handler, error);
    return undefined;
  }
}
