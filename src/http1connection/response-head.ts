/**
 * The head of one response as a client gets it: its status line, and its header fields, which stay
 * unread until somebody asks for one. Made by `client-connection.ts` right after the core has
 * parsed the head.
 */

import {
  headerId,
  type ParsedResponseHead,
  readResponseFields,
  readResponseHead,
} from "../core.ts";
import { HTTPHeaders, type ResponseStartLine } from "../httputil.ts";
import type { ConnectionLimits } from "./limits.ts";
import { type BodyReader, LengthReader, TrailersReader, UntilCloseReader } from "./reader.ts";

/** Status line and headers in one object, because every response needs both. */
export class ResponseHead extends HTTPHeaders implements ResponseStartLine {
  readonly code: number;
  /** The reason as the server sent it, which may be empty. */
  readonly reason: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** The body's length, 0 without Content-Length. */
  readonly contentLength: number;
  /** The connection may go on after this response (RFC 9112 section 9.3). */
  readonly keepAlive: boolean;
  /** No body follows, whatever the fields say: an answer to HEAD, 204, 304 (RFC 9112 section 6.3). */
  readonly noBody: boolean;
  readonly chunked: boolean;
  /** The body ends where the connection ends. */
  readonly untilClose: boolean;
  readonly #parsed: ParsedResponseHead;
  #chunked: TrailersReader | undefined;

  /** Reads the head that `parseResponseHead(start, …)` has just found. */
  constructor(start: number) {
    super();
    this.awaitFields();
    const parsed = readResponseHead(start);
    this.#parsed = parsed;
    this.code = parsed.code;
    this.reason = parsed.reason;
    this.version = parsed.minorVersion === 0 ? "HTTP/1.0" : "HTTP/1.1";
    this.contentLength = parsed.contentLength;
    this.keepAlive = parsed.keepAlive;
    this.noBody = parsed.noBody;
    this.chunked = parsed.chunked;
    this.untilClose = parsed.untilClose;
  }

  /** What takes the body out of the bytes that follow, or undefined if there is none. */
  bodyReader(limits: ConnectionLimits): BodyReader | undefined {
    if (this.noBody) return undefined;
    if (this.chunked) {
      this.#chunked = new TrailersReader(limits);
      return this.#chunked;
    }
    if (this.untilClose) return new UntilCloseReader();
    return this.contentLength > 0 ? new LengthReader(this.contentLength) : undefined;
  }

  /** What came after the body (RFC 9110 section 6.5), once that is read; undefined if nothing did. */
  get trailers(): HTTPHeaders | undefined {
    return this.#chunked?.trailers;
  }

  protected override mayHave(name: string): boolean {
    const id = headerId(name);
    if (id === undefined || id >= 96) return true;
    const { present0, present1, present2 } = this.#parsed;
    const word = id < 32 ? present0 : id < 64 ? present1 : present2;
    return ((word >>> (id & 31)) & 1) === 1;
  }

  protected override readFields(): void {
    readResponseFields(this.#parsed.text, this);
  }
}
