/**
 * What an application subclasses to answer requests. One is made for each request by
 * `handler-delegate.ts`, which has `handler-life.ts` run it; its response is in
 * `handler-response.ts`, its cookies and users in `handler-session.ts`.
 */

import { xhtmlEscape } from "../escape.ts";
import {
  checkStatus,
  HTTPInputError,
  HTTPOutputError,
  type HTTPServerRequest,
  reasonFor,
} from "../httputil.ts";
import { appLog, genLog } from "../log.ts";
import { isThenable } from "../util.ts";
import type { Application } from "./application.ts";
import { type ArgumentOptions, decodeUtf8Argument, lastValue, valuesOf } from "./arguments.ts";
import { finishWithReport } from "./debug-page.ts";
import { HTTPError } from "./errors.ts";
import { EventStream, type EventStreamOptions } from "./event-stream.ts";
import { handleException } from "./handler-life.ts";
import { HandlerPage } from "./handler-page.ts";
import { breakOff, streamOf } from "./handler-response.ts";
import { locationFor, type RedirectOptions } from "./location.ts";
import { watch } from "./unawaited.ts";
import { allowedMethods, type Guards } from "./verbs.ts";

/** What `writeError` knows of the error, if an exception was its cause. */
export interface ErrorDetails {
  readonly error?: unknown;
  readonly reason?: string;
}

/**
 * Answers requests: subclass it and define methods named after the verbs, `get`, `post`, `put`,
 * `patch`, `delete`, `head`, `options`. They get the path's groups as arguments, named groups as
 * one object, and may be async. HEAD is answered by `get` without the body if there is no `head`
 * (Tornado `web.RequestHandler`).
 */
export class RequestHandler extends HandlerPage {
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

  /**
   * What is put around the verbs' methods, by their names: `{ get: authenticated }`. A subclass
   * that has its own says all of them.
   */
  static guards: Guards | undefined;

  /**
   * Whether a multipart form that is too long for memory is read while it arrives, its files put on
   * disk. False for a class that needs the bytes of `request.body` themselves.
   */
  static spoolsUploads = true;

  // V8 inlines the construction of a handler without a constructor only if the next one above it is
  // written out, in a class that has neither fields nor private methods.
  constructor(application: Application, request: HTTPServerRequest) {
    super(application, request);
  }

  // What subclasses override.

  /** Hook: gets the options of the route, right after construction. */
  initialize(_options: object): void {}

  /** Hook: runs before the verb's method, may be async, and may finish the request itself. */
  prepare(): unknown {
    return undefined;
  }

  /**
   * Hook: the response has been finished. Nothing can be sent from here. `getHeader` shows what was
   * set; an entity tag that is made while the response is sent is not among it.
   */
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

  /** Hook: the page for an error, where a subclass has it. Tornado 1's name; see `writeError`. */
  getErrorHtml?(status: number, details: ErrorDetails): string;

  /** Whether `decodeArgument` would give a part of a path back as it is: no "%", plain ASCII. */
  takesAsIs(part: string): boolean {
    const isUsual = this.decodeArgument === RequestHandler.prototype.decodeArgument;
    return isUsual && /^[ -$&-~]*$/.test(part);
  }

