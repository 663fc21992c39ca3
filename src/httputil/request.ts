/**
 * A request as an application sees it. Made by `httpserver` or `routing` from a start line and
 * headers; every field beyond those is worked out when it is first asked for.
 */

import { jsonDecode } from "../escape.ts";
import type { PeerCertificate, TlsFacts } from "../host.ts";
import {
  type Arguments,
  mergeArguments,
  type ParseBodyConfig,
  parseArguments,
  parseBodyArguments,
} from "./arguments.ts";
import { parseCookie } from "./cookies.ts";
import type { HTTPConnection } from "./delegates.ts";
import { HTTPInputError } from "./errors.ts";
import type { FormReceiver } from "./form-receiver.ts";
import type { HTTPHeaders } from "./headers.ts";
import type { HTTPFile } from "./http-file.ts";
import type { ParsedForm } from "./multipart.ts";
import type { RequestStartLine } from "./start-line.ts";

const EMPTY = new Uint8Array(0);
// RFC 9112 section 3.2.2: absolute-form. The core has checked its bytes. Userinfo is no part of the
// host, nor of what is shown to anybody (RFC 9110 section 4.2.4).
const absoluteForm = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?@]*@)?([^/?]*)(.*)$/is;

interface ParsedParts {
  config?: ParseBodyConfig;
  query?: Arguments;
  form?: ParsedForm;
  arguments?: Arguments;
  cookies?: Map<string, string>;
  receiver?: FormReceiver;
}

/** One HTTP request (Tornado `HTTPServerRequest`). */
export class HTTPServerRequest {
  readonly method: string;
  /** The request-target as sent. */
  readonly uri: string;
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string;
  readonly headers: HTTPHeaders;
  /** Takes the response; replaced by who takes its socket over. */
  connection: HTTPConnection;
  /** What stands before the "?", still percent-encoded. */
  readonly path: string;
  /** What stands after the "?", or `""`. */
  readonly query: string;
  /**
   * The body: whole for most handlers, empty for one that streams it, and for a multipart form
   * that was too long for memory and has been read while it arrived.
   */
  body: Uint8Array = EMPTY;
  readonly #authority: string | undefined;
  #finishTime: number | undefined;
  /** What has been worked out so far: one field, since most requests ask for none of it. */
  #parsed: ParsedParts | undefined;

  constructor(startLine: RequestStartLine, headers: HTTPHeaders, connection: HTTPConnection) {
    const uri = startLine.path;
    this.method = startLine.method;
    this.uri = uri;
    this.version = startLine.version;
    this.headers = headers;
    this.connection = connection;
    let target = uri;
    if (uri.charCodeAt(0) !== 0x2f) {
      const parts = absoluteForm.exec(uri);
      this.#authority = startLine.method === "CONNECT" ? uri : parts?.[1];
      target = parts === null ? uri : withSlash(parts[2] as string);
    }
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? "" : target.slice(mark + 1);
  }

  /**
   * The host and port asked for, as sent: from the target of CONNECT or an absolute one, else from
   * the Host header (RFC 9112 section 3.3), else `127.0.0.1`, which only HTTP/1.0 can lack.
   */
  get host(): string {
    return this.#authority ?? this.headers.get("Host") ?? "127.0.0.1";
  }

  /** The host without its port, in lower case. */
  get hostName(): string {
    return this.host.replace(/:\d*$/, "").toLowerCase();
  }

  /** When the head had arrived, on the clock of `performance.now()`. */
  get startTime(): number {
    return this.connection.startTime;
  }

  /** The peer's IP address. */
  get remoteIp(): string {
    return this.connection.context.remoteIp;
  }

  /** `http` or `https`. */
  get protocol(): string {
    return this.connection.context.protocol;
  }

  /**
   * What the connection's TLS handshake has settled, the client's certificate among it; undefined
   * without TLS, and behind a proxy that speaks it.
   */
  get tls(): TlsFacts | undefined {
    return this.connection.context.tls;
  }

  /** The client's certificate, if it was asked for one and has shown one. */
  getSslCertificate(): PeerCertificate | undefined {
    return this.tls?.peerCertificate;
  }

  /** Arguments of the query. Throws HTTPInputError if there are too many. */
  get queryArguments(): Arguments {
    const parts = this.#parts();
    parts.query ??= parseArguments(this.query, parts.config);
    return parts.query;
  }

  /** Arguments of a form body. Throws HTTPInputError for a malformed one. */
  get bodyArguments(): Arguments {
    return this.#bodyForm().arguments;
  }

  /**
   * Files of a multipart form, by field; long ones lie on disk until the request is over. Throws as
   * `bodyArguments` does.
   */
  get files(): ReadonlyMap<string, readonly HTTPFile[]> {
    return this.#bodyForm().files;
  }

  /** How its query and body are read, where that is not as `setParseBodyConfig` says. */
  useBodyConfig(config: ParseBodyConfig): void {
    this.#parts().config = config;
  }

  /** Takes the form of a body that has been read while it arrived. */
  useForm(receiver: FormReceiver): void {
    const parts = this.#parts();
    parts.form = receiver.finish();
    parts.receiver = receiver;
  }

  /** Removes the temporary files that are left: the request is over. */
  discardFiles(): void {
    this.#parsed?.receiver?.discard();
  }

  #bodyForm(): ParsedForm {
    const parts = this.#parts();
    parts.form ??= parseBodyArguments(this.headers, this.body, parts.config);
    return parts.form;
  }

  /** The cookies that the client sent, by name. */
  get cookies(): ReadonlyMap<string, string> {
    const parts = this.#parts();
    parts.cookies ??= parseCookie(this.headers.getList("Cookie").join(";"));
    return parts.cookies;
  }

  /** Arguments of the query and then of the body. */
  get arguments(): Arguments {
    const parts = this.#parts();
    parts.arguments ??= mergeArguments(this.queryArguments, this.bodyArguments);
    return parts.arguments;
  }

  #parts(): ParsedParts {
    this.#parsed ??= {};
    return this.#parsed;
  }

  /**
   * The body as JSON. Throws HTTPInputError if it is not (400), or if its Content-Type says that
   * it is something else (415).
   */
  json(): unknown {
    const type = this.headers.get("Content-Type");
    if (type !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
      throw new HTTPInputError(`Cannot read JSON: Content-Type is "${type}"`, 415);
    }
    try {
      return jsonDecode(this.body);
    } catch (cause) {
      throw new HTTPInputError("Cannot read JSON: the body is not well-formed", 400, { cause });
    }
  }

  /** The whole URL that was asked for: without a path for CONNECT, and OPTIONS of the whole server. */
  fullUrl(): string {
    const { path, query } = this;
    const mark = query === "" && !this.uri.endsWith("?") ? "" : "?";
    const target = path.startsWith("/") ? path + mark + query : "";
    return `${this.protocol}://${this.host}${target}`;
  }

  /** Whether the client speaks HTTP/1.1, so that it can take a chunked response. */
  supportsHttp11(): boolean {
    return this.version === "HTTP/1.1";
  }

  /** Seconds from the head's arrival to the end of the response, or to now. */
  requestTime(): number {
    return ((this.#finishTime ?? performance.now()) - this.startTime) / 1000;
  }

  /** Stops the clock of `requestTime`. */
  markFinished(): void {
    this.#finishTime = performance.now();
  }
}

/** RFC 9112 section 3.2.1: an empty path is sent as "/". */
function withSlash(target: string): string {
  return target.startsWith("/") ? target : `/${target}`;
}
