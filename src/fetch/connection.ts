/**
 * An `HTTPConnection` that makes a `Response`: whole if the handler wrote it whole, else with a
 * body that is read while the handler writes it.
 */

import { entityTagOf } from "../core.ts";
import { utf8 } from "../escape.ts";
import type { Socket, Tcp } from "../host.ts";
import {
  type Extent,
  filePieces,
  type HTTPConnection,
  type HTTPHeaders,
  HTTPInputError,
  HTTPOutputError,
  type HTTPRequestContext,
  type OpenFile,
  type ResponseStartLine,
  reasonFor,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { forWhoAwaits } from "../util.ts";

/** Largest request body unless the handler says otherwise: the server's own limit. */
const MAX_BODY_SIZE = 100 * 1024 * 1024;
/** Statuses whose responses have no body (RFC 9110 section 6.4.1). */
const BODILESS = new Set([101, 204, 205, 304]);

/** A `Response` takes no other (Fetch standard, section 5.5). */
const LARGEST_STATUS = 599;

export class FetchConnection implements HTTPConnection {
  readonly context: HTTPRequestContext;
  readonly startTime: number = performance.now();
  readonly sendsFiles = false;
  /** Resolves when the head has been written. */
  readonly response: Promise<Response>;
  readonly #method: string;
  #resolve: (response: Response) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #headWritten = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wanted: (() => void) | undefined;
  #over = false;
  #maxBodySize = MAX_BODY_SIZE;
  #bodySize = 0;
  #whenOver: () => void = () => undefined;

  constructor(context: HTTPRequestContext, method: string) {
    this.context = context;
    this.#method = method;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The response is complete, or will not be. */
  get over(): boolean {
    return this.#over;
  }

  whenOver(callback: () => void): void {
    this.#whenOver = callback;
  }

  writeHeaders(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    chunk?: string | Uint8Array,
    extent: Extent = "part",
  ): Promise<void> | undefined {
    if (this.#over) return closed();
    if (this.#headWritten) {
      throw new HTTPOutputError("Cannot send headers: they have been sent");
    }
    const status = startLine.code;
    if (status >= 100 && status < 200) return undefined;
    this.#headWritten = true;
    if (status > LARGEST_STATUS) {
      this.fail(new RangeError(`Cannot make a Response of status ${status}: it takes 200 to 599`));
      return undefined;
    }
    const isBodiless = BODILESS.has(status) || this.#method === "HEAD";
    if (extent !== "part") {
      addWholeHeaders(headers, status, chunk ?? "", extent);
      const body = isBodiless || chunk === undefined ? null : utf8(chunk);
      this.#resolve(responseOf(startLine, headers, body));
      return undefined;
    }
    this.#resolve(responseOf(startLine, headers, isBodiless ? null : this.#stream()));
    return chunk === undefined ? undefined : this.write(chunk);
  }

  write(chunk: string | Uint8Array): Promise<void> | undefined {
    if (this.#over) return closed();
    if (!this.#headWritten) {
      throw new HTTPOutputError("Cannot write: the headers have not been sent");
    }
    const controller = this.#controller;
    if (controller === undefined || chunk.length === 0) return undefined;
    // A copy: the handler may use its bytes for something else once the promise has resolved.
    controller.enqueue(typeof chunk === "string" ? utf8(chunk) : chunk.slice());
    if ((controller.desiredSize ?? 0) > 0) return undefined;
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  async sendFile(file: OpenFile, start: number, end: number): Promise<void> {
    for await (const bytes of filePieces(file, start, end)) await this.write(bytes);
  }

  finish(): void {
    if (this.#over) return;
    if (!this.#headWritten) {
      this.fail(new HTTPOutputError("Cannot finish response: its status is informational"));
      return;
    }
    this.#end();
    this.#controller?.close();
  }

  abort(): void {
    this.fail(new StreamClosedError());
  }

  /** The response will not be completed. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end();
    if (this.#controller !== undefined) this.#controller.error(error);
    else if (error instanceof HTTPInputError) this.#refuse(error);
    else this.#reject(error);
  }

  /** The client is gone. */
  close(): void {
    this.fail(new StreamClosedError());
  }

  setMaxBodySize(bytes: number): void {
    this.#maxBodySize = bytes;
  }

  /** Throws HTTPInputError 413 once more bytes have come than the body may have. */
  countBody(size: number): void {
    this.#bodySize += size;
    if (this.#bodySize > this.#maxBodySize) {
      throw new HTTPInputError(`The body is longer than ${this.#maxBodySize} bytes`, 413);
    }
  }

  detach(): Socket {
    throw new HTTPOutputError("Cannot detach: a request without a socket has none to give");
  }

  get draining(): boolean {
    return false;
  }

  /** Nobody is told: the server is somebody else's. */
  joinDrain(): () => void {
    return () => undefined;
  }

  get tcp(): Tcp {
    throw new HTTPOutputError("Cannot give tcp: the request came without a socket");
  }

  /** Answers in the handler's place what the request did wrong, as a server's connection does. */
  #refuse({ status, message }: HTTPInputError): void {
    this.#resolve(new Response(message, { status, statusText: reasonFor(status) }));
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#wanted?.();
        this.#wanted = undefined;
      },
      cancel: () => {
        this.#controller = undefined;
        this.#end();
      },
    });
  }

  #end(): void {
    this.#over = true;
    this.#wanted?.();
    this.#wanted = undefined;
    this.#whenOver();
  }
}

/** The headers that a connection adds to a body that it gets whole. */
function addWholeHeaders(
  headers: HTTPHeaders,
  status: number,
  chunk: string | Uint8Array,
  extent: Extent,
): void {
  if (extent === "tagged") headers.set("Etag", entityTagOf(chunk));
  if (BODILESS.has(status) || headers.has("Content-Length")) return;
  headers.set("Content-Length", String(utf8(chunk).length));
}

function responseOf(
  { code, reason }: ResponseStartLine,
  headers: HTTPHeaders,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
): Response {
  const init = { status: code, statusText: reason, headers: headers.getAll() };
  return new Response(body as Uint8Array<ArrayBuffer> | ReadableStream | null, init);
}

function closed(): Promise<void> {
  return forWhoAwaits(Promise.reject(new StreamClosedError()));
}
