/**
 * The head of one request: its start line, and its header fields, which stay unread until somebody
 * asks for one. Made by `server-connection.ts` right after the core has parsed the head.
 */

import { asciiAt, headerId, headFlags, headTable, readFields } from "../core.ts";
import { HTTPHeaders, type RequestStartLine } from "../httputil.ts";
import type { ConnectionLimits } from "./limits.ts";
import { type BodyReader, ChunkedReader, LengthReader } from "./reader.ts";

/** Start line and headers in one object, because every request needs both. */
export class RequestHead extends HTTPHeaders implements RequestStartLine {
  readonly method: string;
  /** The request-target, called path as in Tornado. */
  readonly path: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** The body's length, 0 without Content-Length. */
  readonly contentLength: number;
  readonly #text: string;
  readonly #flags: number;
  readonly #present0: number;
  readonly #present1: number;
  readonly #present2: number;

  /** Reads the head that `takeRequestHead(start, …)` has just found. */
  constructor(start: number) {
    super();
    this.awaitFields();
    const text = headTable.requestText(start);
    this.#text = text;
    this.method = headTable.method(text);
    this.path = headTable.target(text);
    this.version = headTable.minorVersion() === 0 ? "HTTP/1.0" : "HTTP/1.1";
    this.contentLength = headTable.contentLength();
    this.#flags = headTable.flags();
    this.#present0 = headTable.present(0);
    this.#present1 = headTable.present(1);
    this.#present2 = headTable.present(2);
  }

  /** The connection may go on after this request (RFC 9112 section 9.3). */
  get keepAlive(): boolean {
    return headFlags.keepAlive(this.#flags);
  }

  get hasBody(): boolean {
    return headFlags.hasBody(this.#flags, this.contentLength);
  }

  get chunked(): boolean {
    return headFlags.chunked(this.#flags);
  }

  get expectContinue(): boolean {
    return headFlags.expectContinue(this.#flags);
  }

  /** Reads the body, for a head that says there is one. */
  bodyReader(limits: ConnectionLimits): BodyReader {
    return this.chunked ? new ChunkedReader(limits) : new LengthReader(this.contentLength);
  }

  protected override mayHave(name: string): boolean {
    const id = headerId(name);
    if (id === undefined || id >= 96) return true;
    const word = id < 32 ? this.#present0 : id < 64 ? this.#present1 : this.#present2;
    return ((word >>> (id & 31)) & 1) === 1;
  }

  override forgetFields(): void {
    this.awaitFields();
  }

  protected override readFields(): void {
    readFields(this.#text, this);
  }
}

/** Whether bytes that may begin a head are empty lines so far. */
export function isEmptyLines(start: number, length: number): boolean {
  return length <= 4 && /^[\r\n]+$/.test(asciiAt(start, start + length));
}

/** Whether a head that is refused is that of a HEAD request, as far as it is a head. */
export function isHead(start: number, length: number): boolean {
  return /^(?:\r\n){0,2}HEAD /.test(asciiAt(start, start + Math.min(length, 9)));
}
