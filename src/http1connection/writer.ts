/**
 * Turns one response into wire bytes, and decides how its body is framed (RFC 9112 section 6).
 * Made by `server-connection.ts` for each request; handlers reach it as their `HTTPConnection`.
 * Writes into the output region of the core's memory, from where the host sends it.
 */

import {
  entityTagOf,
  lastLinesLength,
  NO_LINE,
  OUTPUT_CAPACITY,
  putLatin1,
  putResponseHead,
  putTaggedHead,
  utf8Bytes,
} from "../core.ts";
import type { Socket, Tcp } from "../host.ts";
import {
  checkStartLine,
  type Departure,
  type Extent,
  filePieces,
  type HeaderBlock,
  type HTTPConnection,
  type HTTPHeaders,
  type HTTPMessageDelegate,
  HTTPOutputError,
  type HTTPRequestContext,
  type OpenFile,
  REASONS,
  type ResponseStartLine,
  standardStartLine,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import { genLog } from "../log.ts";
import { closedPromise, copyLimit, HIGH_WATER, putBody, sizeOf } from "./body-chunk.ts";
import { asksToClose, connectionLine, optionsOf } from "./connection-options.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { RequestHead } from "./request-head.ts";

/** What the writer asks of the connection that it writes to. */
export interface ResponseSink extends HTTPRequestContext {
  readonly socket: Socket;
  readonly owner: ConnectionOwner;
  /** Resolves when what is buffered has gone out, or the socket is closed. */
  drained(): Promise<void>;
  /** The request's body has not arrived as a whole: a response that ends before it is the last. */
  readonly receivesBody: boolean;
  /** The response is complete; the connection may go on if `keepAlive`. */
  responseDone(keepAlive: boolean): void;
  /** The response cannot be completed: the connection is broken off. */
  responseFailed(): void;
  setMaxBodySize(bytes: number): void;
  detach(): Socket;
}

const NO_BODY = 0;
const LENGTH = 1;
const CHUNKED = 2;
const UNTIL_CLOSE = 3;

const LAST_CHUNK = "0\r\n\r\n";

const statusLines: string[] = [];
for (const code of Object.keys(REASONS)) {
  statusLines[Number(code)] = `HTTP/1.1 ${code} ${REASONS[Number(code)]}\r\n`;
}

/**
 * The first line, with its CRLF. The version is ours, whatever the request's was. Throws
 * HTTPOutputError for what would make other lines of it.
 */
function statusLine(line: ResponseStartLine): string {
  if (line === standardStartLine(line.code)) return statusLines[line.code] as string;
  checkStartLine(line);
  return `HTTP/1.1 ${line.code} ${line.reason}\r\n`;
}

let lastLine: ResponseStartLine | undefined;
let lastBlock: HeaderBlock | undefined;
let lastPrefix = "";

/** The first line and the fields of the block: the same text from one response to the next. */
function prefixOf(line: ResponseStartLine, headers: HTTPHeaders): string {
  const block = headers.block;
  if (block === undefined) return statusLine(line);
  if (line !== lastLine || block !== lastBlock) {
    lastLine = line;
    lastBlock = block;
    lastPrefix = statusLine(line) + block.text;
  }
  return lastPrefix;
}

/** What Content-Length says. Throws HTTPOutputError unless it says one thing. */
function lengthIn(headers: HTTPHeaders): number {
  const text = headers.get("Content-Length") as string;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new HTTPOutputError(`Cannot send Content-Length: expected one number, got "${text}"`);
}

/** The response to one request. */
export class ResponseWriter implements HTTPConnection {
  readonly startTime: number;
  /**
   * Who is told about the request, until the response is complete. Kept here, not by the
   * connection: to store what is young in what is old costs V8 more.
   */
  delegate: HTTPMessageDelegate | undefined = undefined;
  readonly #sink: ResponseSink;
  readonly #head: RequestHead;
  #keepAlive: boolean;
  #started = false;
  #finished = false;
  #gone = false;
  #framing = NO_BODY;
  /** Bytes of body still to come, if the framing is LENGTH. */
  #left = 0;
  #sentLength = 0;

  constructor(sink: ResponseSink, head: RequestHead, keepAlive: boolean) {
    this.startTime = sink.owner.tcp.time();
    this.#sink = sink;
    this.#head = head;
    this.#keepAlive = keepAlive;
  }

  get context(): HTTPRequestContext {
    return this.#sink;
  }

  get tcp(): Tcp {
    return this.#sink.owner.tcp;
  }

  /** The head has been sent. */
  get started(): boolean {
    return this.#started;
  }

  get finished(): boolean {
    return this.#finished;
  }

  get answersHead(): boolean {
    return this.#head.method === "HEAD";
  }

  /** Bytes given to the socket, whether it has sent them or not. */
  get sentLength(): number {
    return this.#sentLength;
  }

  writeHeaders(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    chunk?: string | Uint8Array,
    extent: Extent = "part",
  ): Promise<void> | undefined {
    if (this.#gone) return closedPromise();
    this.#checkOpen("send headers");
    const code = startLine.code;
    if (this.#started) throw new HTTPOutputError("Cannot send headers: they have been sent");
    if (code >= 100 && code < 200 && code !== 101) {
      this.#sendInformational(startLine, headers);
      return undefined;
    }
    const size = sizeOf(chunk);
    const prefix = prefixOf(startLine, headers);
    const said = this.#frame(code, headers, extent === "part" ? undefined : size);
    const lines = this.#otherLines(code, headers);
    this.#started = true;
    // A small body goes out with the head as one run of bytes.
    if (this.#framing === LENGTH && size <= copyLimit(chunk)) {
      this.#count(size);
      this.#sendWhole(prefix, headers, lines, said, chunk ?? "", size, extent === "tagged");
      return this.#pressure();
    }
    const tag = extent === "tagged" ? `Etag: ${entityTagOf(chunk ?? "")}\r\n` : "";
    this.#sendWhole(prefix, headers, tag + lines, said, "", 0, false);
    return this.#sendBody(chunk ?? "");
  }

  /** HTTP/1.0 has no interim responses: its clients would take one for the answer (RFC 9110 15.2). */
  #sendInformational(startLine: ResponseStartLine, headers: HTTPHeaders): void {
    const text = `${statusLine(startLine)}${headers.toString()}\r\n`;
    if (this.#head.version !== "HTTP/1.0") this.#sendText(text);
  }

  write(chunk: string | Uint8Array): Promise<void> | undefined {
    if (this.#gone) return closedPromise();
    this.#checkOpen("write");
    if (!this.#started) throw new HTTPOutputError("Cannot write: the headers have not been sent");
    return this.#sendBody(chunk);
  }

  get sendsFiles(): boolean {
    return this.#sink.socket.sendFile(0, 0, 0);
  }

  async sendFile(file: OpenFile, start: number, end: number): Promise<void> {
    const length = end - start;
    if (this.#framing === LENGTH && !this.#gone && length <= this.#left) {
      const { socket } = this.#sink;
      if (socket.sendFile(file.fd, start, length)) {
        this.#count(length);
        this.#sentLength += length;
        while (socket.bufferedAmount > 0 && !this.#gone) await this.#sink.drained();
        if (this.#gone) throw new StreamClosedError();
        return;
      }
    }
    for await (const bytes of filePieces(file, start, end)) await this.write(bytes);
  }

  finish(): void {
    if (this.#finished || this.#gone) return;
    if (!this.#started) {
      throw new HTTPOutputError("Cannot finish response: its headers have not been sent");
    }
    if (this.#framing === LENGTH && this.#left > 0) {
      this.abort();
      throw new HTTPOutputError(
        `Cannot finish response: ${this.#left} bytes fewer than Content-Length were written`,
      );
    }
    this.#finished = true;
    this.delegate = undefined;
    if (this.#framing === CHUNKED) this.#sendText(LAST_CHUNK);
    this.#sink.responseDone(this.#keepAlive);
  }

  abort(): void {
    if (this.#finished || this.#gone) return;
    this.#finished = true;
    this.delegate = undefined;
    this.#sink.responseFailed();
  }

  setMaxBodySize(bytes: number): void {
    if (!(bytes >= 0)) throw new RangeError(`Cannot set the body's limit: ${bytes} is no length`);
    // Later it would be another request's.
    if (!this.#finished && !this.#gone) this.#sink.setMaxBodySize(bytes);
  }

  detach(): Socket {
    this.#checkOpen("detach");
    this.#finished = true;
    this.delegate = undefined;
    return this.#sink.detach();
  }

  get draining(): boolean {
    return this.#sink.owner.closing;
  }

  joinDrain(departure: Departure): () => void {
    return this.#sink.owner.joinDrain(departure);
  }

  /** The peer will not hear an answer: tells the delegate once. */
  abandon(): void {
    const { delegate } = this;
    this.delegate = undefined;
    if (delegate === undefined) return;
    try {
      delegate.onConnectionClose();
    } catch (error) {
      genLog.exception("Uncaught exception in onConnectionClose", error);
    }
  }

  /** As `abandon`; the connection is gone, or has answered by itself: output is dropped. */
  invalidate(): void {
    this.abandon();
    this.#gone = true;
  }

  /**
   * Chooses the framing; gives the Content-Length that the writer is to say, or NO_LINE. `size` is
   * that of the body if all of it is there.
   */
  #frame(code: number, headers: HTTPHeaders, size: number | undefined): number {
    const length = headers.getOwn("Content-Length");
    if (this.#sink.owner.closing) this.#keepAlive = false;
    if (size !== undefined && this.#sink.receivesBody) this.#keepAlive = false;
    if (headers.getOwn("Transfer-Encoding") !== undefined) {
      throw new HTTPOutputError("Cannot send Transfer-Encoding: the connection frames the body");
    }
    if (this.#head.method === "HEAD" || code === 204 || code === 304 || code === 101) {
      this.#framing = NO_BODY;
      // RFC 9110 section 8.6: HEAD may say the length that GET would have, 204 and 1xx must not.
      const isForbidden = code === 204 || code === 101;
      if (isForbidden) headers.delete("Content-Length");
      const unsaid = size === undefined || length !== undefined || isForbidden || code === 304;
      return unsaid ? NO_LINE : size;
    }
    if (length !== undefined) {
      this.#framing = LENGTH;
      this.#left = lengthIn(headers);
      return NO_LINE;
    }
    if (size !== undefined) {
      this.#framing = LENGTH;
      this.#left = size;
      return size;
    }
    if (this.#isHttp10()) this.#keepAlive = false;
    this.#framing = this.#isHttp10() ? UNTIL_CLOSE : CHUNKED;
    return NO_LINE;
  }

  /** The lines on framing and connection that few responses need. */
  #otherLines(code: number, headers: HTTPHeaders): string {
    const given = headers.getOwn("Connection") === undefined ? "" : optionsOf(headers);
    if (asksToClose(given)) this.#keepAlive = false;
    const line = connectionLine(given, code, this.#isHttp10(), this.#keepAlive);
    return this.#framing === CHUNKED ? `Transfer-Encoding: chunked\r\n${line}` : line;
  }

  // A method, no getter: V8 looks a private getter up anew every time.
  #isHttp10(): boolean {
    return this.#head.version === "HTTP/1.0";
  }

  /** Sends a head, and a body without further framing, as one run of bytes. */
  #sendWhole(
    prefix: string,
    headers: HTTPHeaders,
    lines: string,
    said: number,
    body: string | Uint8Array,
    size: number,
    tagged: boolean,
  ): void {
    const between = headers.ownLength + lines.length;
    const headLength = prefix.length + between + lastLinesLength(tagged, said);
    const start = this.#reserve(headLength + size);
    putBody(body, start + headLength, size);
    if (between > 0) putLatin1(lines, headers.putOwn(start + prefix.length));
    if (tagged) putTaggedHead(prefix, start, between, said, body, size);
    else putResponseHead(prefix, start, between, said);
    this.#send(start, headLength + size);
  }

  /** Sends a part of the body in its framing. */
  #sendBody(chunk: string | Uint8Array): Promise<void> | undefined {
    const size = sizeOf(chunk);
    if (size === 0 || this.#framing === NO_BODY) return this.#pressure();
    if (this.#framing === LENGTH) this.#count(size);
    const chunked = this.#framing === CHUNKED;
    if (chunked) this.#sendText(`${size.toString(16)}\r\n`);
    if (size > copyLimit(chunk)) {
      this.#sentLength += size;
      this.#sink.socket.write(typeof chunk === "string" ? utf8Bytes(chunk) : chunk);
    } else {
      const start = this.#reserve(size);
      putBody(chunk, start, size);
      this.#send(start, size);
    }
    if (chunked) this.#sendText("\r\n");
    return this.#pressure();
  }

  #reserve(length: number): number {
    if (length > OUTPUT_CAPACITY) {
      throw new HTTPOutputError(`Cannot send headers: ${length} bytes are more than fit`);
    }
    return this.#sink.owner.tcp.reserve(length);
  }

  /** Sends text of one byte a character. */
  #sendText(text: string): void {
    const start = this.#reserve(text.length);
    putLatin1(text, start);
    this.#send(start, text.length);
  }

  #send(start: number, length: number): void {
    this.#sentLength += length;
    this.#sink.socket.send(start, length);
  }

  #count(size: number): void {
    if (size > this.#left) {
      this.abort();
      throw new HTTPOutputError("Cannot write: more bytes than Content-Length says");
    }
    this.#left -= size;
  }

  #pressure(): Promise<void> | undefined {
    return this.#sink.socket.bufferedAmount > HIGH_WATER ? this.#sink.drained() : undefined;
  }

  #checkOpen(act: string): void {
    if (this.#finished) throw new HTTPOutputError(`Cannot ${act}: the response is finished`);
  }
}
