/**
 * The life of one request in an application: prepared, answered by the method of its verb,
 * finished. Made for each request by `application.ts`; its response is in `handler-response.ts`.
 */

import { urlUnescapeBytes, xhtmlEscape } from "../escape.ts";
import { HTTPInputError, reasonFor } from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { appLog, genLog } from "../log.ts";
import type { PathMatch } from "../routing.ts";
import { isThenable } from "../util.ts";
import { type ArgumentOptions, decodeUtf8Argument, lastValue, valuesOf } from "./arguments.ts";
import { BodyStream } from "./body-stream.ts";
import { Finish, HTTPError } from "./errors.ts";
import { type Chunk, HandlerResponse } from "./handler-response.ts";
import { allowedMethods, isSupported, verbOf } from "./verbs.ts";

/** What `writeError` knows of the error, if an exception was its cause. */
export interface ErrorDetails {
  readonly error?: unknown;
  readonly reason?: string;
}

// Shared by all handlers that have none of these, so that a request allocates nothing for them.
const NO_ARGUMENTS: readonly (string | undefined)[] = [];

/** Runs a handler. For `application.ts` alone. */
export let runHandler: (handler: RequestHandler, match: PathMatch) => PromiseLike<void> | undefined;
/** Tells a handler that its client is gone. For `application.ts` alone. */
export let closeHandler: (handler: RequestHandler) => void;
/** Lets a handler run before its request's body is there. Resolves when the body may be read. */
export let runStreaming: (handler: RequestHandler, match: PathMatch) => Promise<void>;
/** Tells a handler that streams its request's body that all of it is there. */
export let endBody: (handler: RequestHandler) => void;

/**
 * Answers requests: subclass it and define methods named after the verbs, `get`, `post`, `put`,
 * `patch`, `delete`, `head`, `options`. They get the path's groups as arguments, named groups as
 * one object, and may be async. HEAD is answered by `get` without the body if there is no `head`
 * (Tornado `web.RequestHandler`).
 */
export class RequestHandler extends HandlerResponse {
  /** Methods that may be called. A subclass that knows more verbs extends it. */
  static supportedMethods: readonly string[] = [
    "GET",
    "HEAD",
    "POST",
    "DELETE",
    "PATCH",
    "PUT",
    "OPTIONS",
  ];

  /** The path's groups, decoded. */
  pathArgs: readonly (string | undefined)[] = NO_ARGUMENTS;
  /** The path's named groups, decoded. */
  pathKwargs: Readonly<Record<string, string | undefined>> | undefined;
  /** Settles when the whole body has been streamed to `dataReceived`. */
  #body: BodyStream | undefined;

  static {
    runHandler = (handler, match) => handler.#run(match);
    runStreaming = (handler, match) => {
      const body = new BodyStream();
      handler.#body = body;
      handler.#run(match);
      return body.wanted;
    };
    closeHandler = (handler) => {
      if (handler.finished) return;
      handler.onConnectionClose();
      handler.#body?.fail(new StreamClosedError());
    };
    endBody = (handler) => handler.#body?.end();
  }

  // What subclasses override.

  /** Hook: gets the options of the route, right after construction. */
  initialize(_options: object): void {}

  /** Hook: runs before the verb's method, may be async, and may finish the request itself. */
  prepare(): unknown {
    return undefined;
  }

  /** Hook: the response has been finished. Nothing can be sent from here. */
  onFinish(): void {}

  /** Hook: the client has gone, or sends no more, before the response was finished. */
  onConnectionClose(): void {}

  /**
   * Hook: gets each part of the body, for classes given to `streamRequestBody`. While a promise that
   * it returns has not settled, no more of the body is read.
   */
  dataReceived(_chunk: Uint8Array): PromiseLike<unknown> | void {
    throw new TypeError(`Cannot stream the body: ${this.constructor.name} has no dataReceived`);
  }

  /** Hook: turns the bytes of an argument or path group into text, UTF-8 by default. */
  decodeArgument(value: Uint8Array, name: string): string {
    return decodeUtf8Argument(value, name);
  }

  /** Hook: writes the page for an error. It must finish the response. */
  writeError(status: number, details: ErrorDetails): void {
    const title = `${status}: ${xhtmlEscape(reasonFor(status, details.reason))}`;
    if (this.settings.serveTraceback === true && details.error instanceof Error) {
      this.setHeader("Content-Type", "text/plain; charset=UTF-8");
      this.finish(details.error.stack ?? String(details.error));
      return;
    }
    this.finish(`<html><title>${title}</title><body>${title}</body></html>`);
  }

  /** Hook: logs an exception that ended the request. */
  logException(error: unknown): void {
    const summary = `${this.request.method} ${this.request.uri} (${this.request.remoteIp})`;
    if (error instanceof HTTPError) {
      if (error.logMessage !== "")
        genLog.warning(`${error.status} ${summary}: ${error.logMessage}`);
      return;
    }
    appLog.exception(`Uncaught exception ${summary}`, error);
  }

  // The request.

