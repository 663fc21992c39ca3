/**
 * Turns one response into wire bytes, and decides how its body is framed (RFC 9112 section 6).
 * Made by `server-connection.ts` for each request; handlers reach it as their `HTTPConnection`.
 * Writes into the output region of the core's memory, from where the host sends it.
 */

import {
  ENTITY_TAG_LINE,
  entityTagOf,
  OUTPUT_CAPACITY,
  putBytes,
  putEntityTagLine,
  putLatin1,
  putPrefix,
  putUtf8,
  utf8Bytes,
  utf8Length,
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
  HTTPOutputError,
  type HTTPRequestContext,
  type OpenFile,
  REASONS,
  type ResponseStartLine,
  standardStartLine,
} from "../httputil.ts";
import { StreamClosedError } from "../iostream.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { RequestHead } from "./request-head.ts";

/** What the writer asks of the connection that it writes to. */
export interface ResponseSink extends HTTPRequestContext {
  readonly socket: Socket;
  readonly owner: ConnectionOwner;
  /** Resolves when what is buffered has gone out, or the socket is closed. */
  drained(): Promise<void>;
  /** The response is complete; the connection may go on if `keepAlive`. */
  responseDone(keepAlive: boolean): void;
  /** The response cannot be completed: the connection is broken off. */
  responseFailed(): void;
  setMaxBodySize(bytes: number): void;
  detach(): Socket;
}

/** Output that waits for the peer beyond this makes `write` return a promise. Node's is 64 KiB too. */
const HIGH_WATER = 64 * 1024;
/** Bytes above this are handed to the host where they lie instead of being copied. */
const COPY_LIMIT = 64 * 1024;
/**
 * Text has to be encoded anyway: up to this it is encoded into the output region, whose pages are
 * there, where memory of its own would be asked of the system and given back each time.
 */
const TEXT_LIMIT = 512 * 1024;

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

function putBody(chunk: string | Uint8Array, start: number, size: number): void {
  if (typeof chunk === "string") putUtf8(chunk, start, size);
  else putBytes(chunk, start);
}

const lengthLines: string[] = [];

