/**
 * The interfaces that let every stage know only the next one's: requests go up as calls of a
 * delegate, responses come down as calls of a connection (Tornado `httputil`).
 */

import type { Socket, Tcp, TlsFacts } from "../host.ts";
import type { HTTPHeaders } from "./headers.ts";
import type { OpenFile } from "./open-file.ts";
import type { RequestStartLine, ResponseStartLine } from "./start-line.ts";

/** Makes the delegate of each request on a server's connections. */
export interface HTTPServerConnectionDelegate {
  /**
   * A request is beginning; `connection` takes its response. Where the head is there already, it is
   * given too: who chooses by it need not wait for `headersReceived`, which is called all the same.
   */
  startRequest(
    connection: HTTPConnection,
    startLine?: RequestStartLine,
    headers?: HTTPHeaders,
  ): HTTPMessageDelegate;
}

/**
 * Hears one message. After `headersReceived`, exactly one of `finish` and `onConnectionClose`
 * is called, unless the delegate itself ends the exchange before.
 */
export interface HTTPMessageDelegate {
  /** The head has arrived. A promise holds the body back until it settles. */
  headersReceived(startLine: RequestStartLine, headers: HTTPHeaders): PromiseLike<unknown> | void;
  /**
   * A part of the body, valid until this returns: who needs it longer copies it. While a promise that
   * is returned has not settled, nothing more of the body is read.
   */
  dataReceived(chunk: Uint8Array): PromiseLike<unknown> | void;
  /** The message is complete. A promise that rejects is as if this had thrown. */
  finish(): unknown;
  /** The peer is gone, or sends no more, before the response is finished. */
  onConnectionClose(): void;
}

/**
 * What the chunk sent with a head is of the body: a `part` of it, as if left out; the `whole`, whose
 * Content-Length is added if there is none; or the whole that is to be `tagged` with an entity tag
 * as well, which is cheapest where the bytes are.
 */
export type Extent = "part" | "whole" | "tagged";

/** Takes one response. */
export interface HTTPConnection {
  /** The socket's peer, and whether it is still there. */
  readonly context: HTTPRequestContext;
  /** When the request's head had arrived, on the clock of `performance.now()`. */
  readonly startTime: number;
  /**
   * Sends the head and, in one piece with it, a first part of the body. A promise resolves when
   * the peer has taken enough for more to be written; `undefined` says it can be at once. The
   * extent says what the chunk is of the body.
   */
  writeHeaders(
    startLine: ResponseStartLine,
    headers: HTTPHeaders,
    chunk?: string | Uint8Array,
    extent?: Extent,
  ): Promise<void> | undefined;
  /** Sends a part of the body; strings as UTF-8. The result is as that of `writeHeaders`. */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Whether the kernel sends files by itself here, which is worth its while for long ones. */
  readonly sendsFiles: boolean;
  /**
   * Sends the bytes of an open file from `start` to before `end` as a part of the body; the kernel
   * does it by itself where it can. Resolves when the peer has taken them: so long the file must
   * stay open. Rejects if the connection is gone, or the file ends sooner.
   */
  sendFile(file: OpenFile, start: number, end: number): Promise<void>;
  /** The response is complete. */
  finish(): void;
  /** Gives up on the exchange: the peer sees the connection break, not a complete answer. */
  abort(): void;
  /** Bytes that this request's body may have; takes effect before the body is read. */
  setMaxBodySize(bytes: number): void;
  /**
   * Takes the socket over, as WebSockets do: this connection speaks no more HTTP. Set its `handler`
   * at once, or make an `IOStream` of it: without either, what arrives is thrown away.
   */
  detach(): Socket;
  /** Where the socket is from: room for what is sent on it. Throws where there is no socket. */
  readonly tcp: Tcp;
  /** Whether the server is stopping: responses are the last on their connections. */
  readonly draining: boolean;
  /**
   * Joins the server's graceful stops: `departure` is told when one begins, at once if one has, and
   * the stop waits until the function that is returned has been called. For who took a socket over,
   * and for responses that would stay open for long.
   */
  joinDrain(departure: Departure): () => void;
}

/** How a connection is asked to go away when its server stops. */
export interface Departure {
  /** Say goodbye soon: a WebSocket closes with 1001, a long poll answers. Called once at most. */
  leave(): void;
  /** The time for that is over: break off. Needed by those alone that took the socket over. */
  abort?(): void;
}

/** What is known of the connection a request came on (Tornado `_HTTPRequestContext`). */
export interface HTTPRequestContext {
  /** The peer's IP address, or `""` for a Unix socket. */
  readonly remoteIp: string;
  /** `http` or `https`. */
  readonly protocol: string;
  /** What the TLS handshake has settled; undefined without TLS to this server. */
  readonly tls: TlsFacts | undefined;
}
