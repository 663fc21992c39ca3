/**
 * The response that a handler builds: head and body, sent through `HTTPConnection` in parts or
 * whole. The lower half of `request-handler.ts`, which knows when and why a response ends.
 */

import { jsonEncode } from "../escape.ts";
import type { Socket } from "../host.ts";
import {
  checkStatus,
  type Extent,
  failRequest,
  HTTPHeaders,
  type HTTPMessageDelegate,
  HTTPOutputError,
  type HTTPServerConnectionDelegate,
  type HTTPServerRequest,
  reasonFor,
  standardStartLine,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { appLog } from "../log.ts";
import { bytesIn } from "../util.ts";
import type { Application } from "./application.ts";
import { type Chunk, checkLength, joinChunks } from "./chunks.ts";
import { defaultHeaders, setJsonType } from "./default-headers.ts";
import { etagFor, matchingEtag } from "./etag.ts";
import type { EventStream } from "./event-stream.ts";
import { HandlerExtras } from "./handler-extras.ts";
import { type HeaderValue, headerText } from "./header-value.ts";
import { replay } from "./replay.ts";
import type { Settings } from "./settings.ts";
import { TransformedOutput } from "./transformed-output.ts";
import { requireSync } from "./unawaited.ts";

// Shared by all handlers that have none of these, so that a request allocates nothing for them.
const NO_ARGUMENTS: readonly (string | undefined)[] = [];
const DONE: Promise<void> = Promise.resolve();

// What others in `web` ask of a handler. Set inside of the class, which alone sees its private
// fields: as methods, they would be names that an application's handlers can collide with.
/**
 * Breaks the connection off, because the response cannot be completed: the client must see that,
 * not a short answer.
 */
export let breakOff: (handler: HandlerResponse) => void;
/** Who answers in a handler's place. */
export let heirOf: (handler: HandlerResponse) => HTTPMessageDelegate | undefined;
/** The rendering that finishes the response, while it is not done. */
export let renderingOf: (handler: HandlerResponse) => Promise<void> | undefined;
/** The event stream that the response is. */
export let streamOf: (handler: HandlerResponse) => EventStream | undefined;
/** The client has gone, or sends no more: whoever asked for a signal hears of it. */
export let clientGone: (handler: HandlerResponse) => void;

/** Head and body of one response. `RequestHandler` extends it. */
export abstract class HandlerResponse {
  readonly application: Application;
  readonly request: HTTPServerRequest;
  // Here and not where they are used: a subclass with fields makes each handler dearer.
  /** The path's groups, decoded. */
  pathArgs: readonly (string | undefined)[] = NO_ARGUMENTS;
  /** The path's named groups, decoded. */
  pathKwargs: Readonly<Record<string, string | undefined>> | undefined;
  #headers: HTTPHeaders;
  #status = 200;
  /** What has been written and not sent: one chunk, or a list of them. */
  #chunks: string | Uint8Array | (string | Uint8Array)[] | undefined;
  #headersWritten = false;
  #finished = false;
  #extras: HandlerExtras | undefined;

  static {
    breakOff = (handler) => {
      if (handler.#finished) return;
      handler.#finished = true;
      handler.request.connection.abort();
      handler.conclude();
    };
    heirOf = (handler) => handler.#extras?.heir;
    renderingOf = (handler) => handler.#extras?.errorPage ?? handler.#extras?.page?.pending;
    streamOf = (handler) => handler.#extras?.stream;
    clientGone = (handler) => {
      // Also for who asks later.
      handler.extras.closing ??= new AbortController();
      handler.extras.closing.abort(new StreamClosedError());
    };
  }

  constructor(application: Application, request: HTTPServerRequest) {
    this.application = application;
    this.request = request;
    this.#headers = HTTPHeaders.startingWith(defaultHeaders(request.startTime));
    requireSync(this.setDefaultHeaders(), "setDefaultHeaders");
  }

  /** Hook: sets headers for every response of this handler, errors too. */
  setDefaultHeaders(): void {}

  /**
   * Hook: the entity tag of the response, computed from all that was written; undefined for none.
   * Called for whole responses to GET and HEAD with status 200.
   */
  computeEtag(): string | undefined {
    return this.settings.etag === false ? undefined : etagFor(this.#written());
  }

  get settings(): Settings {
    return this.application.settings;
  }

  /** Whether the client has gone, or sends no more, before the response was finished. */
  get abandoned(): boolean {
    return this.#extras?.closing?.signal.aborted === true;
  }

  /** What only some requests need, made when it is first asked for. */
  protected get extras(): HandlerExtras {
    this.#extras ??= new HandlerExtras();
    return this.#extras;
  }

  // The response's head.

  /**
   * Sets the status, and the reason phrase if it is not the standard one. Throws a RangeError for a
   * status that no response can have.
   */
  setStatus(status: number, reason?: string): void {
    checkStatus(status);
    this.#status = status;
    if (reason !== undefined) this.extras.reason = reasonFor(status, reason);
    else if (this.#extras !== undefined) this.#extras.reason = undefined;
  }

  getStatus(): number {
    return this.#status;
  }

  /**
   * Sets a header. Throws HTTPOutputError for a name or value that cannot be sent, and a TypeError
   * for a value that is none.
   */
  setHeader(name: string, value: HeaderValue): void {
    this.#headers.set(name, headerText(name, value));
  }

  /** Adds a header and keeps those of the same name. Throws as `setHeader` does. */
  addHeader(name: string, value: HeaderValue): void {
    this.#headers.add(name, headerText(name, value));
  }

  /** Removes a header that has been set. */
  clearHeader(name: string): void {
    this.#headers.delete(name);
  }

  /** A header of the response as it stands. */
  getHeader(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** Sets the entity tag that `computeEtag` gives for what has been written. */
  setEtagHeader(): void {
    const etag = this.computeEtag();
    if (etag !== undefined) this.setHeader("Etag", etag);
  }

  /**
   * Whether the client has what the response's entity tag names: If-None-Match has it, in the
   * weak comparison of RFC 9110 section 13.1.2.
   */
  checkEtagHeader(): boolean {
    const asked = this.request.headers.get("If-None-Match");
    const etag = this.getHeader("Etag");
    if (asked === undefined || etag === undefined) return false;
    const found = matchingEtag(asked, etag);
    if (found !== undefined && found !== etag) this.setHeader("Etag", found);
    return found !== undefined;
  }

  /** Forgets status, headers and what was written. Cookies stay. */
  clear(): void {
    this.setStatus(200);
    this.#chunks = undefined;
    this.#headers = HTTPHeaders.startingWith(defaultHeaders());
    requireSync(this.setDefaultHeaders(), "setDefaultHeaders");
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
   * Adds to the response. Objects become JSON; a Content-Type of JSON that was set stays. Arrays are
   * refused as in Tornado: give them a name in an object. Bytes must not be changed before the
   * response is finished or flushed. Throws a TypeError for what is none of these.
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
    const text = ArrayBuffer.isView(chunk) ? "{}" : jsonEncode(chunk);
    if (text === "{}") {
      const bytes = bytesIn(chunk);
      if (bytes !== undefined) {
        this.#append(bytes);
        return;
      }
    }
    setJsonType(this.#headers);
    this.#append(text);
  }

  /** What has been written and not sent, as one chunk. */
  #written(): string | Uint8Array | undefined {
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
    return this.#send("part", false) ?? DONE;
  }

  /** Completes the response, after a last chunk if there is one. Resolves as `flush` does. */
  finish(chunk?: Chunk): Promise<void> {
    if (this.#finished) throw new HTTPOutputError("Cannot finish: the response is finished");
    if (chunk !== undefined) this.write(chunk);
    const extent = this.#headersWritten ? "part" : this.#completeHead();
    const sent = this.#send(extent, true) ?? DONE;
    this.#finished = true;
    const transforming = this.#extras?.output?.pending;
    if (transforming === undefined) this.#end();
    else this.#endAfter(transforming);
    return sent;
  }

  /** The response is over once its transforms have given the last of it. */
  #endAfter(transforming: Promise<void>): void {
    const failed = (error: unknown): void => appLog.exception("Cannot finish response", error);
    transforming.then(() => this.#end()).catch(failed);
  }

  #end(): void {
    try {
      this.request.connection.finish();
    } finally {
      this.conclude();
    }
  }

  /** Takes the connection's socket over; the handler sends nothing more itself. */
  detach(): Socket {
    const socket = this.request.connection.detach();
    this.#finished = true;
    // Who has taken a socket over may keep it, and this handler, for hours.
    this.#headers = new HTTPHeaders();
    this.request.headers.forgetFields();
    this.request.discardFiles();
    return socket;
  }

  /** Leaves request and response to somebody else; the handler sends nothing itself. */
  protected yieldTo(other: HTTPServerConnectionDelegate): void {
    if (this.#headersWritten) {
      throw new HTTPOutputError("Cannot leave the response to others: the headers have been sent");
    }
    const delegate = other.startRequest(this.request.connection);
    this.#finished = true;
    this.extras.heir = delegate;
    replay(this.request, delegate).catch((error) => {
      appLog.exception("Uncaught exception in a fallback", error);
      failRequest(this.request.connection);
    });
  }

  /** The response is over, complete or not. */
  protected abstract conclude(): void;

  /** Sets the headers that depend on the whole body, and says what the writer is to add. */
  #completeHead(): Extent {
    const method = this.request.method;
    const isTagged = this.#status === 200 && (method === "GET" || method === "HEAD");
    const extent = isTagged ? this.#applyEtag() : "whole";
    const headers = this.#headers;
    const status = this.#status;
    if (status === 204 || status === 205 || status === 304 || (status >= 100 && status < 200)) {
      if (this.#chunks !== undefined) {
        this.#chunks = undefined;
        throw new HTTPOutputError(`Cannot send a body with status ${status}`);
      }
      for (const name of ["Content-Encoding", "Content-Language", "Content-Type"]) {
        headers.delete(name);
      }
    } else {
      const length = headers.getOwn("Content-Length");
      if (length !== undefined && method !== "HEAD") checkLength(length, this.#written());
    }
    return extent;
  }

  /**
   * Adds an entity tag, and answers 304 if the client has what it names. If it names nothing, the
   * tag is left to the writer, which has the body where the core can hash it.
   */
  #applyEtag(): Extent {
    const headers = this.#headers;
    const asked = this.request.headers.get("If-None-Match");
    let etag = headers.getOwn("Etag");
    if (etag === undefined) {
      const isDefault = this.computeEtag === HandlerResponse.prototype.computeEtag;
      const isWriters = isDefault && this.application.transforms === undefined;
      if (isWriters && asked === undefined)
        return this.settings.etag === false ? "whole" : "tagged";
      etag = this.computeEtag();
      if (etag === undefined) return "whole";
      headers.add("Etag", etag);
    }
    if (asked !== undefined && this.checkEtagHeader()) {
      this.#status = 304;
      this.#chunks = undefined;
    }
    return "whole";
  }

  /** Sends what is there: the head with the first of it, and nothing for nothing later. */
  #send(extent: Extent, finishing: boolean): Promise<void> | undefined {
    const chunk = this.#written();
    this.#chunks = undefined;
    if (this.#headersWritten) return this.#sendMore(chunk, finishing);
    this.#headersWritten = true;
    const { transforms } = this.application;
    if (this.#extras === undefined && transforms === undefined) {
      const startLine = standardStartLine(this.#status);
      return this.request.connection.writeHeaders(startLine, this.#headers, chunk, extent);
    }
    return this.#sendSpecial(chunk, extent, finishing);
  }

  #sendMore(chunk: string | Uint8Array | undefined, finishing: boolean): Promise<void> | undefined {
    const output = this.#extras?.output;
    if (output !== undefined) return output.write(chunk, finishing);
    return chunk === undefined ? undefined : this.request.connection.write(chunk);
  }

  /** Sends a head that may have a reason or cookies of its own, or transforms to go through. */
  #sendSpecial(
    chunk: string | Uint8Array | undefined,
    extent: Extent,
    finishing: boolean,
  ): Promise<void> | undefined {
    const { newCookies, reason } = this.extras;
    const headers = this.#headers;
    if (newCookies !== undefined) {
      for (const cookie of newCookies.values()) headers.append("Set-Cookie", cookie);
    }
    const code = this.#status;
    const startLine = reason === undefined ? standardStartLine(code) : { code, reason };
    const { transforms } = this.application;
    if (transforms === undefined) {
      return this.request.connection.writeHeaders(startLine, headers, chunk, extent);
    }
    const output = new TransformedOutput(transforms, this.request);
    this.extras.output = output;
    return output.begin(startLine, headers, chunk, finishing);
  }
}