/** Made once for small sizes: most responses have one of a few. */
function lengthLine(size: number): string {
  if (size >= 1024) return `Content-Length: ${size}\r\n`;
  let line = lengthLines[size];
  if (line === undefined) {
    line = `Content-Length: ${size}\r\n`;
    lengthLines[size] = line;
  }
  return line;
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

function copyLimit(chunk: string | Uint8Array | undefined): number {
  return typeof chunk === "string" ? TEXT_LIMIT : COPY_LIMIT;
}

function sizeOf(chunk: string | Uint8Array | undefined): number {
  if (chunk === undefined) return 0;
  return typeof chunk === "string" ? utf8Length(chunk) : chunk.length;
}

/** Rejects for who awaits it, so that a handler's endless loop ends, and bothers nobody else. */
function closedPromise(): Promise<void> {
  const closed = Promise.reject(new StreamClosedError());
  closed.catch(() => undefined);
  return closed;
}

/** The response to one request. */
export class ResponseWriter implements HTTPConnection {
  readonly startTime: number;
  readonly #sink: ResponseSink;
  readonly #head: RequestHead;
  #keepAlive: boolean;
  #started = false;
  #finished = false;
  #gone = false;
  #framing = NO_BODY;
  /** Bytes of body still to come, if the framing is LENGTH. */
  #left = 0;

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

  writeHeaders(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    chunk?: string | Uint8Array,
    extent: Extent = "part",
  ): Promise<void> | undefined {
    if (this.#gone) return closedPromise();
    this.#checkOpen("send headers");
    const code = startLine.code;
    if (code >= 100 && code < 200 && code !== 101) {
      this.#sendText(`${statusLine(startLine)}${headers.toString()}\r\n`);
      return undefined;
    }
    if (this.#started) throw new HTTPOutputError("Cannot send headers: they have been sent");
    const size = sizeOf(chunk);
    const prefix = prefixOf(startLine, headers);
    const lines = this.#frame(code, headers, extent === "part" ? undefined : size);
    this.#started = true;
    // A small body goes out with the head as one run of bytes.
    if (this.#framing === LENGTH && size <= copyLimit(chunk)) {
      this.#count(size);
      this.#sendWhole(prefix, headers, lines, chunk ?? "", size, extent === "tagged");
      return this.#pressure();
    }
    const tag = extent === "tagged" ? `Etag: ${entityTagOf(chunk ?? "")}\r\n` : "";
    this.#sendWhole(prefix, headers, tag + lines, "", 0, false);
    return this.#sendBody(chunk ?? "");
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
        while (socket.bufferedAmount > 0 && !this.#gone) await this.#sink.drained();
        if (this.#gone) throw new StreamClosedError();
        return;
      }
    }
    for await (const bytes of filePieces(file, start, end)) await this.write(bytes);
  }

  finish(): void {
    if (this.#finished || this.#gone) return;
    if (this.#framing === LENGTH && this.#left > 0) {
      this.abort();
      throw new HTTPOutputError(
        `Cannot finish response: ${this.#left} bytes fewer than Content-Length were written`,
      );
    }
    this.#finished = true;
    if (this.#framing === CHUNKED) this.#sendText(LAST_CHUNK);
    this.#sink.responseDone(this.#keepAlive);
  }

  abort(): void {
    if (this.#finished || this.#gone) return;
    this.#finished = true;
    this.#sink.responseFailed();
  }

  setMaxBodySize(bytes: number): void {
    this.#sink.setMaxBodySize(bytes);
  }

  detach(): Socket {
    this.#checkOpen("detach");
    this.#finished = true;
    return this.#sink.detach();
  }

  get draining(): boolean {
    return this.#sink.owner.closing;
  }

  joinDrain(departure: Departure): () => void {
    return this.#sink.owner.joinDrain(departure);
  }

  /** The connection is gone, or the connection itself has answered: output is dropped. */
  invalidate(): void {
    this.#gone = true;
  }

  /**
   * Chooses the framing; gives the header lines that say so. `size` is that of the body if all of
   * it is there.
   */
  #frame(code: number, headers: HTTPHeaders, size: number | undefined): string {
    const http10 = this.#head.version === "HTTP/1.0";
    const length = headers.getOwn("Content-Length");
    if (this.#sink.owner.closing) this.#keepAlive = false;
    const bodiless = this.#head.method === "HEAD" || code === 204 || code === 304 || code === 101;
    let lines = "";
    if (bodiless) {
      this.#framing = NO_BODY;
      // RFC 9110 section 8.6: HEAD may say the length that GET would have, 204 and 1xx must not.
      const hasLength = code !== 204 && code !== 304 && code !== 101;
      if (size !== undefined && length === undefined && hasLength) {
        lines = lengthLine(size);
      }
    } else if (size !== undefined && length === undefined) {
      this.#framing = LENGTH;
      this.#left = size;
      lines = lengthLine(size);
    } else if (length !== undefined) {
      this.#framing = LENGTH;
      this.#left = lengthIn(headers);
    } else if (http10 || headers.getOwn("Transfer-Encoding") !== undefined) {
      // The application frames the body itself, or the end of the connection does.
      this.#framing = UNTIL_CLOSE;
      this.#keepAlive = this.#keepAlive && !http10;
    } else {
      this.#framing = CHUNKED;
      lines = "Transfer-Encoding: chunked\r\n";
    }
    const connection = headers.getOwn("Connection");
    if (connection !== undefined) {
      if (/(^|,)\s*close\s*(,|$)/i.test(connection)) this.#keepAlive = false;
      return lines;
    }
    if (!this.#keepAlive) return `${lines}Connection: close\r\n`;
    return http10 ? `${lines}Connection: keep-alive\r\n` : lines;
  }

  /** Sends a head, and a body without further framing, as one run of bytes. */
  #sendWhole(
    prefix: string,
    headers: HTTPHeaders,
    lines: string,
    body: string | Uint8Array,
    size: number,
    tagged: boolean,
  ): void {
    const tagLength = tagged ? ENTITY_TAG_LINE : 0;
    const headLength = prefix.length + headers.ownLength + tagLength + lines.length + 2;
    const start = this.#reserve(headLength + size);
    const bodyStart = start + headLength;
    putBody(body, bodyStart, size);
    putPrefix(prefix, start);
    const own = headers.putOwn(start + prefix.length);
    if (tagged) putEntityTagLine(bodyStart, size, own);
    putLatin1(lines, own + tagLength);
    putLatin1("\r\n", bodyStart - 2);
    this.#sink.socket.send(start, headLength + size);
  }

  /** Sends a part of the body in its framing. */
  #sendBody(chunk: string | Uint8Array): Promise<void> | undefined {
    const size = sizeOf(chunk);
    if (size === 0 || this.#framing === NO_BODY) return this.#pressure();
    if (this.#framing === LENGTH) this.#count(size);
    const chunked = this.#framing === CHUNKED;
    if (chunked) this.#sendText(`${size.toString(16)}\r\n`);
    if (size > copyLimit(chunk)) {
      this.#sink.socket.write(typeof chunk === "string" ? utf8Bytes(chunk) : chunk);
    } else {
      const start = this.#reserve(size);
      putBody(chunk, start, size);
      this.#sink.socket.send(start, size);
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
    this.#sink.socket.send(start, text.length);
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