  /** Hook: writes the page for an error. It must finish the response, and may be async. */
  writeError(status: number, details: ErrorDetails): void {
    if (this.getErrorHtml !== undefined) {
      this.finish(this.getErrorHtml(status, details));
      return;
    }
    const title = `${status}: ${xhtmlEscape(reasonFor(status, details.reason))}`;
    const { debug, serveTraceback } = this.settings;
    if (debug === true && serveTraceback === true && details.error !== undefined) {
      finishWithReport(this, status, details.error);
      return;
    }
    if (serveTraceback === true && details.error instanceof Error) {
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
    if (error instanceof HTTPInputError) {
      genLog.warning(`${error.status} ${summary}: ${error.message}`);
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
  override getArgument<Default>(name: string, options: ArgumentOptions<Default>): string | Default;
  override getArgument(name: string, options?: ArgumentOptions<unknown>): unknown {
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

  /**
   * Sends the client elsewhere: 302, 301 if `permanent`, or another status from 300 to 399. What a
   * browser would take for another host, `//evil` or `/\evil`, is refused; with `local`, so is
   * every URL that is not a path, with 400, because it came from the client.
   */
  redirect(url: string, options: RedirectOptions = {}): void {
    if (this.headersWritten) {
      throw new HTTPOutputError("Cannot redirect: the headers have been sent");
    }
    const status = options.status ?? (options.permanent === true ? 301 : 302);
    if (!(status >= 300 && status <= 399)) {
      throw new RangeError(`Cannot redirect: status ${status} is not from 300 to 399`);
    }
    const location = locationFor(url, options.local === true);
    this.setStatus(status);
    this.setHeader("Location", location);
    this.finish();
  }

  /**
   * Ends the request with an error, written by `writeError`. Throws a RangeError for a status that no
   * response can have.
   */
  sendError(status = 500, details: ErrorDetails = {}): void {
    if (this.headersWritten) {
      genLog.error(`Cannot send error ${status}: the headers have been sent`);
      breakOff(this);
      return;
    }
    checkStatus(status);
    let written: unknown;
    try {
      this.clear();
      this.setStatus(status, details.reason);
      if (status === 405) this.setHeader("Allow", allowedMethods(this).join(", "));
      written = this.writeError(status, details);
    } catch (error) {
      appLog.exception("Uncaught exception in writeError", error);
    }
    if (!isThenable(written) && this.extras.page?.pending === undefined) {
      finishBare(this, status, details);
      return;
    }
    // `writeError` is async, or renders a page that waits. No private method: see the constructor.
    const awaitErrorPage = async (): Promise<void> => {
      try {
        await written;
        await this.extras.page?.pending;
      } catch (error) {
        appLog.exception("Uncaught exception in writeError", error);
      }
      finishBare(this, status, details);
    };
    this.extras.errorPage = awaitErrorPage();
  }

  /**
   * Makes the response an event stream, which is open until its `close()`, until the method has
   * returned, or until the client has gone: `await stream.closed` waits for that. Throws
   * HTTPOutputError if the headers have been sent.
   */
  sse(options: EventStreamOptions = {}): EventStream {
    const stream = new EventStream(this, options);
    if (this.abandoned) stream.close();
    if (stream.open) this.extras.stream = stream;
    return stream;
  }

  /**
   * Aborted, with a StreamClosedError, when the client has gone before the response was finished, and
   * from the start if it has gone already: for whatever a long poll waits for, such as
   * `condition.wait({ signal: this.closeSignal })`.
   */
  get closeSignal(): AbortSignal {
    this.extras.closing ??= new AbortController();
    return this.extras.closing.signal;
  }

  protected override conclude(): void {
    streamOf(this)?.end();
    // Whoever ended the response has nothing to do with what fails from here on.
    try {
      this.application.logRequest(this);
    } catch (error) {
      appLog.exception("Uncaught exception in logFunction", error);
    }
    try {
      watch(this.onFinish(), "onFinish");
    } catch (error) {
      appLog.exception("Uncaught exception in onFinish", error);
    }
    this.request.discardFiles();
  }

  /**
   * A function that calls another one, and makes an error of the response of what that throws:
   * for callbacks that nobody else watches.
   */
  asyncCallback<Args extends unknown[], Result>(
    callback: (...args: Args) => Result,
  ): (...args: Args) => Result | undefined {
    return (...args) => {
      try {
        const result = callback(...args);
        if (isThenable(result)) result.then(undefined, (error) => handleException(this, error));
        return result;
      } catch (error) {
        handleException(this, error);
        return undefined;
      }
    };
  }
}

/** Answers with the status alone, if nothing else has. */
function finishBare(handler: RequestHandler, status: number, { reason }: ErrorDetails): void {
  if (handler.finished) return;
  if (handler.headersWritten) {
    breakOff(handler);
    return;
  }
  try {
    handler.clear();
    handler.setStatus(status, reason);
    handler.finish();
  } catch (error) {
    appLog.exception(`Cannot answer with status ${status} alone`, error);
    breakOff(handler);
  }
}

/** A verb's method. */
export type Verb = (this: RequestHandler, ...args: unknown[]) => unknown;
