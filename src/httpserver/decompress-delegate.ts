/**
 * Between a server and its delegate when requests are to be decompressed: undoes the Content-Encoding
 * of bodies, under the limit that bodies have (Tornado `_GzipMessageDelegate`). A server without the
 * option `decompressRequest` does not have it.
 */

import { codingOf, StreamDecompressor } from "../decompression.ts";
import type {
  HTTPConnection,
  HTTPHeaders,
  HTTPMessageDelegate,
  HTTPServerConnectionDelegate,
  RequestStartLine,
} from "../httputil.ts";
import { genLog } from "../log.ts";
import { WrappedConnection } from "./wrapped-connection.ts";

const CODING = "Content-Encoding";
/** Where the coding that was undone can be read. */
const CONSUMED = "X-Consumed-Content-Encoding";

export class DecompressDelegate implements HTTPServerConnectionDelegate {
  readonly #delegate: HTTPServerConnectionDelegate;
  readonly #maxBodySize: number;

  /** `maxBodySize` are the bytes that a body may have, decompressed, unless its handler says. */
  constructor(delegate: HTTPServerConnectionDelegate, maxBodySize: number) {
    this.#delegate = delegate;
    this.#maxBodySize = maxBodySize;
  }

  startRequest(
    connection: HTTPConnection,
    startLine?: RequestStartLine,
    headers?: HTTPHeaders,
  ): HTTPMessageDelegate {
    if (headers !== undefined && !headers.has(CODING)) {
      return this.#delegate.startRequest(connection, startLine, headers);
    }
    const limited = new LimitedConnection(connection, this.#maxBodySize);
    return new DecompressedRequest(this.#delegate.startRequest(limited), limited);
  }
}

/** Knows how long the body may be, which a handler may change before it is read. */
class LimitedConnection extends WrappedConnection {
  maxBodySize: number;

  constructor(connection: HTTPConnection, maxBodySize: number) {
    super(connection);
    this.maxBodySize = maxBodySize;
  }

  override setMaxBodySize(bytes: number): void {
    super.setMaxBodySize(bytes);
    this.maxBodySize = bytes;
  }
}

class DecompressedRequest implements HTTPMessageDelegate {
  readonly #delegate: HTTPMessageDelegate;
  readonly #connection: LimitedConnection;
  #coding: string | undefined;
  #decompressor: StreamDecompressor | undefined;
  #gone = false;
  /** All has arrived, and is being decompressed. */
  #finishing: Promise<unknown> | undefined;

  constructor(delegate: HTTPMessageDelegate, connection: LimitedConnection) {
    this.#delegate = delegate;
    this.#connection = connection;
  }

  headersReceived(startLine: RequestStartLine, headers: HTTPHeaders): PromiseLike<unknown> | void {
    const coding = codingOf(headers.getList(CODING));
    if (coding === undefined) return this.#delegate.headersReceived(startLine, headers);
    this.#coding = coding;
    const changed = headers.copy();
    changed.delete(CODING);
    changed.set(CONSUMED, coding);
    return this.#delegate.headersReceived(startLine, changed);
  }

  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void {
    if (this.#coding === undefined) return this.#delegate.dataReceived(chunk);
    this.#decompressor ??= new StreamDecompressor(
      this.#coding,
      this.#connection.maxBodySize,
      (part) => (this.#gone ? undefined : this.#delegate.dataReceived(part)),
    );
    // What comes of a body that nobody waits for any more is nobody's concern.
    return this.#decompressor.write(chunk.slice()).catch((error) => {
      if (!this.#gone) throw error;
    });
  }

  finish(): unknown {
    if (this.#decompressor === undefined) return this.#delegate.finish();
    this.#finishing = this.#decompressor.finish().then(() => {
      this.#finishing = undefined;
      return this.#delegate.finish();
    });
    return this.#finishing;
  }

  onConnectionClose(): void {
    if (this.#finishing !== undefined) {
      // A client that has sent all, and ends, gets its answer first, also if that is an error.
      const close = (): void => this.#close();
      this.#finishing.then(close, close);
      return;
    }
    this.#gone = true;
    this.#decompressor?.abandon();
    this.#delegate.onConnectionClose();
  }

  #close(): void {
    try {
      this.#delegate.onConnectionClose();
    } catch (error) {
      genLog.exception("Uncaught exception in onConnectionClose", error);
    }
  }
}
