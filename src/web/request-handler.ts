/**
 * The life of one request in an application: prepared, answered by the method of its verb,
 * finished. Made for each request by `application.ts`; writes down through `HTTPConnection`.
 */

import { jsonEncode, urlUnescapeBytes, utf8, xhtmlEscape } from "../escape.ts";
import type { Socket } from "../host.ts";
import {
  currentDate,
  formatTimestamp,
  HeaderBlock,
  HTTPHeaders,
  HTTPInputError,
  HTTPOutputError,
  type HTTPServerRequest,
  reasonFor,
  standardStartLine,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { appLog, genLog } from "../log.ts";
import type { PathMatch } from "../routing.ts";
import { isThenable, VERSION } from "../util.ts";
import type { Application, Settings } from "./application.ts";
import { type ArgumentOptions, decodeUtf8Argument, lastValue, valuesOf } from "./arguments.ts";
import { BodyStream } from "./body-stream.ts";
import { Finish, HTTPError } from "./errors.ts";
import { etagFor, matchesEtag } from "./etag.ts";
import { allowedMethods, isSupported, verbOf } from "./verbs.ts";

/** What a response may consist of: text as UTF-8, bytes, or an object that is sent as JSON. */
export type Chunk = string | Uint8Array | object;

/** What a header may be set to. A Date becomes an HTTP date. */
export type HeaderValue = string | number | Date;

/** What `writeError` knows of the error, if an exception was its cause. */
export interface ErrorDetails {
  readonly error?: unknown;
  readonly reason?: string;
}

const DONE: Promise<void> = Promise.resolve();
// Shared by all handlers that have none of these, so that a request allocates nothing for them.
const NO_ARGUMENTS: readonly (string | undefined)[] = [];

let defaults: HeaderBlock | undefined;
let defaultsDate = "";

/** The headers that every response starts with; the same object until the date changes. */
function defaultHeaders(now?: number): HeaderBlock {
  const date = currentDate(now);
  if (defaults === undefined || date !== defaultsDate) {
    defaultsDate = date;
    defaults = new HeaderBlock([
      ["Server", `Squall/${VERSION}`],
      ["Content-Type", "text/html; charset=UTF-8"],
      ["Date", date],
    ]);
  }
  return defaults;
}

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
export class RequestHandler {
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

  readonly application: Application;
  readonly request: HTTPServerRequest;
  /** The path's groups, decoded. */
  pathArgs: readonly (string | undefined)[] = NO_ARGUMENTS;
  /** The path's named groups, decoded. */
  pathKwargs: Readonly<Record<string, string | undefined>> | undefined;
  #headers: HTTPHeaders;
  #status = 200;
  #reason: string | undefined;
  /** What has been written and not sent: one chunk, or a list of them. */
  #chunks: string | Uint8Array | (string | Uint8Array)[] | undefined;
  #headersWritten = false;
  #finished = false;
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
      if (handler.#finished) return;
      handler.onConnectionClose();
      handler.#body?.fail(new StreamClosedError());
    };
    endBody = (handler) => handler.#body?.end();
  }

  constructor(application: Application, request: HTTPServerRequest) {
    this.application = application;
    this.request = request;
    this.#headers = HTTPHeaders.startingWith(defaultHeaders(request.startTime));
    this.setDefaultHeaders();
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

  /** Hook: sets headers for every response of this handler, errors too. */
  setDefaultHeaders(): void {}

  /**
   * Hook: gets each part of the body, for classes given to `streamRequestBody`. The bytes are
   * valid until this returns or, if it returns a promise, until that settles.
   */
  dataReceived(_chunk: Uint8Array): PromiseLike<unknown> | void {
    throw new TypeError(`Cannot stream the body: ${this.constructor.name} has no dataReceived`);
  }

  /** Hook: turns the bytes of an argument or path group into text, UTF-8 by default. */
  decodeArgument(value: Uint8Array, name: string): string {
    return decodeUtf8Argument(value, name);
  }

  /**
   * Hook: the entity tag of the response, computed from all that was written; undefined for none.
   * Called for whole responses to GET and HEAD with status 200.
   */
  computeEtag(): string | undefined {
    return this.settings.etag === false ? undefined : etagFor(this.#written);
  }

  /** Hook: writes the page for an error. It must finish the response. */
  writeError(status: number, details: ErrorDetails): void {
    const title = `${status}: ${xhtmlEscape(this.#reason ?? reasonFor(status))}`;
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

  get settings(): Settings {
    return this.application.settings;
  }

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

  // The response's head.

  /** Sets the status, and the reason phrase if it is not the standard one. */
  setStatus(status: number, reason?: string): void {
    this.#status = status;
    this.#reason = reason === undefined ? undefined : reasonFor(status, reason);
  }

  getStatus(): number {
    return this.#status;
  }

  /** Sets a header. Throws HTTPOutputError for a name or value that cannot be sent. */
  setHeader(name: string, value: HeaderValue): void {
    this.#headers.set(name, headerText(value));
  }

  /** Adds a header and keeps those of the same name. Throws as `setHeader` does. */
  addHeader(name: string, value: HeaderValue): void {
    this.#headers.add(name, headerText(value));
  }

  /** Removes a header that has been set. */
  clearHeader(name: string): void {
    this.#headers.delete(name);
  }

  /** A header of the response as it stands. */
  getHeader(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** Forgets status, headers and what was written. */
  clear(): void {
    this.#status = 200;
    this.#reason = undefined;
    this.#chunks = undefined;
    this.#headers = HTTPHeaders.startingWith(defaultHeaders());
    this.setDefaultHeaders();
  }

  // The response's body.

  /** The headers have been sent: status and headers cannot change any more. */
  get headersWritten(): boolean {
    return this.#headersWritten;
  }

  /** The response is complete. */
  get finished(): boolean {
    return this.#finished;
  }

  /**
   * Adds to the response. Objects become JSON. Arrays are refused as in Tornado: give them a name
   * in an object. Bytes must not be changed before the response is finished or flushed.
   */
  write(chunk: Chunk): void {
    if (this.#finished) throw new HTTPOutputError("Cannot write: the response is finished");
    if (typeof chunk === "string" || chunk instanceof Uint8Array) {
      this.#append(chunk);
      return;
    }
    if (typeof chunk !== "object" || chunk === null || Array.isArray(chunk)) {
      const kind = Array.isArray(chunk) ? "an array" : String(chunk);
      throw new TypeError(`Cannot write ${kind}: expected text, bytes or an object`);
    }
    this.setHeader("Content-Type", "application/json; charset=UTF-8");
    this.#append(jsonEncode(chunk));
  }

  /** What has been written and not sent, as one chunk. */
  get #written(): string | Uint8Array | undefined {
    const chunks = this.#chunks;
    if (!Array.isArray(chunks)) return chunks;
    const joined = joinChunks(chunks);
    this.#chunks = joined;
    return joined;
  }

  #append(chunk: string | Uint8Array): void {
    const chunks = this.#chunks;
    if (chunks === undefined) this.#chunks = chunk;
    else if (Array.isArray(chunks)) chunks.push(chunk);
    else this.#chunks = [chunks, chunk];
  }

  /**
   * Sends what has been written so far; the response goes on. Resolves when the client has taken
   * enough that more should be written.
   */
  flush(): Promise<void> {
    if (this.#finished) throw new HTTPOutputError("Cannot flush: the response is finished");
    return this.#send() ?? DONE;
  }

  /** Completes the response, after a last chunk if there is one. Resolves as `flush` does. */
  finish(chunk?: Chunk): Promise<void> {
    if (this.#finished) throw new HTTPOutputError("Cannot finish: the response is finished");
    if (chunk !== undefined) this.write(chunk);
    if (!this.#headersWritten) this.#completeHead();
    const sent = this.#send(true) ?? DONE;
    this.#finished = true;
    this.request.connection.finish();
    this.#conclude();
    return sent;
  }

  /** Sends the client elsewhere: 302, 301 if `permanent`, or another status from 300 to 399. */
  redirect(url: string, options: { permanent?: boolean; status?: number } = {}): void {
    if (this.#headersWritten) {
      throw new HTTPOutputError("Cannot redirect: the headers have been sent");
    }
    const status = options.status ?? (options.permanent === true ? 301 : 302);
    if (!(status >= 300 && status <= 399)) {
      throw new RangeError(`Cannot redirect: status ${status} is not from 300 to 399`);
    }
    this.setStatus(status);
    this.setHeader("Location", url);
    this.finish();
  }

  /** Ends the request with an error, written by `writeError`. */
  sendError(status = 500, details: ErrorDetails = {}): void {
    if (this.#headersWritten) {
      genLog.error(`Cannot send error ${status}: the headers have been sent`);
      this.#break();
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
    if (!this.#finished) {
      this.#chunks = undefined;
      this.finish();
    }
  }

  /** Takes the connection's socket over; the handler sends nothing more itself. */
  detach(): Socket {
    this.#finished = true;
    return this.request.connection.detach();
  }

  // How it all runs.

  /** Runs to the end, or gives a promise of it. Never throws. */
  #run(match: PathMatch): PromiseLike<void> | undefined {
    try {
      if (!isSupported(this)) throw new HTTPError(405);
      this.#takePathArguments(match);
      const prepared = this.prepare();
      if (isThenable(prepared) || this.#body !== undefined) return this.#runAsync(prepared);
      if (this.#finished) return undefined;
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
      if (!this.#finished) this.#end(await this.#callVerb());
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
    if (this.#finished) return;
    if (result !== undefined && result !== null) this.write(result as Chunk);
    this.finish();
  }

  #handleException(error: unknown): void {
    if (error instanceof StreamClosedError) {
      this.#break();
      return;
    }
    if (error instanceof Finish) {
      if (!this.#finished) this.finish(error.chunk);
      return;
    }
    try {
      this.logException(error);
    } catch (failure) {
      appLog.exception("Uncaught exception in logException", failure);
    }
    if (this.#finished) return;
    const details = { error };
    if (error instanceof HTTPError) {
      const reason = error.reason;
      this.sendError(error.status, reason === undefined ? details : { ...details, reason });
    } else {
      this.sendError(error instanceof HTTPInputError ? error.status : 500, details);
    }
  }

  /** The response cannot be completed: the client must see that, not a short answer. */
  #break(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.request.connection.abort();
    this.#conclude();
  }

  #conclude(): void {
    this.application.logRequest(this);
    this.onFinish();
  }

  /** Sets the headers that depend on the whole body. */
  #completeHead(): void {
    const method = this.request.method;
    if (this.#status === 200 && (method === "GET" || method === "HEAD")) this.#applyEtag();
    const headers = this.#headers;
    const status = this.#status;
    if (status === 204 || status === 304 || (status >= 100 && status < 200)) {
      if (this.#chunks !== undefined) {
        this.#chunks = undefined;
        throw new HTTPOutputError(`Cannot send a body with status ${status}`);
      }
      for (const name of ["Content-Encoding", "Content-Language", "Content-Type"]) {
        headers.delete(name);
      }
    }
  }

  /** Adds an entity tag; answers 304 if the client has what it names. */
  #applyEtag(): void {
    const headers = this.#headers;
    if (headers.getOwn("Etag") === undefined) {
      const computed = this.computeEtag();
      if (computed !== undefined) headers.append("Etag", computed);
    }
    const asked = this.request.headers.get("If-None-Match");
    const etag = headers.getOwn("Etag");
    if (asked === undefined || etag === undefined || !matchesEtag(asked, etag)) return;
    this.#status = 304;
    this.#chunks = undefined;
  }

  /** Sends what is there: the head with the first of it, and nothing for nothing later. */
  #send(whole = false): Promise<void> | undefined {
    const chunk = this.#written;
    this.#chunks = undefined;
    const connection = this.request.connection;
    if (this.#headersWritten) return chunk === undefined ? undefined : connection.write(chunk);
    this.#headersWritten = true;
    const code = this.#status;
    const reason = this.#reason;
    const startLine = reason === undefined ? standardStartLine(code) : { code, reason };
    return connection.writeHeaders(startLine, this.#headers, chunk, whole);
  }
}

/** A verb's method. */
export type Verb = (this: RequestHandler, ...args: unknown[]) => unknown;

function headerText(value: HeaderValue): string {
  return value instanceof Date ? formatTimestamp(value) : String(value);
}

function joinChunks(chunks: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (chunks.every((chunk) => typeof chunk === "string")) return chunks.join("");
  const bytes = chunks.map((chunk) => utf8(chunk));
  const whole = new Uint8Array(bytes.reduce((size, each) => size + each.length, 0));
  let end = 0;
  for (const each of bytes) {
    whole.set(each, end);
    end += each.length;
  }
  return whole;
}
