/**
 * The response that a handler builds: head and body, sent through `HTTPConnection` in parts or
 * whole. The lower half of `request-handler.ts`, which knows when and why a response ends.
 */

import { jsonEncode, utf8 } from "../escape.ts";
import type { Socket } from "../host.ts";
import {
  currentDate,
  type Extent,
  formatTimestamp,
  HeaderBlock,
  HTTPHeaders,
  HTTPOutputError,
  type HTTPServerRequest,
  reasonFor,
  standardStartLine,
} from "../httputil.ts";
import { VERSION } from "../util.ts";
import type { Application, Settings } from "./application.ts";
import { etagFor, matchesEtag } from "./etag.ts";

/** What a response may consist of: text as UTF-8, bytes, or an object that is sent as JSON. */
export type Chunk = string | Uint8Array | object;

/** What a header may be set to. A Date becomes an HTTP date. */
export type HeaderValue = string | number | Date;

const DONE: Promise<void> = Promise.resolve();

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

/** Head and body of one response. `RequestHandler` extends it. */
export abstract class HandlerResponse {
  readonly application: Application;
  readonly request: HTTPServerRequest;
  #headers: HTTPHeaders;
  #status = 200;
  #reason: string | undefined;
  /** What has been written and not sent: one chunk, or a list of them. */
  #chunks: string | Uint8Array | (string | Uint8Array)[] | undefined;
  #headersWritten = false;
  #finished = false;

  constructor(application: Application, request: HTTPServerRequest) {
    this.application = application;
    this.request = request;
    this.#headers = HTTPHeaders.startingWith(defaultHeaders(request.startTime));
    this.setDefaultHeaders();
  }

  /** Hook: sets headers for every response of this handler, errors too. */
  setDefaultHeaders(): void {}

  /**
   * Hook: the entity tag of the response, computed from all that was written; undefined for none.
   * Called for whole responses to GET and HEAD with status 200.
   */
  computeEtag(): string | undefined {
    return this.settings.etag === false ? undefined : etagFor(this.#written);
  }

  get settings(): Settings {
    return this.application.settings;
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
    const extent = this.#headersWritten ? "part" : this.#completeHead();
    const sent = this.#send(extent) ?? DONE;
    this.#finished = true;
    this.request.connection.finish();
    this.conclude();
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

  /** Takes the connection's socket over; the handler sends nothing more itself. */
  detach(): Socket {
    this.#finished = true;
    return this.request.connection.detach();
  }

  /**
   * Breaks the connection off, because the response cannot be completed: the client must see that,
   * not a short answer.
   */
  protected breakOff(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.request.connection.abort();
    this.conclude();
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
    if (status === 204 || status === 304 || (status >= 100 && status < 200)) {
      if (this.#chunks !== undefined) {
        this.#chunks = undefined;
        throw new HTTPOutputError(`Cannot send a body with status ${status}`);
      }
      for (const name of ["Content-Encoding", "Content-Language", "Content-Type"]) {
        headers.delete(name);
      }
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
      if (isDefault && asked === undefined)
        return this.settings.etag === false ? "whole" : "tagged";
      etag = this.computeEtag();
      if (etag === undefined) return "whole";
      headers.append("Etag", etag);
    }
    if (asked !== undefined && matchesEtag(asked, etag)) {
      this.#status = 304;
      this.#chunks = undefined;
    }
    return "whole";
  }

  /** Sends what is there: the head with the first of it, and nothing for nothing later. */
  #send(extent: Extent = "part"): Promise<void> | undefined {
    const chunk = this.#written;
    this.#chunks = undefined;
    const connection = this.request.connection;
    if (this.#headersWritten) return chunk === undefined ? undefined : connection.write(chunk);
    this.#headersWritten = true;
    const code = this.#status;
    const reason = this.#reason;
    const startLine = reason === undefined ? standardStartLine(code) : { code, reason };
    return connection.writeHeaders(startLine, this.#headers, chunk, extent);
  }
}

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