  /**
   * The last value of an argument of the query or of a form body. Throws MissingArgumentError
   * (400) if it is not there and there is no default.
   */
  getArgument(name: string): string;
  getArgument<Default>(name: string, options: ArgumentOptions<Default>): string | Default;
  getArgument(name: string, options?: ArgumentOptions<unknown>): unknown {
    return lastValue(this.request.arguments, name, options, this);
  }

  /** Every value of an argument of the query or of a form body. */
  getArguments(name: string, strip = true): string[] {
    return valuesOf(this.request.arguments, name, strip, this);
  }

  /** As `getArgument`, of the query alone. */
  getQueryArgument(name: string): string;
  getQueryArgument<Default>(name: string, options: ArgumentOptions<Default>): string | Default;
  getQueryArgument(name: string, options?: ArgumentOptions<unknown>): unknown {
    return lastValue(this.request.queryArguments, name, options, this);
  }

  /** As `getArguments`, of the query alone. */
  getQueryArguments(name: string, strip = true): string[] {
    return valuesOf(this.request.queryArguments, name, strip, this);
  }

  /** As `getArgument`, of a form body alone. */
  getBodyArgument(name: string): string;
  getBodyArgument<Default>(name: string, options: ArgumentOptions<Default>): string | Default;
  getBodyArgument(name: string, options?: ArgumentOptions<unknown>): unknown {
    return lastValue(this.request.bodyArguments, name, options, this);
  }

  /** As `getArguments`, of a form body alone. */
  getBodyArguments(name: string, strip = true): string[] {
    return valuesOf(this.request.bodyArguments, name, strip, this);
  }

  /** Ends the request with an error, written by `writeError`. */
  sendError(status = 500, details: ErrorDetails = {}): void {
    if (this.headersWritten) {
      genLog.error(`Cannot send error ${status}: the headers have been sent`);
      this.breakOff();
      return;
    }
    this.clear();
    this.setStatus(status, details.reason);
    if (status === 405) this.setHeader("Allow", allowedMethods(this).join(", "));
    try {
      this.writeError(status, details);
    } catch (error) {
      appLog.exception("Uncaught exception in writeError", error);
    }
    if (!this.finished) {
      this.clear();
      this.setStatus(status, details.reason);
      this.finish();
    }
  }

  // How it all runs.

  protected override conclude(): void {
    this.application.logRequest(this);
    this.onFinish();
  }

  /** Runs to the end, or gives a promise of it. Never throws. */
  #run(match: PathMatch): PromiseLike<void> | undefined {
    try {
      if (!isSupported(this)) throw new HTTPError(405);
      this.#takePathArguments(match);
      const prepared = this.prepare();
      if (isThenable(prepared) || this.#body !== undefined) return this.#runAsync(prepared);
      if (this.finished) return undefined;
      const result = this.#callVerb();
      if (isThenable(result)) return this.#settle(result);
      this.#end(result);
    } catch (error) {
      this.#handleException(error);
    }
    return undefined;
  }

  async #runAsync(prepared: unknown): Promise<void> {
    try {
      await prepared;
      this.#body?.begin();
      await this.#body?.ended;
      if (!this.finished) this.#end(await this.#callVerb());
    } catch (error) {
      this.#body?.begin();
      this.#handleException(error);
    }
  }

  async #settle(result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#end(await result);
    } catch (error) {
      this.#handleException(error);
    }
  }

  #callVerb(): unknown {
    const verb = verbOf(this);
    if (verb === undefined) throw new HTTPError(405);
    if (this.pathKwargs !== undefined) return verb.call(this, this.pathKwargs);
    return this.pathArgs.length === 0 ? verb.call(this) : verb.apply(this, [...this.pathArgs]);
  }

  #takePathArguments(match: PathMatch): void {
    if (match.pathArgs.length > 0) {
      this.pathArgs = match.pathArgs.map((group) => this.#decodeGroup(group, "path"));
    }
    if (match.pathKwargs === undefined) return;
    this.pathKwargs = Object.fromEntries(
      Object.entries(match.pathKwargs).map(([name, group]) => [
        name,
        this.#decodeGroup(group, name),
      ]),
    );
  }

  #decodeGroup(group: string | undefined, name: string): string | undefined {
    return group === undefined
      ? undefined
      : this.decodeArgument(urlUnescapeBytes(group, false), name);
  }

  /** A verb's method has returned: what it returned is written, and the response finished. */
  #end(result: unknown): void {
    if (this.finished) return;
    if (result !== undefined && result !== null) this.write(result as Chunk);
    this.finish();
  }

  #handleException(error: unknown): void {
    if (error instanceof StreamClosedError) {
      this.breakOff();
      return;
    }
    if (error instanceof Finish) {
      if (!this.finished) this.finish(error.chunk);
      return;
    }
    try {
      this.logException(error);
    } catch (failure) {
      appLog.exception("Uncaught exception in logException", failure);
    }
    if (this.finished) return;
    const details = { error };
    if (error instanceof HTTPError) {
      const reason = error.reason;
      this.sendError(error.status, reason === undefined ? details : { ...details, reason });
    } else {
      this.sendError(error instanceof HTTPInputError ? error.status : 500, details);
    }
  }
}

/** A verb's method. */
export type Verb = (this: RequestHandler, ...args: unknown[]) => unknown;
